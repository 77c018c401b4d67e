// The log of a node that does not run, looked at and not changed.

public import LogFormat

/// Finds what opening the log would find, and leaves everything as it is: nothing is cut, repaired, removed or written.
public struct LogView<Disk: Storage>: Sendable {
    /// Of a damaged log what is before the damage; nothing is in quarantine then.
    public let found: RecoveredLog
    private let disk: Disk
    private let map: LogMap
    private let seed: UInt32

    public init(
        of disk: Disk, identity: LogIdentity, progress: (LogProgress) -> Void = { _ in }
    ) throws(LogError) {
        var recovery = LogRecovery(disk: disk, identity: identity, options: LogOptions())
        let outcome = try recovery.run(progress: progress)
        let verdict: RecoveredLog.Verdict =
            switch outcome.ending {
            case .clean: .clean
            case .tornTail(let damage): .tornTail(damage)
            case .damaged(let damage, _, _): .damaged(damage, quarantined: [])
            }
        map = LogMap(outcome.map)
        map.withState { $0.end = outcome.chain.next }
        seed = outcome.chain.seed
        self.disk = disk
        found = RecoveredLog(
            identity: identity, state: outcome.chain.state,
            commitIndex: min(outcome.chain.commitIndex, outcome.chain.last.index), firstIndex: outcome.map.firstIndex,
            last: outcome.chain.last, lastChecksum: outcome.chain.link.lastChecksum, uncommitted: [],
            membershipFrames: outcome.membershipFrames, verdict: verdict, counts: outcome.counts)
    }

    /// A reader for any one thread.
    public func reader() -> LogReader<Disk> { LogReader(disk: disk, map: map, seed: seed) }
}
