// Short ways to write histories, and to draw.

@testable import Simulation

extension SeededRandom {
    mutating func chance(_ one: Int, in all: Int) -> Bool { below(all) < one }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A history from its lines without the header.
func history(_ lines: String) throws -> History { try History(parsing: "trireme-history 1\n" + lines) }

func verdict(_ lines: String) throws -> LinearizabilityJudge.Verdict {
    LinearizabilityJudge().verdict(on: try history(lines))
}
