// Who may come: addresses and ranges of them, as an allow-list words them.

import Vocabulary

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
