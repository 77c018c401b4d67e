// The names of objects.

/// Segments of letters, digits and `. _ = + -`, joined by slashes: a name that every store takes as it is, that is a
/// path below a directory, and that leads nowhere else. Ordered as stores list: by bytes.
public struct ObjectKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Inclusive, in bytes. S3 allows 1024, with the prefix.
    public static let lengthMax = 512

    public let text: String

    /// Nil when it is no such name.
    public init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= ObjectKey.lengthMax else { return nil }
        let segments = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        for segment in segments {
            // A leading dot is a hidden file, a temporary one, or the way up.
            guard let first = segment.first, first != UInt8(ascii: "."), segment.allSatisfy(ObjectKey.isAllowed) else {
                return nil
            }
        }
        self.text = text
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "="),
            UInt8(ascii: "+"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    public static func < (a: ObjectKey, b: ObjectKey) -> Bool { a.text.utf8.lexicographicallyPrecedes(b.text.utf8) }

    public var description: String { text }
}
