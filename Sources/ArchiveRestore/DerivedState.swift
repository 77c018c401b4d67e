// A state that no cluster ever had, stored as a snapshot: the log that led to it says something else.

import ByteCoding
import Consensus
import LogStore
import Replica
import ReplicaSnapshots
import SnapshotFormat
import SnapshotStore
import Vocabulary

struct DerivedState {
    let state: ReplicatedState

    /// - Parameters:
    ///   - original: where the state would belong, had nothing been left out.
    ///   - title: what was left out; empty for nothing. Otherwise the end gets another checksum by it: no log of the
    ///     cluster goes on from here, and an archive of what follows begins anew.
    init(
        _ replay: LogReplay, of cluster: ClusterID, at original: FrameEnd, time: Timestamp, title: String, node: NodeID,
        storage: StorageID
    ) {
        var mark: [UInt8] = []
        mark.append(littleEndian: original.checksum)
        mark.append(contentsOf: title.utf8)
        var registry = MemberRegistry()
        registry.register(node, storage)
        guard let alone = VoterSet([node]) else { preconditionFailure("one node can vote") }
        state = ReplicatedState(
            cluster: cluster, keyspace: replay.finish(), registry: registry, addresses: MemberBook(),
            configuration: Configuration(voters: alone),
            end: FrameEnd(
                position: original.position,
                checksum: title.isEmpty ? original.checksum : CRC32C.checksum(mark.rawBytes)), timestamp: time)
    }

    /// Stores it where a node looks for its snapshots, in place of what is there.
    func write(to directory: String, featureLevel: UInt32) throws(RestoreError) {
        do throws(SnapshotError) {
            let order = SnapshotOrder(state: state, cause: .operators)
            var maker = try SnapshotMaker(
                order, on: DirectoryStorage(path: directory), featureLevel: featureLevel, base: nil)
            while try maker.step(.mebibytes(16)) == nil {}
        } catch { throw .state(.snapshot(error)) }
    }
}
