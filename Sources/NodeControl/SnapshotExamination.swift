// What a node says of its snapshots, judged: failing, overdue, or on its way.

import Vocabulary

enum SnapshotExamination {
    /// A snapshot is overdue when this many times the log that calls for one has come since the last.
    static let overdueFactor = 2

    static func findings(_ node: String, _ snapshot: NodeReport.Snapshot?) -> [Finding] {
        guard let snapshot else { return [] }
        return damaged(node, snapshot) + fetching(node, snapshot) + (failing(node, snapshot) ?? overdue(node, snapshot))
    }

    private static func fetching(_ node: String, _ snapshot: NodeReport.Snapshot) -> [Finding] {
        guard let fetching = snapshot.fetching else { return [] }
        let share = "\(ByteCount(fetching.bytes).rough) of \(ByteCount(fetching.totalBytes).rough)"
        return [
            Finding(
                .note, node,
                "fetches the snapshot at index \(fetching.index) from \(fetching.from): "
                    + "\(Int(fetching.percent))%, \(share)",
                remedy: "wait; `snapshot.transfer-rate` of \(fetching.from) bounds its speed")
        ]
    }

    private static func damaged(_ node: String, _ snapshot: NodeReport.Snapshot) -> [Finding] {
        guard let damage = snapshot.damage else { return [] }
        return [
            Finding(
                .warning, node,
                "its snapshot at index \(damage.index) was damaged: \(damage.kind) in \(damage.file) at byte "
                    + "\(damage.offset)",
                remedy: damage.remedy)
        ]
    }

    private static func failing(_ node: String, _ snapshot: NodeReport.Snapshot) -> [Finding]? {
        guard let failure = snapshot.failure else { return nil }
        return [
            Finding(
                .warning, node, "could not write the snapshot at index \(failure.index): \(failure.message)",
                remedy: failure.remedy)
        ]
    }

    private static func overdue(_ node: String, _ snapshot: NodeReport.Snapshot) -> [Finding] {
        let (log, due) = (snapshot.logBytes, snapshot.logDueBytes)
        guard due > 0, snapshot.writing == nil, log / overdueFactor > due else { return [] }
        let since = snapshot.newest.map { "since its snapshot at index \($0.index)" } ?? "and no snapshot"
        return [
            Finding(
                .warning, node,
                "has \(ByteCount(log).rough) of log \(since), and none is being written although "
                    + "\(ByteCount(due).rough) call for one: its next start replays all of it",
                remedy: "run `nodectl snapshot`; if that does not make one, read the leader's log")
        ]
    }
}
