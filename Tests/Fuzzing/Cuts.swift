// Bytes as they may arrive: in one piece, one by one, and in pieces drawn from the bytes themselves.

import Vocabulary

enum Cuts {
    /// The lengths of the pieces of each way to cut `count` bytes. The first way is one piece.
    static func ways(of bytes: [UInt8]) -> [[Int]] {
        let count = bytes.count
        guard count > 1 else { return [[count]] }
        var random = SplitMix64(of: bytes)
        let half = Int.random(in: 1..<count, using: &random)
        var ways = [[count], [half, count - half]]
        var pieces: [Int] = []
        var left = count
        while left > 0 {
            let piece = min(left, Int.random(in: 1...max(1, min(32, count / 4)), using: &random))
            pieces.append(piece)
            left -= piece
        }
        ways.append(pieces)
        // One by one costs the square of the count where a decoder looks at everything anew.
        if count <= 512 { ways.append([Int](repeating: 1, count: count)) }
        return ways
    }
}
