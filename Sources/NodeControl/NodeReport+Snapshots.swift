// What one node says of its snapshots, of its state's condition and of its start.

import Vocabulary

extension NodeReport {
    /// How far the present phase of a start is.
    public struct Progress: Decodable, Hashable, Sendable {
        public var percent: Double
        public var secondsLeft: Double?
        /// The secondary index that is being built.
        public var index: String?

        enum CodingKeys: String, CodingKey {
            case percent
            case index = "index_name"
            case secondsLeft = "seconds_left"
        }
    }

    /// The snapshots of one node.
    public struct Snapshot: Decodable, Hashable, Sendable {
        public struct Kept: Decodable, Hashable, Sendable {
            public var index: UInt64
            public var term: UInt64
            public var time: String
            public var digest: String
            public var records: UInt64
        }

        public struct Writing: Decodable, Hashable, Sendable {
            public var index: UInt64
            public var percent: Double
        }

        public struct Written: Decodable, Hashable, Sendable {
            public var index: UInt64
            public var seconds: Double
            public var bytesWritten: Int
            public var bytesReused: Int

            enum CodingKeys: String, CodingKey {
                case index, seconds
                case bytesWritten = "bytes_written"
                case bytesReused = "bytes_reused"
            }
        }

        public struct Failure: Decodable, Hashable, Sendable {
            public var index: UInt64
            public var message: String
            public var remedy: String
        }

        /// One that was found damaged and put aside, while no other one has been written since.
        public struct Damage: Decodable, Hashable, Sendable {
            public var index: UInt64
            public var kind: String
            public var file: String
            public var offset: Int
            public var report: String
            public var remedy: String
        }

        public struct Scrub: Decodable, Hashable, Sendable {
            public var passes: UInt64
            public var damages: UInt64
        }

        public struct Fetching: Decodable, Hashable, Sendable {
            public var from: String
            public var index: UInt64
            public var percent: Double
            public var bytes: Int
            public var totalBytes: Int

            enum CodingKeys: String, CodingKey {
                case from, index, percent, bytes
                case totalBytes = "total_bytes"
            }
        }

        public var newest: Kept?
        public var ageSeconds: Double?
        public var kept: [Kept]
        public var diskBytes: Int
        /// Log since the newest, and what calls for the next.
        public var logBytes: Int
        public var logDueBytes: Int
        public var writing: Writing?
        public var last: Written?
        public var failure: Failure?
        public var fetching: Fetching?
        public var damage: Damage?
        public var scrub: Scrub?

        enum CodingKeys: String, CodingKey {
            case newest, kept, writing, last, failure, fetching, damage, scrub
            case ageSeconds = "age_seconds"
            case diskBytes = "disk_bytes"
            case logBytes = "log_bytes"
            case logDueBytes = "log_due_bytes"
        }

        /// The one at an index, if it is kept.
        func at(_ index: UInt64) -> Kept? { kept.first { $0.index == index } }
    }

    /// Whether the node's records are the agreed ones.
    public struct State: Decodable, Hashable, Sendable {
        /// `sound`, `missing`, `diverged` or `rebuilding`.
        public var condition: String
        public var message: String?
        public var remedy: String?
        public var divergedAtIndex: UInt64?
        public var ownDigest: String?
        public var agreedDigest: String?
        public var compared: UInt64
        public var comparedIndex: UInt64?

        enum CodingKeys: String, CodingKey {
            case condition, message, remedy, compared
            case divergedAtIndex = "diverged_at_index"
            case ownDigest = "own_digest"
            case agreedDigest = "agreed_digest"
            case comparedIndex = "compared_index"
        }

        var isSound: Bool { condition == "sound" }

        /// What is wrong with it, with the digests that show it; nil when it is sound.
        var trouble: Reason? {
            guard !isSound else { return nil }
            var message = message ?? "its state is \(condition)"
            if let divergedAtIndex, let ownDigest, let agreedDigest {
                message += " (at index \(divergedAtIndex) its digest was \(ownDigest), the agreed one \(agreedDigest))"
            }
            return Reason(
                code: State.codePrefix + condition, message: "STATE \(condition.uppercased()): \(message)",
                remedy: remedy ?? "see the node's log")
        }

        static let codePrefix = "state_"
    }
}

extension NodeReport.Facts {
    /// The phase of a start with what is done of it: `loading 42% (12 s left)`.
    var startText: String? {
        guard let phase else { return nil }
        var text = progress?.index.map { "\(phase) \($0)" } ?? phase
        guard let progress, progress.percent > 0 || progress.secondsLeft != nil else { return text }
        text += " \(Int(progress.percent.rounded(.down)))%"
        return progress.secondsLeft.map { "\(text) (\(RoughTime.text(seconds: $0)) left)" } ?? text
    }

    /// Why it is not ready, damage that it serves in spite of, and first of all a state that is not sound.
    var troubles: [NodeReport.Reason] {
        let unsound = state?.trouble
        // The node is kept out of service for it, by a reason in the same words.
        let others = (reasons ?? []).filter { reason in
            guard unsound != nil, let message = state?.message else { return true }
            return !(reason.code == "quarantined" && reason.message.hasSuffix(message))
        }
        let damage = repair.flatMap { $0.stage == "found" ? $0 : nil }.map {
            NodeReport.Reason(code: "log_damaged", message: $0.message, remedy: $0.remedy)
        }
        return (unsound.map { [$0] } ?? []) + others + (damage.map { [$0] } ?? [])
    }
}
