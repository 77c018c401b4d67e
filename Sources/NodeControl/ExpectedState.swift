// What a restored cluster has to have, by what its restore noted or by the archive it came from.

import ArchiveFormat
import ArchiveRestore
import Platform
import Vocabulary

/// A state by its position, count and digest.
struct ExpectedState: Hashable, Sendable {
    let index: UInt64
    /// Of the archive, on which that index is.
    let timeline: String
    let records: Int
    let digest: String
    /// In words, for the line that says what was compared.
    let source: String

    static let reportSizeMax = 64 << 20

    /// As a restore noted it in the directory that it made: `restore.json`.
    ///
    /// - Parameter timeline: of the cluster now. A report of another one is of an earlier restore: nil.
    static func kept(in directory: String, timeline: String?) -> ExpectedState? {
        let path = directory + "/restore.json"
        guard let bytes = try? FileSystem.readAll(path, limit: reportSizeMax) else { return nil }
        return noted(bytes, path: path, timeline: timeline)
    }

    static func noted(_ bytes: [UInt8], path: String, timeline: String?) -> ExpectedState? {
        guard let report = try? SealedJSON.open(bytes), let position = try? report.text("position"),
            let index = position.split(separator: ":").last.flatMap({ UInt64($0) }),
            let records = try? report.count("record_count"), let digest = try? report.text("digest"),
            let origin = try? report.text("timeline"), let begun = try? report.text("new_timeline"),
            timeline == nil || begun == timeline
        else { return nil }
        return ExpectedState(index: index, timeline: origin, records: records, digest: digest, source: path)
    }

    /// Out of the archive, built anew and compared with the digests in there.
    static func archived(
        _ view: ArchiveView, index: UInt64?, timeline: String?, tell: @escaping (String) -> Void
    ) throws(ControlError) -> ExpectedState {
        let plan = try PastPoint(index: index, timeline: timeline).plan(view)
        let follower = PastFollower(tell)
        let state = try restoring { () throws(RestoreError) in try PastState(plan) { follower.hear($0) } }
        return ExpectedState(
            index: state.position.index.rawValue, timeline: plan.timeline.description, records: state.keyspace.count,
            digest: state.digest.description,
            source: "\(view.store.location) at index \(state.position.index)")
    }
}
