// SipHash (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): the keyed hash of this project.

public import Vocabulary

/// SipHash-2-4 with 128 bits of output, for digests, and SipHash-1-3 with 64, for tables.
public enum SipHash {
    /// The 16 key bytes as two little-endian words.
    public struct Key: Hashable, Sendable {
        public var first: UInt64
        public var second: UInt64

        @inlinable public init(_ first: UInt64, _ second: UInt64) {
            self.first = first
            self.second = second
        }
    }

    /// SipHash-2-4-128. The first eight bytes of the reference's output are `low`, the others `high`, little-endian.
    public static func digest(_ bytes: RawSpan, key: Key) -> Digest {
        var state = SipState(key, second: key.second ^ 0xEE)
        let last = state.absorb(bytes, rounds: 2)
        state.compress(last, rounds: 2)
        state.v2 ^= 0xEE
        state.rounds(4)
        let low = state.folded
        state.v1 ^= 0xDD
        state.rounds(4)
        return Digest(high: state.folded, low: low)
    }

    /// SipHash-1-3 with 64 bits of output.
    public static func hash(_ bytes: RawSpan, key: Key) -> UInt64 {
        var state = SipState(key, second: key.second)
        let last = state.absorb(bytes, rounds: 1)
        state.compress(last, rounds: 1)
        state.v2 ^= 0xFF
        state.rounds(3)
        return state.folded
    }
}

/// The four words of the paper's section 2.
private struct SipState {
    var v0, v1, v2, v3: UInt64

    /// `second` is xored into the second word: the key's, with the mark of the 128-bit variant or without.
    @inline(__always)
    init(_ key: SipHash.Key, second: UInt64) {
        v0 = key.first ^ 0x736F_6D65_7073_6575
        v1 = second ^ 0x646F_7261_6E64_6F6D
        v2 = key.first ^ 0x6C79_6765_6E65_7261
        v3 = key.second ^ 0x7465_6462_7974_6573
    }

    var folded: UInt64 { v0 ^ v1 ^ v2 ^ v3 }

    @inline(__always)
    mutating func rounds(_ count: Int) {
        for _ in 0..<count {
            v0 &+= v1
            v2 &+= v3
            v1 = v1 &<< 13 | v1 &>> 51
            v3 = v3 &<< 16 | v3 &>> 48
            v1 ^= v0
            v3 ^= v2
            v0 = v0 &<< 32 | v0 &>> 32
            v2 &+= v1
            v0 &+= v3
            v1 = v1 &<< 17 | v1 &>> 47
            v3 = v3 &<< 21 | v3 &>> 43
            v1 ^= v2
            v3 ^= v0
            v2 = v2 &<< 32 | v2 &>> 32
        }
    }

    @inline(__always)
    mutating func compress(_ word: UInt64, rounds count: Int) {
        v3 ^= word
        rounds(count)
        v0 ^= word
    }

    /// Takes all whole words; returns the last one, made of the bytes that are left and the length.
    @inline(__always)
    mutating func absorb(_ bytes: RawSpan, rounds count: Int) -> UInt64 {
        let length = bytes.byteCount
        var offset = 0
        while offset + 8 <= length {
            // Ends inside by the condition above; every bit pattern is a valid word.
            let word = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
            compress(UInt64(littleEndian: word), rounds: count)
            offset += 8
        }
        var last = UInt64(truncatingIfNeeded: length) << 56
        var shift: UInt64 = 0
        while offset < length {
            // Inside by the condition above.
            last |= UInt64(unsafe bytes.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)) << shift
            shift += 8
            offset += 1
        }
        return last
    }
}
