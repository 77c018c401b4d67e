// An input read as instructions: harnesses that build something first take their choices from the fuzzer's bytes.

import ByteCoding

/// Takes choices from the front of the bytes. At the end every choice is 0.
struct ByteSource {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    /// Two bytes, little-endian.
    mutating func word() -> Int { Int(byte()) | Int(byte()) << 8 }

    /// A number below `bound`, which is at least 1.
    mutating func choice(below bound: Int) -> Int { (bound <= 256 ? Int(byte()) : word()) % bound }

    /// Bytes behind a length of one byte, or as many as are left.
    mutating func run() -> [UInt8] { run(Int(byte())) }

    mutating func run(_ count: Int) -> [UInt8] {
        let end = min(bytes.count, position + count)
        defer { position = end }
        return Array(bytes[position..<end])
    }

    mutating func rest() -> [UInt8] { run(bytes.count - position) }
}
