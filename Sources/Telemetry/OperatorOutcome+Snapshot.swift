// What an operator is told who asked for a snapshot.

public import Vocabulary

extension OperatorOutcome {
    /// The snapshot that was asked for is durable on the leader.
    public static func snapshot(_ snapshot: SnapshotStatus.Kept, _ written: SnapshotStatus.Written) -> OperatorOutcome {
        .done([
            OperatorFact("index", .number(snapshot.index.rawValue)),
            OperatorFact("term", .number(snapshot.term.rawValue)),
            OperatorFact("digest", .text(snapshot.digest.description)),
            OperatorFact("records", .number(snapshot.records)),
            OperatorFact("bytes_written", .number(UInt64(clamping: written.made.rawValue))),
            OperatorFact("bytes_reused", .number(UInt64(clamping: written.reused.rawValue))),
            OperatorFact("seconds", .decimal(written.took.milliseconds / 1000)),
        ])
    }

    /// One will come at this index or a later one, for an operator who does not wait.
    public static func snapshotAsked(from index: LogIndex) -> OperatorOutcome {
        .done([OperatorFact("index", .number(index.rawValue))])
    }
}
