// A state that commands change, snapshots of it on a simulated disk, and a second disk that fetches them.

import ByteCoding
import Consensus
import Keyspace
import LogStore
import PeerProtocol
import RESP
import Replica
import ReplicaSnapshots
import Simulation
import SnapshotFormat
import SnapshotStore
import Vocabulary

final class Rig {
    static let cluster = ClusterID(high: 5, low: 6)
    static let leader = NodeID("n1")!

    let disk = SimulatedDisk()
    private(set) var keyspace = Keyspace(of: Rig.cluster)
    private(set) var index: UInt64 = 0
    private var random = SplitMix64(seed: 11)

    func apply(_ command: CommandCode, _ words: String...) {
        index += 1
        var reply = ReplyWriter(version: .two)
        let entry = EntryCoding.encoded(command, words.map { Array($0.utf8) })
        keyspace.apply(
            entry.rawBytes, at: Timestamp(microseconds: 1_000_000 + index), index: LogIndex(index), reply: &reply)
    }

    /// Strings, hashes, lists and sets, small and large.
    func fill(_ count: Int) {
        for _ in 0..<count {
            let key = "k\(random.next() % 500)"
            switch random.next() % 5 {
            case 0: apply(.set, key, String(repeating: "v", count: Int(random.next() % 6000)))
            case 1: apply(.hset, "h" + key, "f\(random.next() % 90)", "\(random.next())")
            case 2: apply(.rpush, "l" + key, "\(random.next())")
            case 3: apply(.sadd, "s" + key, "\(random.next() % 1000)")
            default: apply(.del, key)
            }
        }
    }

    /// As a replica would hand it out at a marker.
    func state() throws -> ReplicatedState {
        index += 1
        var registry = MemberRegistry()
        registry.register(Rig.leader, StorageID(high: 1, low: 2))
        return ReplicatedState(
            cluster: Rig.cluster, keyspace: keyspace, registry: registry, addresses: MemberBook(),
            configuration: try Rig.configuration(),
            end: FrameEnd(position: LogPosition(term: Term(3), index: LogIndex(index)), checksum: UInt32(index)),
            timestamp: Timestamp(microseconds: 2_000_000 + index))
    }

    struct NoConfiguration: Error {}

    static func configuration() throws -> Configuration {
        guard let configuration = Configuration(voters: [leader], learners: [NodeID("n2")!]) else {
            throw NoConfiguration()
        }
        return configuration
    }

    @discardableResult
    func snapshot(_ state: ReplicatedState? = nil) throws -> SnapshotManifest {
        let catalogue = try SnapshotCatalogue.open(disk, cluster: Rig.cluster)
        let order = SnapshotOrder(state: try state ?? self.state(), cause: .operators)
        var maker = try SnapshotMaker(order, on: disk, featureLevel: 1, base: catalogue.snapshots.first)
        while true { if let manifest = try maker.step(.kibibytes(4)) { return manifest } }
    }
}
