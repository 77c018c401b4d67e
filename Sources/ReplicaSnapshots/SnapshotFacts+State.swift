// A replicated state as a manifest names it, and back.

import ByteCoding
public import Consensus
import Keyspace
import PeerProtocol
public import Replica
public import SnapshotFormat
import Vocabulary

extension SnapshotFacts {
    /// What a manifest says of this state besides its records.
    public init(_ state: ReplicatedState, featureLevel: UInt32) {
        var configuration: [UInt8] = []
        ConfigurationCoding.append(state.configuration, to: &configuration)
        self.init(
            cluster: state.cluster, position: state.end.position, frameChecksum: state.end.checksum,
            timestamp: state.timestamp, featureLevel: featureLevel, configuration: configuration,
            registry: MemberRegistry.encode(state.registry.members))
    }

    /// Where in the log the state belongs.
    public var end: FrameEnd { FrameEnd(position: position, checksum: frameChecksum) }
}

extension SnapshotManifest {
    public var end: FrameEnd { facts.end }

    /// The members that it names. Throws when a checked manifest says what no state can have: a fault of its writer.
    func members() throws(StateError) -> (configuration: Configuration, registry: MemberRegistry) {
        guard let configuration = try? ConfigurationCoding.decode(facts.configuration.rawBytes),
            let members = try? MemberRegistry.decode(facts.registry.rawBytes)
        else { throw .unreadableMembers(index) }
        var registry = MemberRegistry()
        for (node, storage) in members { registry.register(node, storage) }
        return (configuration, registry)
    }
}

extension SnapshotContents {
    init(_ image: KeyspaceImage) {
        let kinds = image.kinds
        self.init(
            digest: image.digest, strings: UInt64(kinds.strings), hashes: UInt64(kinds.hashes),
            lists: UInt64(kinds.lists), sets: UInt64(kinds.sets), sortedSets: UInt64(kinds.sortedSets))
    }
}
