// Carrying out a plan in memory, without a directory: for whoever wants to know only what would come of it.

import ArchiveFormat
import ArchiveStore
import LogFormat
public import Vocabulary

extension RestorePlan {
    /// Replays the log from its first entry on, with every proof that a restore asks for. Traps when the plan begins
    /// with a backup.
    ///
    /// - Returns: the last entry, and the digest of the state behind it.
    public func replayLog() throws(RestoreError) -> (index: LogIndex, digest: Digest) {
        precondition(backup == nil, "a plan that begins with a backup is replayed without it")
        guard let node = NodeID("replay") else { preconditionFailure("no name of a node") }
        let cutter = RunCutter(target, view.cluster)
        var state = RestoredState(nil, cluster: view.cluster, node: node)
        for item in runs {
            let run = try archived { () throws(ArchiveError) in try ArchivedRun.fetch(item.name, from: view.store) }
            _ = try cutter.take(run, &state)
        }
        return (state.index, state.digest)
    }
}
