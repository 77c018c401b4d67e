// What a replica begins with, from what its log turned out to hold.

public import Consensus
import LogFormat
public import LogStore
public import Replica
import Vocabulary

extension ReplicaStart {
    /// - Parameters:
    ///   - recovered: what opening the log has found; its identity is that of the replica.
    ///   - voters: the members, this node among them.
    ///   - reader: of that log, for the time of its last entry, from which a leader's clock goes on.
    ///   - origin: what the log goes on from. A state may be one that is newer than what the log knows to be committed.
    /// - Throws: when the last frame cannot be read back.
    public init<Disk: Storage>(
        _ recovered: RecoveredLog, configuration: Configuration, reader: consuming LogReader<Disk>,
        origin: Origin = .nothing
    ) throws(LogError) {
        var covered = LogIndex.zero
        var snapshotTime = Timestamp.zero
        if case .state(let state, _) = origin { (covered, snapshotTime) = (state.index, state.timestamp) }
        let uncommitted = recovered.uncommitted.filter { $0.header.lastIndex > covered }
        precondition(
            recovered.last.index >= covered, "the log ends at \(recovered.last), before the snapshot of \(covered)")
        let restored = Restored(
            term: recovered.state.term, votedFor: recovered.state.votedFor,
            last: FrameEnd(position: recovered.last, checksum: recovered.lastChecksum),
            uncommitted: uncommitted.map { FrameSummary($0) }, fence: recovered.state.fence,
            isBallotUncertain: recovered.state.isBallotUncertain)
        self.init(
            id: recovered.identity.node, cluster: recovered.identity.cluster, storage: recovered.identity.storage,
            configuration: configuration, restored: restored, uncommittedFrames: uncommitted,
            lastTimestamp: max(snapshotTime, try ReplicaStart.lastTimestamp(recovered, &reader)), origin: origin)
    }

    private static func lastTimestamp<Disk: Storage>(
        _ recovered: RecoveredLog, _ reader: inout LogReader<Disk>
    ) throws(LogError) -> Timestamp {
        // All entries may be in the snapshot, and none in the log.
        guard recovered.last.index >= recovered.firstIndex else { return .zero }
        let frames = try reader.readFrames(from: recovered.last.index, byteLimit: .zero)
        guard let header = frames.first?.header else { return .zero }
        return header.timestamp.advanced(by: Int(header.count) - 1)
    }
}
