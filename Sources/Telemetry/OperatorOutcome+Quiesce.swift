// What an operator is told who had a node's files held still.

public import Vocabulary

extension OperatorOutcome {
    /// The files stand still, until then at the latest; a node that starts on a copy of them has this digest.
    public static func quiesced(
        at index: LogIndex, term: Term, digest: Digest, directory: String, until: Timestamp, left: Duration
    ) -> OperatorOutcome {
        .done([
            OperatorFact("index", .number(index.rawValue)), OperatorFact("term", .number(term.rawValue)),
            OperatorFact("digest", .text(digest.description)), OperatorFact("directory", .text(directory)),
            OperatorFact("until", .text(until.description)),
            OperatorFact("seconds", .decimal(left.milliseconds / 1000)),
        ])
    }

    /// They no longer do. `isWhole`: they did from the answer on until they were released.
    public static func quiesceEnded(isWhole: Bool, text: String) -> OperatorOutcome {
        .done([OperatorFact("held", .flag(isWhole)), OperatorFact("reason", .text(text))])
    }
}
