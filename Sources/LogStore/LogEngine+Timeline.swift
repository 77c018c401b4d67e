// The first entry of a timeline: a log that was opened just now goes on in a new term, with whom it says.

public import LogFormat
import Vocabulary

extension LogEngine {
    /// Adds `frame`, which begins a timeline, to a log that was opened just now. Whatever fence or doubt about a ballot
    /// there was ends with it: nobody who could know more is asked any more.
    ///
    /// - Parameter recovered: what opening the log has found.
    /// - Returns: what the log is after that. It is on stable storage.
    public mutating func beginTimeline(
        _ recovered: RecoveredLog, with frame: Frame
    ) throws(LogError) -> RecoveredLog {
        if spares.isEmpty { try prepareNow() }
        let actions: [LogOrder.Action] = [
            .ballot(term: frame.header.term, votedFor: nil), .clearFence,
            .append(frame, commitIndex: recovered.commitIndex),
        ]
        let orders = actions.map { LogOrder(ticket: .zero, $0) }
        var written = 0
        while written < orders.count { written += try write(orders, from: written) }
        try sync()
        let header = frame.header
        return RecoveredLog(
            identity: identity, state: state, commitIndex: recovered.commitIndex, firstIndex: recovered.firstIndex,
            last: LogPosition(term: header.term, index: header.lastIndex), lastChecksum: header.checksum,
            uncommitted: recovered.uncommitted + [frame],
            membershipFrames: recovered.membershipFrames + [header.firstIndex], verdict: recovered.verdict,
            counts: recovered.counts)
    }
}
