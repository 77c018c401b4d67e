// The running hash of a log's frames.

import ByteCoding
import Hashing

/// SHA-256 over the value before and a frame's bytes: equal values at one index mean equal frames from where the chain
/// began, however they are cut into objects. Zero where a chain begins.
public struct ChainValue: Hashable, Sendable, CustomStringConvertible {
    /// Exactly 32.
    public let bytes: [UInt8]

    public static let origin = ChainValue(unchecked: [UInt8](repeating: 0, count: SHA256.size))

    private init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// Nil unless there are 32 bytes.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == SHA256.size else { return nil }
        self.bytes = bytes
    }

    /// Nil unless they are 64 hexadecimal digits.
    public init?(hex text: String) {
        guard let bytes = Hex.bytes(of: text) else { return nil }
        self.init(bytes)
    }

    /// The value behind one more frame.
    public func followed(by frame: RawSpan) -> ChainValue {
        var hash = RunningSHA256()
        hash.update(bytes.rawBytes)
        hash.update(frame)
        return ChainValue(unchecked: hash.finish())
    }

    public var description: String { Hex.text(bytes) }
}

/// Bytes as lower-case hexadecimal digits.
public enum Hex {
    private static let digits = Array("0123456789abcdef".utf8)

    public static func text(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil when there is anything else in it.
    public static func bytes(of text: String) -> [UInt8]? {
        let found = text.utf8.compactMap { digits.firstIndex(of: $0).map(UInt8.init) }
        guard found.count == text.utf8.count, found.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: found.count, by: 2).map { found[$0] << 4 | found[$0 + 1] }
    }
}
