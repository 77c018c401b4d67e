// Who is at the other end, whatever connection it came by.

/// An IPv4 or IPv6 address without a port. IPv4 is held in its mapped form (::ffff:a.b.c.d), so both compare alike.
public struct NetworkAddress: Hashable, Sendable {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// From `127.0.0.1` or `::1`. Nil for anything else, host names and zones included.
    public init?(_ text: some StringProtocol) {
        guard let words = text.contains(":") ? NetworkAddress.v6(text) : NetworkAddress.v4(text) else { return nil }
        high = words.high
        low = words.low
    }

    public var isV4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// One customer's addresses under one name: IPv6 networks are handed out by the /64.
    public var network: NetworkAddress { isV4 ? self : NetworkAddress(high: high, low: 0) }

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
