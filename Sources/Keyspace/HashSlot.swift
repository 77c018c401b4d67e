// Which of the 16384 slots a key belongs to, as Redis Cluster has it ("Redis cluster specification", key distribution).

/// CRC-16/XMODEM of the key, or of its hash tag, modulo 16384.
public enum HashSlot {
    public static let count = 16384

    /// The slot of a key: 0..<16384.
    public static func of(_ key: RawSpan) -> Int {
        let part = tag(in: key)
        return Int(checksum(key.extracting(part))) & (count - 1)
    }

    /// What is between the first `{` and the first `}` behind it, if that is something; else the whole key.
    private static func tag(in key: RawSpan) -> Range<Int> {
        let count = key.byteCount
        var open = 0
        while open < count, key.byte(at: open) != UInt8(ascii: "{") { open += 1 }
        guard open < count else { return 0..<count }
        var close = open + 1
        while close < count, key.byte(at: close) != UInt8(ascii: "}") { close += 1 }
        return close < count && close > open + 1 ? open + 1..<close : 0..<count
    }

    /// Two bytes a step: the tables hold what a byte does to the remainder when one, or none, follows it.
    private static func checksum(_ bytes: RawSpan) -> UInt16 {
        var remainder: UInt16 = 0
        var offset = 0
        while offset + 2 <= bytes.byteCount {
            let high = UInt8(truncatingIfNeeded: remainder >> 8) ^ bytes.byte(at: offset)
            let low = UInt8(truncatingIfNeeded: remainder) ^ bytes.byte(at: offset + 1)
            remainder = ahead[Int(high)] ^ table[Int(low)]
            offset += 2
        }
        if offset < bytes.byteCount {
            let index = UInt8(truncatingIfNeeded: remainder >> 8) ^ bytes.byte(at: offset)
            remainder = remainder << 8 ^ table[Int(index)]
        }
        return remainder
    }

    /// The remainder of each byte followed by 16 zero bits.
    private static let table: InlineArray<256, UInt16> = InlineArray { remainder(of: UInt16($0) << 8, bits: 8) }
    /// The same with 8 zero bits more.
    private static let ahead: InlineArray<256, UInt16> = InlineArray { remainder(of: UInt16($0) << 8, bits: 16) }

    private static func remainder(of value: UInt16, bits: Int) -> UInt16 {
        var remainder = value
        for _ in 0..<bits { remainder = remainder << 1 ^ (remainder & 0x8000 == 0 ? 0 : 0x1021) }
        return remainder
    }
}
