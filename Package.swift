// swift-tools-version: 6.2
// The manifest is the map: one target per layer, imports point only downward.
// `Tests/TidyTests` reads this file and holds every source file to it.
import PackageDescription

/// Every target of ours: Swift 6 language mode (by the tools version), no warning survives.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    // Access conflicts are looked for while testing: in a release build the checks cost a tenth of a turn of the loop.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// Cores, ground and most shells: unsafe constructs must be acknowledged with `unsafe`.
let safe: [SwiftSetting] = strict + [.strictMemorySafety(), .enableExperimentalFeature("Lifetimes")]

let package = Package(
    name: "trireme",
    products: [
        .executable(name: "noded", targets: ["noded"]),
        .executable(name: "nodectl", targets: ["nodectl"]),
        .executable(name: "loadtest", targets: ["loadtest"]),
        .executable(name: "simulate", targets: ["simulate"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C: system libraries, and the macros and intrinsics that Swift cannot reach.
        .target(name: "CSystem", cSettings: [.unsafeFlags(["-O2"])]),
        .systemLibrary(name: "COpenSSLLibrary", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .target(name: "COpenSSL", dependencies: ["COpenSSLLibrary"]),
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CCurlLibrary", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(name: "CCurl", dependencies: ["CCurlLibrary"]),

        // Ground: words and bytes.
        .target(name: "Vocabulary", swiftSettings: safe),
        .target(name: "ByteCoding", dependencies: ["Vocabulary", "CSystem"], swiftSettings: safe),
        .target(name: "Hashing", dependencies: ["ByteCoding", "COpenSSL"], swiftSettings: safe),

        // Cores: pure values.
        .target(name: "JSON", swiftSettings: safe),
        .target(name: "Telemetry", dependencies: ["Vocabulary", "JSON"], swiftSettings: safe),
        .target(name: "LogFormat", dependencies: ["Vocabulary", "ByteCoding", "CLZ4"], swiftSettings: safe),
        .target(
            name: "SnapshotFormat", dependencies: ["Vocabulary", "ByteCoding", "LogFormat"], swiftSettings: safe),
        .target(
            name: "ArchiveFormat",
            dependencies: ["Vocabulary", "ByteCoding", "Hashing", "JSON", "LogFormat", "CZstd"], swiftSettings: safe),
        .target(name: "ArchivePlan", dependencies: ["Vocabulary", "ArchiveFormat"], swiftSettings: safe),
        .target(name: "Consensus", dependencies: ["Vocabulary"], swiftSettings: safe),
        .target(name: "RESP", dependencies: ["Vocabulary", "ByteCoding"], swiftSettings: safe),
        .target(name: "Keyspace", dependencies: ["Vocabulary", "ByteCoding", "RESP"], swiftSettings: safe),
        .target(
            name: "PeerProtocol", dependencies: ["Vocabulary", "ByteCoding", "Consensus", "RESP"], swiftSettings: safe),
        .target(
            name: "Sessions",
            dependencies: ["Vocabulary", "ByteCoding", "RESP", "Keyspace", "PeerProtocol", "Telemetry"],
            swiftSettings: safe),
        .target(
            name: "Replica",
            dependencies: [
                "Vocabulary", "ByteCoding", "LogFormat", "Consensus", "RESP", "Keyspace", "PeerProtocol",
                "Telemetry",
            ], swiftSettings: safe),

        // The kernel seam, and the shells over it.
        .target(name: "Platform", dependencies: ["Vocabulary", "CSystem"], swiftSettings: strict),
        .target(name: "TLS", dependencies: ["Vocabulary", "Hashing", "Platform", "COpenSSL"], swiftSettings: strict),
        .target(
            name: "ObjectStores",
            dependencies: ["Vocabulary", "ByteCoding", "Hashing", "Platform", "COpenSSL", "CCurl"],
            swiftSettings: safe),
        .target(
            name: "LogStore", dependencies: ["Vocabulary", "ByteCoding", "LogFormat", "Platform"],
            swiftSettings: safe),
        .target(
            name: "SnapshotStore", dependencies: ["Vocabulary", "ByteCoding", "SnapshotFormat", "LogStore"],
            swiftSettings: safe),

        .target(
            name: "ArchiveStore",
            dependencies: [
                "Vocabulary", "ByteCoding", "Hashing", "JSON", "LogFormat", "SnapshotFormat", "ArchiveFormat",
                "ArchivePlan", "ObjectStores", "LogStore", "SnapshotStore",
            ], swiftSettings: safe),

        .target(
            name: "ReplicaLog",
            dependencies: [
                "Vocabulary", "ByteCoding", "LogFormat", "Consensus", "PeerProtocol", "Replica", "LogStore",
            ],
            swiftSettings: safe),

        .target(
            name: "ReplicaSnapshots",
            dependencies: [
                "Vocabulary", "ByteCoding", "LogFormat", "Consensus", "Keyspace", "PeerProtocol", "RESP", "Replica",
                "Platform", "LogStore", "SnapshotFormat", "SnapshotStore",
            ], swiftSettings: safe),

        .target(
            name: "ArchiveRestore",
            dependencies: [
                "Vocabulary", "ByteCoding", "Hashing", "JSON", "LogFormat", "SnapshotFormat", "ArchiveFormat",
                "Consensus", "RESP", "Keyspace", "PeerProtocol", "Replica", "Platform", "ObjectStores", "LogStore",
                "SnapshotStore", "ArchiveStore",
                "ReplicaSnapshots",
            ], swiftSettings: safe),

        // The test world: clock, network, disk, clients and judges.
        .target(
            name: "Simulation",
            dependencies: [
                "Vocabulary", "ByteCoding", "LogFormat", "Consensus", "RESP", "Keyspace", "PeerProtocol", "Replica",
                "LogStore", "SnapshotFormat", "SnapshotStore", "ReplicaLog", "ReplicaSnapshots", "ArchiveFormat",
                "ObjectStores", "ArchiveStore", "ArchiveRestore",
            ], swiftSettings: safe),

        // Composition.
        .target(
            name: "Settings",
            dependencies: [
                "Vocabulary", "Keyspace", "Platform", "ObjectStores", "ArchivePlan",
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict),
        .target(
            name: "Node",
            dependencies: [
                "Vocabulary", "ByteCoding", "Hashing", "LogFormat", "Consensus", "RESP", "Keyspace", "Sessions",
                "PeerProtocol", "Replica", "Telemetry", "Platform", "TLS", "LogStore", "ReplicaLog", "SnapshotFormat",
                "SnapshotStore", "ReplicaSnapshots", "ArchiveFormat", "ArchivePlan", "ObjectStores", "ArchiveStore",
                "ArchiveRestore", "Settings",
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .target(
            name: "AdminAPI",
            dependencies: [
                "Vocabulary", "ByteCoding", "Hashing", "JSON", "Sessions", "Telemetry", "Platform", "TLS",
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .target(
            name: "NodeControl",
            dependencies: [
                "Vocabulary", "ByteCoding", "JSON", "LogFormat", "ArchiveFormat", "ArchivePlan", "RESP", "Keyspace",
                "Telemetry", "Platform", "TLS", "ObjectStores", "LogStore", "ArchiveStore", "ReplicaSnapshots",
                "ArchiveRestore", "Settings",
            ], swiftSettings: strict),

        // Programs: arguments in, library calls out.
        .executableTarget(
            name: "noded",
            dependencies: [
                "Vocabulary", "Settings", "Platform", "TLS", "Telemetry", "Node", "AdminAPI",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .executableTarget(
            name: "nodectl",
            dependencies: [
                "Vocabulary", "ArchiveFormat", "ArchivePlan", "Telemetry", "Platform", "Settings", "NodeControl",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: strict),
        .executableTarget(
            name: "loadtest",
            dependencies: [
                "Vocabulary", "ByteCoding", "JSON", "RESP", "Keyspace", "Telemetry", "Platform", "TLS", "NodeControl",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "loadtest/Sources", swiftSettings: strict),

        .executableTarget(
            name: "simulate",
            dependencies: [
                "Vocabulary", "Platform", "Simulation",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: strict),

        // Tests: laid out like Sources. Harnesses for decoders of foreign bytes are a library: two drivers have them.
        .target(
            name: "Fuzzing",
            dependencies: [
                "Vocabulary", "ByteCoding", "Hashing", "JSON", "LogFormat", "SnapshotFormat", "ArchiveFormat", "RESP",
                "Keyspace", "PeerProtocol", "Platform", "ObjectStores", "LogStore", "Settings", "AdminAPI",
                "NodeControl",
            ], path: "Tests/Fuzzing", exclude: ["Corpus"], swiftSettings: strict),
        .testTarget(name: "FuzzingTests", dependencies: ["Fuzzing"], swiftSettings: strict),
        .testTarget(name: "VocabularyTests", dependencies: ["Vocabulary"], swiftSettings: strict),
        .testTarget(name: "ByteCodingTests", dependencies: ["ByteCoding", "Vocabulary"], swiftSettings: strict),
        .testTarget(name: "HashingTests", dependencies: ["Hashing"], swiftSettings: strict),
        .testTarget(
            name: "LogFormatTests", dependencies: ["LogFormat", "ByteCoding", "Vocabulary"], swiftSettings: strict),
        .testTarget(
            name: "SnapshotFormatTests", dependencies: ["SnapshotFormat", "ByteCoding", "Vocabulary"],
            swiftSettings: strict),
        .testTarget(
            name: "ArchiveFormatTests", dependencies: ["ArchiveFormat", "LogFormat", "ByteCoding", "Vocabulary"],
            swiftSettings: strict),
        .testTarget(
            name: "ArchivePlanTests", dependencies: ["ArchivePlan", "ArchiveFormat", "Vocabulary"],
            swiftSettings: strict),
        .testTarget(
            name: "ConsensusTests", dependencies: ["Consensus", "Vocabulary"], exclude: ["Transcripts"],
            swiftSettings: strict),
        .testTarget(name: "RESPTests", dependencies: ["RESP", "ByteCoding", "Vocabulary"], swiftSettings: strict),
        .testTarget(
            name: "KeyspaceTests", dependencies: ["Keyspace", "RESP", "ByteCoding", "Vocabulary"],
            swiftSettings: strict),
        .testTarget(
            name: "SessionsTests",
            dependencies: [
                "Sessions", "Keyspace", "RESP", "PeerProtocol", "Telemetry", "ByteCoding", "Vocabulary",
            ],
            exclude: ["redis-commands", "redis-commands.json"], swiftSettings: strict),
        .testTarget(
            name: "PeerProtocolTests", dependencies: ["PeerProtocol", "Consensus", "RESP", "ByteCoding", "Vocabulary"],
            swiftSettings: strict),
        .testTarget(
            name: "ReplicaTests",
            dependencies: [
                "Replica", "Consensus", "Keyspace", "LogFormat", "PeerProtocol", "RESP", "ByteCoding", "Vocabulary",
            ],
            swiftSettings: strict),
        .testTarget(name: "JSONTests", dependencies: ["JSON", "Vocabulary"], swiftSettings: strict),
        .testTarget(name: "TelemetryTests", dependencies: ["JSON", "Telemetry", "Vocabulary"], swiftSettings: strict),
        .testTarget(name: "PlatformTests", dependencies: ["Platform", "Vocabulary"], swiftSettings: strict),
        .testTarget(
            name: "ObjectStoresTests", dependencies: ["ObjectStores", "TLS", "Platform", "Vocabulary"],
            exclude: ["s3-server"], swiftSettings: strict),
        .testTarget(name: "TLSTests", dependencies: ["TLS", "Platform", "Vocabulary"], swiftSettings: strict),
        .testTarget(
            name: "LogStoreTests",
            dependencies: ["LogStore", "Simulation", "LogFormat", "Platform", "ByteCoding", "Vocabulary"],
            swiftSettings: strict),
        .testTarget(
            name: "SnapshotStoreTests",
            dependencies: ["SnapshotStore", "SnapshotFormat", "Simulation", "LogStore", "ByteCoding", "Vocabulary"],
            swiftSettings: strict),
        .testTarget(
            name: "ArchiveStoreTests",
            dependencies: [
                "ArchiveStore", "ArchiveFormat", "ArchivePlan", "ObjectStores", "Simulation", "SnapshotStore",
                "SnapshotFormat",
                "LogStore",
                "LogFormat", "ByteCoding",
                "Vocabulary",
            ], swiftSettings: strict),
        .testTarget(
            name: "ReplicaLogTests",
            dependencies: [
                "ReplicaLog", "Replica", "Consensus", "Keyspace", "PeerProtocol", "Simulation", "LogStore", "LogFormat",
                "ByteCoding", "Vocabulary",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ReplicaSnapshotsTests",
            dependencies: [
                "ReplicaSnapshots", "SnapshotStore", "SnapshotFormat", "Replica", "Consensus", "Keyspace", "RESP",
                "PeerProtocol", "Simulation", "LogStore", "LogFormat", "ByteCoding", "Vocabulary",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ArchiveRestoreTests",
            dependencies: [
                "ArchiveRestore", "ArchiveStore", "ArchiveFormat", "ObjectStores", "ReplicaSnapshots", "SnapshotStore",
                "SnapshotFormat", "Replica", "Keyspace", "RESP", "Consensus", "PeerProtocol", "Simulation", "LogStore",
                "LogFormat", "Platform", "ByteCoding", "Vocabulary",
            ], swiftSettings: strict),
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "Simulation", "Replica", "LogStore", "LogFormat", "Keyspace", "RESP", "Consensus", "PeerProtocol",
                "Platform", "ByteCoding", "Vocabulary",
            ],
            swiftSettings: strict),
        .testTarget(name: "SettingsTests", dependencies: ["Settings", "Vocabulary"], swiftSettings: strict),
        .testTarget(
            name: "NodeTests",
            dependencies: [
                "Node", "Replica", "Consensus", "Keyspace", "PeerProtocol", "RESP", "Sessions", "Telemetry", "Platform",
                "TLS", "ByteCoding", "Vocabulary",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "AdminAPITests",
            dependencies: [
                "AdminAPI", "JSON", "Telemetry", "TLS", "Platform", "ByteCoding", "Vocabulary",
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .testTarget(
            name: "NodeControlTests",
            dependencies: [
                "NodeControl", "AdminAPI", "Settings", "Telemetry", "LogStore", "LogFormat", "TLS", "Platform",
                "ArchiveFormat", "ArchivePlan", "ArchiveRestore", "RESP", "Keyspace", "Sessions", "ByteCoding",
                "Vocabulary",
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .testTarget(name: "TidyTests", swiftSettings: strict),
    ]
)
