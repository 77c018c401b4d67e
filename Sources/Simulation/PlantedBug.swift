// Bugs that are put in on purpose, to see that the judges bite.

/// Each is planted at a seam between the shipped parts, as a shell would have it that was written wrong, so that the
/// shipped code carries no switch for it.
public enum PlantedBug: String, Hashable, Sendable, CaseIterable {
    /// A vote is reported as durable when it is ordered.
    case voteBeforeSync = "vote-before-sync"
    /// Frames are reported as durable when they are written, before the sync.
    case acknowledgeBeforeSync = "acknowledge-before-sync"
    /// Syncs say they are done and do nothing.
    case syncDoesNothing = "sync-does-nothing"
    /// A failed sync is called again, and believed.
    case retryFailedSync = "retry-failed-sync"
    /// The leader takes its own disk for a quorum.
    case acknowledgeBeforeQuorum = "acknowledge-before-quorum"
    /// Followers are told that an earlier term's entries are committed when a majority has them (Raft paper, figure 8).
    case commitOldTermByCounting = "commit-old-term-by-counting"
    /// Reads are answered without asking whether this node still leads.
    case staleReads = "stale-reads"
    /// A restart forgets its ballot: the term, and whom it voted for in it.
    case forgetBallot = "forget-ballot"
    /// Any candidate's log is good enough.
    case voteForAnyLog = "vote-for-any-log"
    /// A restart cuts its newest synced frame off as if it were torn.
    case cutGoodTail = "cut-good-tail"
    /// Damage in the middle is treated as a torn tail: cut and go on, without a fence.
    case damageAsTornTail = "damage-as-torn-tail"
    /// A node whose log is damaged starts with an empty one, and votes.
    case damageAsNewNode = "damage-as-new-node"
    /// What is read back from the log is not checked: a bit of it may have flipped.
    case ignoreChecksums = "ignore-checksums"
    /// A forwarded request is sent twice.
    case repeatForwards = "repeat-forwards"
    /// A forwarded request loses a bit on the way.
    case corruptForwards = "corrupt-forwards"
    /// An unknown outcome is told as one that had no effect.
    case unknownAsRefusal = "unknown-as-refusal"
    /// A replay takes the node's own clock for the time of the entries.
    case replayByLocalClock = "replay-by-local-clock"
    /// What a transaction watches is looked at when `EXEC` arrives, not when it is carried out.
    case conditionsOnArrival = "conditions-on-arrival"
    /// What clients that number their requests were answered is remembered by the leader alone: the next one has
    /// forgotten it.
    case outcomesOfOneLeader = "outcomes-of-one-leader"
    /// A replay does not find out again what such clients were answered.
    case outcomesLostInReplay = "outcomes-lost-in-replay"
    /// A follower takes another's waiting for that of its own client, so that two get the same element.
    case wrongWaiter = "wrong-waiter"
    /// A new term does not tell those who waited in the old one.
    case silentNewTerm = "silent-new-term"
    /// Who waits is known to the node that was there, and lost in a replay.
    case waitersLostInReplay = "waiters-lost-in-replay"
    /// A snapshot counts as stored when it is begun, so that the log behind it may go.
    case releaseTooEarly = "release-too-early"
    /// A snapshot's packs are not synced: its manifest is durable before what it names.
    case manifestBeforeData = "manifest-before-data"
    /// Followers do not tell their leader the digests of their states.
    case skippedDigests = "skipped-digests"
    /// A snapshot is written of the state as it is by then, not of the one that was cut.
    case snapshotOfMovingState = "snapshot-of-moving-state"
    /// Voters change in one step: from when it is asked for, who comes has a say in the stead of who goes.
    case singleStepMembership = "single-step-membership"
    /// Nobody tells of clients that go while they wait.
    case untoldDepartures = "untold-departures"
    /// A leader ships what is in its log, whether it is committed or not.
    case shipUncommitted = "ship-uncommitted"
    /// What is shipped counts as archived when it is begun.
    case markBeforeDurable = "mark-before-durable"
    /// A put that is not answered in time is taken for one that succeeded.
    case believeTimeouts = "believe-timeouts"
    /// The log is released as if there were no archive.
    case releaseUnshipped = "release-unshipped"
}
