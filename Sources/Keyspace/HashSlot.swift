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
        while open + 8 <= count, !has(UInt8(ascii: "{"), in: word(of: key, at: open)) { open += 8 }
        while open < count, key.byte(at: open) != UInt8(ascii: "{") { open += 1 }
        guard open < count else { return 0..<count }
        var close = open + 1
        while close < count, key.byte(at: close) != UInt8(ascii: "}") { close += 1 }
        return close < count && close > open + 1 ? open + 1..<close : 0..<count
    }

    /// Eight bytes of a key, the first one lowest. They must be there.
    @inline(__always)
    private static func word(of key: RawSpan, at offset: Int) -> UInt64 {
        // The callers' conditions keep it inside; every bit pattern is a valid word.
        UInt64(littleEndian: unsafe key.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
    }

    /// Whether one of a word's bytes is this one, which must be below 128 (Warren, "Hacker's Delight", section 6-1).
    @inline(__always)
    private static func has(_ byte: UInt8, in word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let other = word ^ ones &* UInt64(byte)
        return (other &- ones) & ~other & ones &<< 7 != 0
    }

    /// Eight bytes a step (Kounavis and Berry, "A Systematic Approach to Building High Performance, Software-based, CRC
    /// Generators", 2005): what a byte does to the remainder depends on it and on how many follow, and all add up.
    private static func checksum(_ bytes: RawSpan) -> UInt16 {
        var remainder: UInt16 = 0
        var offset = 0
        while offset + 8 <= bytes.byteCount {
            // The remainder is added to the first two bytes, the higher half first.
            let word = word(of: bytes, at: offset) ^ UInt64(remainder.byteSwapped)
            remainder = 0
            for place in 0..<8 {
                remainder ^= tables[7 - place][Int(UInt8(truncatingIfNeeded: word &>> UInt64(8 * place)))]
            }
            offset += 8
        }
        while offset < bytes.byteCount {
            let index = UInt8(truncatingIfNeeded: remainder >> 8) ^ bytes.byte(at: offset)
            remainder = remainder << 8 ^ tables[0][Int(index)]
            offset += 1
        }
        return remainder
    }

    /// For each number of bytes that follow, the remainder of each byte.
    private static let tables: InlineArray<8, InlineArray<256, UInt16>> = InlineArray { following in
        InlineArray { remainder(of: UInt16($0) << 8, bits: 8 * (following + 1)) }
    }

    private static func remainder(of value: UInt16, bits: Int) -> UInt16 {
        var remainder = value
        for _ in 0..<bits { remainder = remainder << 1 ^ (remainder & 0x8000 == 0 ? 0 : 0x1021) }
        return remainder
    }
}
