// The names of the files that snapshots are in.

public import SnapshotFormat
public import Vocabulary

/// `snap-`, a number in 20 digits, and what the file is.
public enum SnapshotName {
    static let manifestEnd = ".manifest"
    static let packEnd = ".pack"
    /// Ends the names of manifests that are not finished; nobody reads them.
    static let unfinished = ".tmp"

    public static func manifest(_ index: LogIndex) -> String { text(index.rawValue, manifestEnd) }
    public static func pack(_ number: PackNumber) -> String { text(number.rawValue, packEnd) }

    /// Nil when the name is not exactly that of a manifest.
    public static func index(of name: String) -> LogIndex? { number(of: name, manifestEnd).map { LogIndex($0) } }
    /// Nil when the name is not exactly that of a pack.
    public static func pack(of name: String) -> PackNumber? { number(of: name, packEnd).map { PackNumber($0) } }

    /// Whether it is any of this directory's files.
    static func isOne(_ name: String) -> Bool {
        index(of: name) != nil || pack(of: name) != nil || isUnfinished(name)
    }

    static func isUnfinished(_ name: String) -> Bool {
        name.hasSuffix(unfinished) && index(of: String(name.dropLast(unfinished.count))) != nil
    }

    private static func text(_ number: UInt64, _ end: String) -> String {
        let digits = String(number)
        return "snap-" + String(repeating: "0", count: 20 - digits.utf8.count) + digits + end
    }

    private static func number(of name: String, _ end: String) -> UInt64? {
        guard name.hasPrefix("snap-"), let number = UInt64(name.dropFirst(5).prefix(20)) else { return nil }
        return number <= 1 << 62 && text(number, end) == name ? number : nil
    }
}
