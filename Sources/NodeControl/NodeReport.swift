// What one node says of itself: its `/v1/status`, or why it said nothing.

import Vocabulary

/// The parts of `/v1/status` that a tool uses. Fields that a node of another version does not send are nil.
public struct NodeReport: Decodable, Hashable, Sendable {
    public struct Facts: Decodable, Hashable, Sendable {
        public var id: String
        public var cluster: String?
        public var role: String
        public var healthy: Bool
        public var term: UInt64
        public var lastIndex: UInt64
        public var commitIndex: UInt64
        public var appliedIndex: UInt64
        public var persistedIndex: UInt64?
        public var digest: String?
        public var timelineName: String?
        public var lagEntries: Int?
        public var lagMilliseconds: Double?
        public var version: String?
        public var featureLevel: UInt32?
        public var uptimeSeconds: Double?
        public var phase: String?
        public var progressPercent: Double?
        public var reasons: [Reason]?
        public var durability: String?
        public var durabilityFull: Bool?
        public var dataDirectory: String?
        public var logRoomBytes: Int?
        public var memoryBytes: Int?
        public var keys: UInt64?
        public var connections: Int?
        public var certificateExpiresAt: String?
        public var repair: Repair?
        public var scrub: Scrub?
        public var quarantine: Quarantine?
        public var indexes: [Index]?
        public var indexProof: IndexProof?
        public var progress: Progress?
        public var snapshot: Snapshot?
        public var compaction: Compaction?
        public var archive: Archive?
        public var logSizeBytes: Int?
        public var state: State?

        enum CodingKeys: String, CodingKey {
            case id, cluster, role, healthy, term, digest, version, phase, reasons, durability, keys, connections
            case repair, scrub, quarantine, indexes, progress, snapshot, state, compaction, archive
            case logSizeBytes = "log_size_bytes"
            case indexProof = "index_proof"
            case timelineName = "timeline_name"
            case lastIndex = "last_index"
            case commitIndex = "commit_index"
            case appliedIndex = "applied_index"
            case persistedIndex = "persisted_index"
            case lagEntries = "lag_entries"
            case lagMilliseconds = "lag_ms"
            case featureLevel = "feature_level"
            case uptimeSeconds = "uptime_seconds"
            case progressPercent = "progress_percent"
            case durabilityFull = "durability_full"
            case dataDirectory = "data_directory"
            case logRoomBytes = "log_room_bytes"
            case memoryBytes = "memory_bytes"
            case certificateExpiresAt = "certificate_expires_at"
        }
    }

    /// A secondary index as the node has it.
    public struct Index: Decodable, Hashable, Sendable {
        public var name: String
        /// `building`, `ready`, or `rebuilding`: then it answers queries too.
        public var state: String
        public var walked: Int
        public var records: Int
        public var rebuilds: UInt64?
        public var lastBuild: IndexBuild?
        /// Why what was built anew did not go into service.
        public var failure: String?

        enum CodingKeys: String, CodingKey {
            case name, state, walked, records, rebuilds, failure
            case lastBuild = "last_build"
        }
    }

    /// The newest build of an index that has ended.
    public struct IndexBuild: Decodable, Hashable, Sendable {
        public var records: Int
        public var seconds: Double
        public var perSecond: Double?
        public var entriesBefore: Int?
        public var entries: Int

        enum CodingKeys: String, CodingKey {
            case records, seconds, entries
            case perSecond = "per_second"
            case entriesBefore = "entries_before"
        }
    }

    /// The newest proof of the node's indexes.
    public struct IndexProof: Decodable, Hashable, Sendable {
        public var asked: UInt64
        public var ended: UInt64
        public var verdicts: [IndexVerdict]
    }

    /// What a proof found of one field of an index.
    public struct IndexVerdict: Decodable, Hashable, Sendable {
        public var index: String
        public var field: String
        public var ready: Bool
        public var entries: Int
        public var expected: Int
        public var equal: Bool
    }

