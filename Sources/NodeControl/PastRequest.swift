// Which moment of the past is meant, and where it is looked at.

import ArchiveFormat
import ArchiveRestore
import Platform
import Vocabulary

/// A point in an archive. Its state is restored below a directory of its own for temporary files, which goes again.
public struct PastRequest: Sendable {
    public var time: String?
    public var index: UInt64?
    public var backup: String?
    public var timeline: String?
    /// Where temporary files go; nil for the system's place.
    public var scratch: String?

    public init() {}

    /// A time, a log index, or a backup's id.
    public init(point: String) {
        if let index = UInt64(point) {
            self.index = index
        } else if BackupID(point) != nil {
            backup = point
        } else {
            time = point
        }
    }

    func plan(_ view: ArchiveView, beginsEarly: Bool = false) throws(ControlError) -> RestorePlan {
        var request = RestoreRequest(directory: "", node: nil)
        (request.time, request.index, request.backup, request.timeline) = (time, index, backup, timeline)
        var options = PlanOptions()
        options.beginsEarly = beginsEarly
        let target = try request.target()
        return try restoring { () throws(RestoreError) in
            try RestorePlan(target, timeline: timeline, in: view, options)
        }
    }

    func directory() throws(ControlError) -> String {
        let prefix = "trireme-past"
        return try control { () throws(SystemError) in
            guard let scratch else { return try FileSystem.makeTemporaryDirectory(prefix: prefix) }
            let path = scratch + "/" + prefix + "-" + String(SystemRandom.word(), radix: 36)
            try FileSystem.makeDirectory(path, permissions: 0o700, intermediate: true)
            return path
        }
    }

    func state(_ place: ArchivePlace) throws(ControlError) -> PastState {
        let plan = try plan(try place.view())
        let directory = try directory()
        return try restoring { () throws(RestoreError) in try PastState(plan, in: directory) }
    }
}

extension RestoreReport {
    /// `index 4711 of 2026-…, timeline 1; digest equal …`.
    var pointText: String { "index \(position.index) of \(time), timeline \(timeline); \(proof)" }
}
