// Records that an archive keeps beside what a restore needs: each of its own time, each behind the one before it.

public import Vocabulary

/// A sealed document with the hash of the one before it, so that a record that is changed or taken away later is told.
public protocol ArchiveRecord: Sendable {
    /// Where records of this kind are.
    static func folder(of cluster: ClusterID) -> String

    var id: RecordID { get }
    /// SHA-256 of the newest record of this kind that was there before; empty for none.
    var previous: [UInt8] { get }
    var encoded: [UInt8] { get }

    /// The one gate for records.
    static func decode(_ bytes: [UInt8]) throws(ArchiveFault) -> Self
}

extension ArchiveRecord {
    public static func name(_ id: RecordID, of cluster: ClusterID) -> String { folder(of: cluster) + id.text + ".json" }

    /// Nil when an object's name is none of such a record.
    public static func id(name: String, of cluster: ClusterID) -> RecordID? {
        let (head, tail) = (folder(of: cluster), ".json")
        guard name.hasPrefix(head), name.hasSuffix(tail), name.utf8.count > head.utf8.count + tail.utf8.count else {
            return nil
        }
        return RecordID(name.dropFirst(head.count).dropLast(tail.count))
    }
}

/// The name of a record: when it was, and a few drawn digits, so that two of one moment are two.
public struct RecordID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let text: String
    public let time: Timestamp

    public init(time: Timestamp, draw: UInt64) {
        self.time = time
        let digits = String(UInt16(truncatingIfNeeded: draw), radix: 16)
        text = TimeText.compact(time) + "-" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
    }

    /// Nil when it is no such name.
    public init?(_ text: some StringProtocol) {
        let fields = text.split(separator: "-", omittingEmptySubsequences: false)
        guard fields.count == 2, let time = TimeText.compact(fields[0]), let draw = UInt64(fields[1], radix: 16)
        else { return nil }
        self.init(time: time, draw: draw)
        guard self.text == text else { return nil }
    }

    public static func < (a: RecordID, b: RecordID) -> Bool { a.text < b.text }
    public var description: String { text }
}
