// Which configuration counts where in the log: the newest that is in it, whether committed or not.

public import Vocabulary

/// A configuration and the entry that brought it.
public struct ConfigurationChange: Hashable, Sendable {
    public var index: LogIndex
    public var configuration: Configuration

    public init(index: LogIndex, configuration: Configuration) {
        self.index = index
        self.configuration = configuration
    }
}

/// The newest committed configuration, and those behind it that the log holds.
///
/// A configuration counts from the moment its entry is in the log, not from when it is committed (dissertation, section
/// 4.1): otherwise two nodes could count with configurations that are more than one step apart. So it also goes when
/// its entry is cut. A leader has one that is not committed at most; a follower, which learns of commits later than of
/// entries, may have several.
struct ConfigurationHistory: Hashable, Sendable {
    /// The newest at or below the commit index.
    private(set) var base: ConfigurationChange
    /// Those behind the commit index, ascending.
    private(set) var uncommitted: [ConfigurationChange] = []

    /// - Parameters:
    ///   - initial: what counts before the first configuration of the log.
    ///   - changes: those that recovery found, ascending; of those up to `commitIndex` only the newest matters.
    init(initial: Configuration, changes: [ConfigurationChange], commitIndex: LogIndex) {
        base = ConfigurationChange(index: .zero, configuration: initial)
        for change in changes { append(change) }
        commit(through: commitIndex)
    }

    var current: ConfigurationChange { uncommitted.last ?? base }
    var all: [ConfigurationChange] { [base] + uncommitted }
    var isCommitted: Bool { uncommitted.isEmpty }

    mutating func append(_ change: ConfigurationChange) {
        precondition(change.index > current.index, "a configuration at \(change.index) after \(current.index)")
        uncommitted.append(change)
    }

    /// Everything up to `index` is committed.
    mutating func commit(through index: LogIndex) {
        let count = uncommitted.prefix { $0.index <= index }.count
        guard count > 0 else { return }
        base = uncommitted[count - 1]
        uncommitted.removeFirst(count)
    }

    /// The log was cut: nothing at or behind `index` is in it any more.
    mutating func truncate(from index: LogIndex) {
        precondition(index > base.index, "cut at \(index), a configuration is committed at \(base.index)")
        uncommitted.removeAll { $0.index >= index }
    }

    /// The log begins anew behind `base.index`.
    mutating func restart(at base: ConfigurationChange) {
        self.base = base
        uncommitted.removeAll()
    }

    /// In the state at `change.index`, all of which is committed and in the log, this configuration was in force. That
    /// is news when the entry that brought it is before the log's first.
    ///
    /// - Returns: whether it was.
    mutating func learn(_ change: ConfigurationChange) -> Bool {
        guard base.index <= change.index, !uncommitted.contains(where: { $0.index <= change.index }),
            base.configuration != change.configuration
        else { return false }
        base = change
        return true
    }

    func checkInvariants(commitIndex: LogIndex, lastIndex: LogIndex) {
        precondition(base.index <= commitIndex, "configuration of \(base.index), committed \(commitIndex)")
        var index = commitIndex
        for change in uncommitted {
            precondition(change.index > index, "configuration at \(change.index) behind \(index)")
            index = change.index
        }
        precondition(index <= lastIndex, "configuration at \(index), the log ends at \(lastIndex)")
    }
}
