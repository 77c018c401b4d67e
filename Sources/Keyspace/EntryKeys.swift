// Which keys an entry of the log is about, for whoever chooses entries by them.

import ByteCoding

public enum EntryKeys {
    /// Whether a key that the entry names matches the pattern (`GlobPattern`); of a transaction, a key of any of its
    /// commands. False for a command that names no key and is about all of them, such as FLUSHALL, and for what is no
    /// entry.
    public static func anyMatches(_ pattern: RawSpan, in entry: RawSpan) -> Bool {
        guard let view = try? EntryView(entry) else { return false }
        guard view.code == .envelope else { return anyMatches(pattern, view) }
        // Header and conditions stand before the commands.
        for position in 2..<max(2, view.arguments.count) {
            guard let nested = try? EntryView(view.arguments[position]) else { continue }
            if anyMatches(pattern, nested) { return true }
        }
        return false
    }

    private static func anyMatches(_ pattern: RawSpan, _ view: borrowing EntryView) -> Bool {
        guard let spec = CommandTable.shared.spec(of: view.code) else { return false }
        return spec.anyKey(of: view.arguments) { GlobPattern.matches($0, pattern) } ?? false
    }
}
