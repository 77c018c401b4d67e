// Changing inputs at random, for the driver that has no view of the code it reaches.

import ByteCoding
import Vocabulary

/// Makes new inputs out of kept ones. The same seed makes the same inputs in the same order.
public struct Mutation: Sendable {
    private var random: SplitMix64
    private let corpus: [[UInt8]]
    private let lengthMax: Int

    /// An empty corpus counts as one empty input.
    public init(of corpus: [[UInt8]], lengthMax: Int, seed: UInt64) {
        self.corpus = corpus.isEmpty ? [[]] : corpus
        self.lengthMax = lengthMax
        random = SplitMix64(seed: seed)
    }

    /// The next input: one of the corpus with one to eight changes.
    public mutating func next() -> [UInt8] {
        var bytes = corpus[below(corpus.count)]
        for _ in 0...below(8) { change(&bytes) }
        return Array(bytes.prefix(lengthMax))
    }

    private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

    /// A range of at most 64 bytes; empty in an empty input.
    private mutating func range(in bytes: [UInt8]) -> Range<Int> {
        let start = below(bytes.count + 1)
        return start..<start + below(min(64, bytes.count - start) + 1)
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        let position = below(bytes.count + 1)
        switch below(9) {
        case 0: if position < bytes.count { bytes[position] ^= 1 << UInt8(below(8)) }
        case 1: if position < bytes.count { bytes[position] = UInt8(below(256)) }
        case 2: bytes.insert(UInt8(below(256)), at: position)
        case 3: bytes.removeSubrange(range(in: bytes))
        case 4: bytes.insert(contentsOf: Array(bytes[range(in: bytes)]), at: position)
        case 5: bytes.insert(contentsOf: Mutation.words[below(Mutation.words.count)], at: position)
        case 6: putNumber(into: &bytes, at: position)
        case 7: changeDigits(of: &bytes)
        default:
            let other = corpus[below(corpus.count)]
            bytes.replaceSubrange(position..., with: other[below(other.count + 1)...])
        }
    }

    /// Overwrites two, four or eight bytes with a number at the edge of something.
    private mutating func putNumber(into bytes: inout [UInt8], at position: Int) {
        let edges: [UInt64] = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 1 << 31, 1 << 32, 1 << 62, 1 << 63, .max]
        let number = edges[below(edges.count)] &+ UInt64(below(3)) &- 1
        for offset in 0..<(2 << below(3)) where position + offset < bytes.count {
            bytes[position + offset] = UInt8(truncatingIfNeeded: number >> UInt64(8 * offset))
        }
    }

    /// Replaces a decimal number by another one.
    private mutating func changeDigits(of bytes: inout [UInt8]) {
        let digits = bytes.indices.filter { (0x30...0x39).contains(bytes[$0]) }
        guard !digits.isEmpty else { return }
        let start = digits[below(digits.count)]
        let end = bytes[start...].firstIndex { !(0x30...0x39).contains($0) } ?? bytes.count
        let numbers = [
            "0", "-1", "1", "00", "255", "65536", "2147483648", "9223372036854775807", "99999999999999999999",
        ]
        bytes.replaceSubrange(start..<end, with: Array(numbers[below(numbers.count)].utf8))
    }

    /// What means something to one decoder or another.
    private static let words: [[UInt8]] = [
        "\r\n", "\r\n\r\n", "*", "$", "*1\r\n$1\r\nx\r\n", "*-1\r\n", "$-1\r\n", "%", "|1\r\n", "~", ">",
        "=7\r\ntxt:abc\r\n",
        "\"", "'", "\\x", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "Content-Length: ", "Transfer-Encoding: chunked\r\n",
        "Connection: close\r\n", "HTTP/1.1 200 OK\r\n", "{", "}", "[", "]", ":", ",", "\\u0000", "\\ud800", "1e308",
        "null", "true", ": ", "- ", "&a ", "*a", "!!", "---\n", "#", "|", "node.id: n1\n", "\u{FEFF}", "\u{0}",
        "\u{E9}",
    ].map { Array($0.utf8) }
}
