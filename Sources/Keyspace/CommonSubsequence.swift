// The longest common subsequence of two strings: the bytes that both have, in the same order, as many as can be.

/// Which bytes of two strings make up a longest common subsequence, of several the one that Redis would choose.
///
/// One bit is kept for each pair of positions, so that two strings of 4096 bytes take 2 MiB while they are compared.
struct CommonSubsequence {
    /// A part of the one string that is a part of the other, too.
    struct Run: Hashable {
        fileprivate(set) var left: Int
        fileprivate(set) var right: Int
        fileprivate(set) var count: Int
    }

    /// Pairs of positions, so the product of the lengths: a comparison looks at each, while nothing else happens.
    static let pairsMax = 1 << 24

    /// The runs, last ones first; none touches the one before it in both strings.
    private(set) var runs: [Run] = []

    private let left: [UInt8]

    var length: Int { runs.reduce(0) { $0 + $1.count } }

    /// The subsequence itself.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for run in runs.reversed() { bytes += left[run.left..<run.left + run.count] }
        return bytes
    }

    /// Traps for strings that are longer than `pairsMax` allows.
    init(_ left: [UInt8], _ right: [UInt8]) {
        self.left = left
        guard !left.isEmpty, !right.isEmpty else { return }
        precondition(left.count <= CommonSubsequence.pairsMax / right.count, "too long to compare")
        let steps = CommonSubsequence.steps(left, right)
        var (row, column) = (left.count, right.count)
        while row > 0, column > 0 {
            if left[row - 1] == right[column - 1] {
                takeMatch(before: row, column)
                row -= 1
                column -= 1
            } else {
                let pair = (row - 1) * right.count + column - 1
                if steps[pair >> 6] >> UInt64(pair & 63) & 1 == 1 { row -= 1 } else { column -= 1 }
            }
        }
    }

    private mutating func takeMatch(before row: Int, _ column: Int) {
        if let last = runs.last, last.left == row, last.right == column {
            runs[runs.count - 1] = Run(left: row - 1, right: column - 1, count: last.count + 1)
        } else {
            runs.append(Run(left: row - 1, right: column - 1, count: 1))
        }
    }

    /// A bit for each pair of prefixes that end differently: set if more is common to them without the left one's last
    /// byte than without the right one's. The lengths fit, since the shorter string has at most 4096 bytes.
    private static func steps(_ left: [UInt8], _ right: [UInt8]) -> [UInt64] {
        var steps = [UInt64](repeating: 0, count: (left.count * right.count + 63) >> 6)
        var lengths = [UInt16](repeating: 0, count: right.count)
        var pair = 0
        for byte in left {
            // The lengths at the pair to the left in this row, and at the one above that.
            var (before, corner): (UInt16, UInt16) = (0, 0)
            for column in 0..<right.count {
                let above = lengths[column]
                if byte == right[column] {
                    before = corner + 1
                } else if above > before {
                    steps[pair >> 6] |= 1 << UInt64(pair & 63)
                    before = above
                }
                lengths[column] = before
                corner = above
                pair += 1
            }
        }
        return steps
    }
}