    /// Why a node is not ready, and what to do.
    public struct Reason: Decodable, Hashable, Sendable {
        public var code: String
        public var message: String
        public var remedy: String

        /// Whether it ends without anybody's doing while the cluster works.
        var isPassing: Bool { ["starting", "lagging", "state_missing", "state_rebuilding"].contains(code) }
    }

    /// What is wrong with the node's log, and how far its repair is.
    public struct Repair: Decodable, Hashable, Sendable {
        public var stage: String
        public var message: String
        public var remedy: String
        public var kind: String?
        public var file: String?
        public var offset: Int?
        public var firstIndex: UInt64?
        public var upTo: UInt64?
        public var obstacle: String?
        public var quarantined: [String]

        enum CodingKeys: String, CodingKey {
            case stage, message, remedy, kind, file, offset, obstacle, quarantined
            case firstIndex = "first_index"
            case upTo = "up_to"
        }
    }

    /// How often disk and memory were made smaller.
    public struct Compaction: Decodable, Hashable, Sendable {
        public var asked: UInt64
        public var ended: UInt64
    }

    /// The reading of older segments.
    public struct Scrub: Decodable, Hashable, Sendable {
        public var passes: UInt64
        public var askedPass: UInt64
        public var readBytes: UInt64

        enum CodingKeys: String, CodingKey {
            case passes
            case askedPass = "asked_pass"
            case readBytes = "read_bytes"
        }
    }

    /// What repairs have put aside.
    public struct Quarantine: Decodable, Hashable, Sendable {
        public var directory: String
        public var files: Int
        public var bytes: Int
    }

    /// What the leader knows of a follower.
    public struct Peer: Decodable, Hashable, Sendable {
        public var id: String
        public var connected: Bool
        public var matchIndex: UInt64?
        public var lagEntries: Int?
        public var lagBytes: Int?
        public var lagMilliseconds: Double?

        enum CodingKeys: String, CodingKey {
            case id, connected
            case matchIndex = "match_index"
            case lagEntries = "lag_entries"
            case lagBytes = "lag_bytes"
            case lagMilliseconds = "lag_ms"
        }
    }

    public var node: Facts
    public var leader: String?
    public var peers: [Peer]
    public var members: [Member]?
    public var membershipChange: MembershipChange?

    enum CodingKeys: String, CodingKey {
        case node, leader, peers, members
        case membershipChange = "membership_change"
    }

    /// A member by the node's log.
    public struct Member: Decodable, Hashable, Sendable {
        public var id: String
        public var role: String
        public var peer: String?
        public var client: String?
        public var clientPlaintext: String?
        public var admin: String?

        enum CodingKeys: String, CodingKey {
            case id, role, peer, client, admin
            case clientPlaintext = "client_plaintext"
        }
    }

    /// What is about to change, as far as the node knows.
    public struct MembershipChange: Decodable, Hashable, Sendable {
        public var stage: String?
        public var learner: String?
        public var replacing: String?
    }

    static func decode(_ bytes: [UInt8], from address: String) throws(ControlError) -> NodeReport {
        try AdminClient.decode(bytes, from: address, orSay: "its status is not what this version of nodectl knows")
    }
}

/// A node that was asked, and what came of it.
public struct AskedNode: Sendable {
    /// The name known before it was asked: its id, or its address.
    public let name: String
    public let address: String
    public let outcome: Result<NodeReport, ControlError>
    /// How far the node's clock is ahead of this machine's, in seconds, as its answer's date says; nil without one.
    public var clockAhead: Double?

    public init(name: String, address: String, outcome: Result<NodeReport, ControlError>, clockAhead: Double? = nil) {
        self.name = name
        self.address = address
        self.outcome = outcome
        self.clockAhead = clockAhead
    }

    public var report: NodeReport? { try? outcome.get() }
}
