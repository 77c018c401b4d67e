// The points in the past that commands are told, and the way to the states there.

import ArchiveFormat
import ArchiveRestore
import JSON
import Platform
import Vocabulary

/// Which state is meant: the newest unless one of these is given.
public struct PastPoint: Sendable {
    public var time: String?
    public var index: UInt64?
    public var backup: String?
    public var timeline: String?

    public init(time: String? = nil, index: UInt64? = nil, backup: String? = nil, timeline: String? = nil) {
        (self.time, self.index, self.backup, self.timeline) = (time, index, backup, timeline)
    }

    /// - Parameter text: a time, a log index, the id of a backup, or `latest`.
    public init(_ text: String, timeline: String?) throws(ControlError) {
        self.init(timeline: timeline)
        if let number = UInt64(text) {
            index = number
        } else if BackupID(text) != nil {
            backup = text
        } else if TimeText.full(text) != nil {
            time = text
        } else if text != "latest" {
            throw .usage(
                "\(text) is no point in the past: write a time as 2026-11-21T02:13:34Z, a log index, the id of a "
                    + "backup, or latest")
        }
    }

    func plan(_ view: ArchiveView) throws(ControlError) -> RestorePlan {
        var request = RestoreRequest(directory: "", node: "")
        (request.time, request.index, request.backup) = (time, index, backup)
        let target = try request.target()
        return try restoring { () throws(RestoreError) in try RestorePlan(target, timeline: timeline, in: view) }
    }
}

/// Tells how far the building of a state is, once it takes longer than two seconds.
struct PastFollower {
    private let follower: RestoreFollower

    init(_ say: @escaping (String) -> Void) { follower = RestoreFollower(say: say) }

    func hear(_ step: RestoreProgress) { follower.hear(step) }
}

/// A state of the past, as every command on one says which it was.
struct PastHeading: Sendable {
    let position: LogPosition
    let time: Timestamp
    let digest: Digest
    let records: Int
    let proof: String

    init(_ state: PastState) {
        position = state.position
        time = state.time
        digest = state.digest
        records = state.keyspace.count
        proof = state.proof
    }

    var line: String { "position \(position) of \(time), \(records) records" }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("position", position.description)
            writer.member("index", position.index.rawValue)
            writer.member("timestamp", time.description)
            writer.member("digest", digest.description)
            writer.member("record_count", records)
            writer.member("proof", proof)
        }
    }
}
