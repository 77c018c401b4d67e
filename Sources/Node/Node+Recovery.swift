// The end of a recovery from a lost majority: what `nodectl recover` has begun, the next start finishes.

import LogStore
import Logging
import Platform
import Replica
import ReplicaLog
import Vocabulary

extension Node {
    /// Puts the first entry of a timeline that was begun into the log, and notes then that it is there. A start that
    /// ends in between does it once more: two such entries say the same, and nobody has added a member to the first.
    func finishRecovery(
        _ directory: DataDirectory, _ engine: inout LogEngine<DirectoryStorage>, _ recovered: inout RecoveredLog,
        _ origin: ReplicaStart.Origin
    ) throws(NodeError) {
        guard directory.isBeginningTimeline else { return }
        var time = Timestamp.zero
        switch origin {
        case .nothing: break
        case .state(let state, _): time = state.timestamp
        case .missing(_, let why): throw .unrecoverable(why: why)
        }
        do throws(LogError) {
            recovered = try TimelineStart.write(to: &engine, recovered, after: time, at: WallClock.now())
        } catch { throw .log(error) }
        do throws(DataDirectoryError) { try directory.enter(directory.timeline) } catch { throw .dataDirectory(error) }
        logger.warning(
            "the cluster was recovered from this node alone: it is the only member of a new timeline",
            metadata: [
                "cluster.timeline": "\(directory.timeline)", "raft.index": "\(recovered.last.index)",
                "raft.term": "\(recovered.last.term)",
            ])
    }
}
