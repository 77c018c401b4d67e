// What a replica starts from: the facts that recovery read from its own log.

public import Vocabulary

public struct Restored: Hashable, Sendable {
    /// The newest ballot on disk.
    public var term: Term
    public var votedFor: NodeID?
    /// The end of the log, or of the snapshot behind which it begins when it is empty; `.zero` without either.
    public var last: FrameEnd
    /// The frames above the commit index that recovery knows (the newest one noted in a record's envelope), in order,
    /// ending at `last`. What lies before them counts as committed.
    public var uncommitted: [FrameSummary]
    /// The configurations that the log, or the snapshot before it, holds, ascending: those behind the commit index, and
    /// the newest up to it if there is one.
    public var configurations: [ConfigurationChange]
    /// Set while the log is under repair: the node may have acknowledged entries up to here and lost them. Also after
    /// `fenceRaised` until `fenceCleared`; 0 is a closed fence too.
    public var fence: LogIndex?
    /// Set beside the fence when a newer ballot than this one may be lost (see `BallotDoubt`).
    public var isBallotUncertain: Bool

    public init(
        term: Term, votedFor: NodeID?, last: FrameEnd, uncommitted: [FrameSummary],
        configurations: [ConfigurationChange] = [], fence: LogIndex? = nil, isBallotUncertain: Bool = false
    ) {
        self.term = term
        self.votedFor = votedFor
        self.last = last
        self.uncommitted = uncommitted
        self.configurations = configurations
        self.fence = fence
        self.isBallotUncertain = isBallotUncertain
    }

    /// A node that was never started before.
    public static let nothing = Restored(term: .zero, votedFor: nil, last: .zero, uncommitted: [])

    /// The commit index that follows from `uncommitted`.
    public var commitIndex: LogIndex { uncommitted.first?.previous.index ?? last.index }

    /// No entry and no ballot: new, or its disk was lost. Which of the two cannot be told from here.
    public var isBlank: Bool { last.index == .zero && term == .zero }
}
