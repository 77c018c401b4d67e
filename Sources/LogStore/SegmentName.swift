// The names of the log's files.

/// `wal-` and the sequence number in 20 digits and `.seg`. Names only count; which indexes and LSNs a segment holds is
/// in its header, so that a file can be prepared, under its final name, before anyone knows what goes into it.
public enum SegmentName {
    /// Ends the names of files that are not finished; recovery removes them.
    static let unfinished = ".tmp"
    public static let quarantine = "quarantine"

    public static func text(_ sequence: UInt64) -> String {
        let digits = String(sequence)
        return "wal-" + String(repeating: "0", count: 20 - digits.utf8.count) + digits + ".seg"
    }

    /// Nil when the name is not exactly that of a segment. They are counted from 1, and never so far that counting on
    /// could overflow: a file that somebody left under such a name is no part of a log.
    public static func sequence(of name: String) -> UInt64? {
        guard name.hasPrefix("wal-"), let sequence = UInt64(name.dropFirst(4).prefix(20)) else { return nil }
        return (1...1 << 62).contains(sequence) && text(sequence) == name ? sequence : nil
    }
}
