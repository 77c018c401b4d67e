// What a replica begins with, from what its log turned out to hold.

public import Consensus
import LogFormat
public import LogStore
public import Replica
public import Vocabulary

extension ReplicaStart {
    /// - Parameters:
    ///   - recovered: what opening the log has found; its identity is that of the replica.
    ///   - voters: the members, this node among them.
    ///   - reader: of that log, for the time of its last entry, from which a leader's clock goes on.
    ///   - snapshotTime: the time of the last entry that the node's snapshot covers; zero without one.
    /// - Throws: when the last frame cannot be read back.
    public init<Disk: Storage>(
        _ recovered: RecoveredLog, configuration: Configuration, reader: consuming LogReader<Disk>,
        snapshotTime: Timestamp = .zero
    ) throws(LogError) {
        let restored = Restored(
            term: recovered.state.term, votedFor: recovered.state.votedFor,
            last: FrameEnd(position: recovered.last, checksum: recovered.lastChecksum),
            uncommitted: recovered.uncommitted.map { FrameSummary($0) }, fence: recovered.state.fence,
            isBallotUncertain: recovered.state.isBallotUncertain)
        self.init(
            id: recovered.identity.node, cluster: recovered.identity.cluster, storage: recovered.identity.storage,
            configuration: configuration, restored: restored, uncommittedFrames: recovered.uncommitted,
            lastTimestamp: max(snapshotTime, try ReplicaStart.lastTimestamp(recovered, &reader)))
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
