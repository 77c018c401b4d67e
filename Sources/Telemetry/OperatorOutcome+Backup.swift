// What an operator is told who asked for a backup.

public import Vocabulary

extension OperatorOutcome {
    /// One will come, of this index or a later one; status tells when it is whole in the archive.
    public static func backupAsked(from index: LogIndex) -> OperatorOutcome {
        .done([OperatorFact("index", .number(index.rawValue))])
    }
}
