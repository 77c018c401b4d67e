// What a replica begins with, from what its log turned out to hold.

public import Consensus
import LogFormat
public import LogStore
public import Replica
import Vocabulary

extension ReplicaStart {
    /// - Parameters:
    ///   - recovered: what opening the log has found; its identity is that of the replica.
    ///   - configuration: what counts before the first configuration of the log, if `origin` has none either.
    ///   - reader: of that log, for the time of its last entry, from which a leader's clock goes on, and for the
    ///     configurations that it holds.
    ///   - origin: what the log goes on from. A state may be one that is newer than what the log knows to be committed.
    /// - Throws: when the last frame, or one with members, cannot be read back.
    public init<Disk: Storage>(
        _ recovered: RecoveredLog, configuration: Configuration, reader: consuming LogReader<Disk>,
        origin: Origin = .nothing
    ) throws(LogError) {
        let configurations = try ReplicaStart.configurations(recovered, origin, &reader)
        var covered = LogIndex.zero
        var snapshotTime = Timestamp.zero
        if case .state(let state, _) = origin { (covered, snapshotTime) = (state.index, state.timestamp) }
        let uncommitted = recovered.uncommitted.filter { $0.header.lastIndex > covered }
        precondition(
            recovered.last.index >= covered, "the log ends at \(recovered.last), before the snapshot of \(covered)")
        let restored = Restored(
            term: recovered.state.term, votedFor: recovered.state.votedFor,
            last: FrameEnd(position: recovered.last, checksum: recovered.lastChecksum),
            uncommitted: uncommitted.map { FrameSummary($0) }, configurations: configurations,
            fence: recovered.state.fence, isBallotUncertain: recovered.state.isBallotUncertain)
        self.init(
            id: recovered.identity.node, cluster: recovered.identity.cluster, storage: recovered.identity.storage,
            configuration: configuration, restored: restored, uncommittedFrames: uncommitted,
            lastTimestamp: max(snapshotTime, try ReplicaStart.lastTimestamp(recovered, &reader)), origin: origin)
    }

    /// The snapshot's, and those of the log behind it, committed or not: each counts from where it is in the log.
    private static func configurations<Disk: Storage>(
        _ recovered: RecoveredLog, _ origin: Origin, _ reader: inout LogReader<Disk>
    ) throws(LogError) -> [ConfigurationChange] {
        var found: [ConfigurationChange] = []
        if case .state(let state, _) = origin {
            found.append(ConfigurationChange(index: state.index, configuration: state.configuration))
        }
        let covered = found.first?.index ?? .zero
        for index in recovered.membershipFrames where index > covered {
            guard let frame = try reader.readFrames(from: index, byteLimit: .zero).first else { continue }
            if let change = Replica.configuration(in: frame) { found.append(change) }
        }
        return found
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
