// The layers as STYLE and ARCHITECTURE draw them: what each may know of the world outside of the package.

/// Where a target stands. Imports between targets run downward in the manifest's order; see `ImportTests`.
enum Layer: String {
    case ground, core, seam, shell, world, composition, program

    /// The pure targets, by name. Everything not listed here is held to the looser rules of shells and programs.
    static func of(_ target: String) -> Layer {
        switch target {
        case "Vocabulary", "ByteCoding", "Hashing": .ground
        case "JSON", "LogFormat", "SnapshotFormat", "ArchiveFormat", "ArchivePlan", "Consensus", "RESP", "Keyspace",
            "Sessions", "PeerProtocol", "Replica", "Telemetry":
            .core
        case "Platform": .seam
        case "TLS", "ObjectStores", "LogStore", "SnapshotStore", "ArchiveStore", "ReplicaLog", "ReplicaSnapshots",
            "ArchiveRestore":
            .shell
        case "Simulation": .world
        case "noded", "nodectl", "loadtest", "simulate": .program
        default: .composition
        }
    }

    /// Values without a clock, a file, a socket or a random source.
    var isPure: Bool { self == .ground || self == .core || self == .world }

    /// Modules of the toolchain that any target may import.
    static let toolchain: Set<String> = ["Swift", "Synchronization"]
    /// Targets that may import Foundation: tools for people and the configuration reader, never the path of a write.
    static let foundation: Set<String> = ["NodeControl", "nodectl", "Settings"]
}
