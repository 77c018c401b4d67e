// Short ways to write histories, and the generator that all random tests draw from.

@testable import Simulation

/// The generator of Steele, Lea and Flood: a seed names a run.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    mutating func below(_ end: Int) -> Int { Int.random(in: 0..<end, using: &self) }
    mutating func chance(_ one: Int, in all: Int) -> Bool { below(all) < one }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A history from its lines without the header.
func history(_ lines: String) throws -> History { try History(parsing: "trireme-history 1\n" + lines) }

func verdict(_ lines: String) throws -> LinearizabilityJudge.Verdict {
    LinearizabilityJudge().verdict(on: try history(lines))
}
