// Who may come: addresses and ranges of them, as an allow-list words them.

/// An IPv4 or IPv6 address without a port. IPv4 is held in its mapped form (::ffff:a.b.c.d), so both compare alike.
struct NetworkAddress: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// From `127.0.0.1` or `::1`. Nil for anything else, host names and zones included.
    init?(_ text: some StringProtocol) {
        guard let words = text.contains(":") ? NetworkAddress.v6(text) : NetworkAddress.v4(text) else { return nil }
        high = words.high
        low = words.low
    }

    var isV4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// One customer's addresses under one name: IPv6 networks are handed out by the /64.
    var network: NetworkAddress { isV4 ? self : NetworkAddress(high: high, low: 0) }

    private static func v4(_ text: some StringProtocol) -> (high: UInt64, low: UInt64)? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var word: UInt64 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
                let byte = UInt8(part)
            else { return nil }
            word = word << 8 | UInt64(byte)
        }
        return (0, 0xFFFF << 32 | word)
    }

    private static func v6(_ text: some StringProtocol) -> (high: UInt64, low: UInt64)? {
        let all = Array(text.utf8)
        let gap = all.indices.dropLast().first { all[$0] == UInt8(ascii: ":") && all[$0 + 1] == UInt8(ascii: ":") }
        let front: [UInt64]?
        let back: [UInt64]?
        if let gap {
            front = groups(all[..<gap])
            back = groups(all[(gap + 2)...])
        } else {
            front = groups(all[...])
            back = []
        }
        guard let front, let back, gap == nil ? front.count == 8 : front.count + back.count < 8 else { return nil }
        let words = front + Array(repeating: 0, count: 8 - front.count - back.count) + back
        return (words[..<4].reduce(0) { $0 << 16 | $1 }, words[4...].reduce(0) { $0 << 16 | $1 })
    }

    /// Groups of 16 bits between colons; the last may be an IPv4 address, which is two of them.
    private static func groups(_ bytes: ArraySlice<UInt8>) -> [UInt64]? {
        if bytes.isEmpty { return [] }
        let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var groups: [UInt64] = []
        for (position, part) in parts.enumerated() {
            let text = String(decoding: part, as: UTF8.self)
            if position == parts.count - 1, text.contains("."), let (_, low) = v4(text) {
                groups += [low >> 16 & 0xFFFF, low & 0xFFFF]
            } else if (1...4).contains(part.count), text.first != "+", let group = UInt16(text, radix: 16) {
                groups.append(UInt64(group))
            } else {
                return nil
            }
        }
        return groups
    }
}

/// A range of addresses: `10.0.0.0/8`, `fd00::/8`, or one address alone.
public struct AddressRange: Hashable, Sendable {
    private let base: NetworkAddress
    private let maskHigh: UInt64
    private let maskLow: UInt64

    /// Nil when `text` is no address, or has bits set behind its prefix: those would hide a mistake.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let base = NetworkAddress(parts[0]) else { return nil }
        let width = base.isV4 ? 32 : 128
        var length = width
        if parts.count == 2 {
            guard (1...3).contains(parts[1].utf8.count), let number = UInt8(parts[1]), Int(number) <= width else {
                return nil
            }
            length = Int(number)
        }
        let bits = 128 - width + length
        maskHigh = bits >= 64 ? .max : ~(.max >> UInt64(bits))
        maskLow = bits <= 64 ? 0 : ~(bits == 128 ? 0 : .max >> UInt64(bits - 64))
        guard base.high & ~maskHigh == 0, base.low & ~maskLow == 0 else { return nil }
        self.base = base
    }

    func contains(_ address: NetworkAddress) -> Bool {
        address.high & maskHigh == base.high && address.low & maskLow == base.low
    }
}
