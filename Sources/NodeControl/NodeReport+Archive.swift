// What one node says of the archive.

import Vocabulary

extension NodeReport {
    /// Where a node stands with shipping and backups.
    public struct Archive: Decodable, Hashable, Sendable {
        public struct Failure: Decodable, Hashable, Sendable {
            public var code: String
            public var message: String
            public var remedy: String
            public var count: Int
        }

        public struct Backup: Decodable, Hashable, Sendable {
            public var id: String
            public var index: UInt64
            public var timestamp: String
            public var records: Int
            public var uploadedBytes: Int
            public var storedBytes: Int
            public var seconds: Double

            enum CodingKeys: String, CodingKey {
                case index, timestamp
                case id = "backup_id"
                case records = "record_count"
                case uploadedBytes = "uploaded_bytes"
                case storedBytes = "stored_bytes"
                case seconds = "duration_seconds"
            }
        }

        /// A restore that the node has tried.
        public struct Trial: Decodable, Hashable, Sendable {
            public var at: String
            public var passed: Bool
            public var seconds: Double
            public var backup: String?
            public var index: UInt64?
            public var proof: String?
            public var failure: Failure?

            enum CodingKeys: String, CodingKey {
                case at, passed, index, proof, failure
                case seconds = "duration_seconds"
                case backup = "backup_id"
            }
        }

        public var location: String
        public var isShipping: Bool
        public var archivedIndex: UInt64?
        public var lagMilliseconds: Double
        public var lagEntries: Int
        public var isFull: Bool
        public var failure: Failure?
        public var newestBackup: Backup?
        public var backupPercent: Double?
        public var backupFailure: Failure?
        public var backupSizeRatio: Double?
        public var backupVerdict: String?
        public var verifiedIndex: UInt64?
        public var verifiedLagMilliseconds: Double?
        /// The object that is not as it was shipped.
        public var damage: String?
        public var retentionFailure: Failure?
        public var trial: Trial?

        enum CodingKeys: String, CodingKey {
            case location, failure, damage
            case isShipping = "shipping"
            case archivedIndex = "archived_index"
            case lagMilliseconds = "lag_ms"
            case lagEntries = "lag_entries"
            case isFull = "full"
            case newestBackup = "newest_backup"
            case backupPercent = "backup_percent"
            case backupFailure = "backup_failure"
            case backupSizeRatio = "backup_size_ratio"
            case backupVerdict = "backup_verdict"
            case verifiedIndex = "verified_index"
            case verifiedLagMilliseconds = "verified_lag_ms"
            case retentionFailure = "retention_failure"
            case trial = "restore_trial"
        }
    }
}
