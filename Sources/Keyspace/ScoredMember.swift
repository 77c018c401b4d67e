// An element of a sorted set as bytes that compare as score and member do.

import ByteCoding

/// Eight bytes of the score, turned so that they ascend with it, and the member. Zero has one form: -0 becomes 0.
enum ScoredMember {
    static let scoreSize = 8

    /// The score's word: the greater the score, the greater the word. Not for NaN.
    @inline(__always)
    static func word(_ score: Double) -> UInt64 {
        let bits = (score == 0 ? 0 : score).bitPattern
        return bits >> 63 == 0 ? bits | 1 << 63 : ~bits
    }

    @inline(__always)
    static func score(_ word: UInt64) -> Double {
        Double(bitPattern: word >> 63 == 0 ? ~word : word & ~(1 << 63))
    }

    /// The score of an element.
    @inline(__always)
    static func score(of element: RawSpan) -> Double { score(element.word(at: 0)) }

    @inline(__always)
    @_lifetime(copy element)
    static func member(of element: RawSpan) -> RawSpan { element.extracting(scoreSize..<element.byteCount) }

    static func compose(_ score: Double, _ member: RawSpan, into bytes: inout [UInt8]) {
        bytes.removeAll(keepingCapacity: true)
        bytes.reserveCapacity(scoreSize + member.byteCount)
        append(word(score), to: &bytes)
        bytes.append(bytes: member)
    }

    private static func append(_ word: UInt64, to bytes: inout [UInt8]) {
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
        }
    }
}
