// `nodectl restore`: the plan, a line for each phase, and a log file that tells all of it whatever comes of it.

import ArchiveFormat
import ArchiveRestore
import ByteCoding
import Platform
import Vocabulary

/// What the operator asks for.
public struct RestoreRequest: Sendable {
    public var directory: String
    public var node: String
    public var timeline: String?
    public var time: String?
    public var index: UInt64?
    public var backup: String?
    public var replaces = false

    public init(directory: String, node: String) {
        self.directory = directory.count > 1 && directory.hasSuffix("/") ? String(directory.dropLast()) : directory
        self.node = node
    }

    func target() throws(ControlError) -> RestoreTarget {
        guard [time != nil, index != nil, backup != nil].count(where: { $0 }) <= 1 else {
            throw .usage("give one of --at, --index and --backup")
        }
        if let time {
            guard let parsed = TimeText.full(time) else {
                throw .usage(
                    "--at \(time) is no time: write 2026-11-21T02:13:34Z, in UTC, with up to six digits behind a point")
            }
            return .time(parsed)
        }
        if let index {
            guard index > 0, index < 1 << 62 else {
                throw .usage("--index \(index) is no log index: they count from 1")
            }
            return .index(LogIndex(index))
        }
        guard let backup else { return .latest }
        guard let id = BackupID(backup) else {
            throw .usage("--backup \(backup) is no id of a backup: `nodectl backup list` shows them")
        }
        return .backup(id)
    }
}

public struct RestoreJob {
    private let request: RestoreRequest
    private let node: NodeID
    private let plan: RestorePlan
    private let end: RestoreEnd
    private let log: JobLog
    private let tell: (String) -> Void

    /// Plans, which writes nothing but the job's log, and not that when `log` is false.
    ///
    /// - Parameter tell: hears every line, without its end.
    public init(
        _ request: RestoreRequest, from place: ArchivePlace, log writesLog: Bool, tell: @escaping (String) -> Void
    ) throws(ControlError) {
        let target = try request.target()
        guard let node = NodeID(request.node) else { throw .usage("--node \(request.node) is no name of a node") }
        self.request = request
        self.node = node
        self.tell = tell
        log = writesLog ? try JobLog(request.directory + ".restore.log") : JobLog()
        log.write("restore of \(target) from \(place.store.location) to \(request.directory)")
        do throws(RestoreError) {
            let cluster = place.cluster
            plan = try RestorePlan(
                target, timeline: request.timeline, in: try ArchiveView(place.store, cluster: cluster))
            end = try plan.exactEnd()
        } catch {
            log.write("failed: \(error). \(error.remedy.text)")
            throw .restore(error)
        }
    }

    /// What will be done, in lines, and as JSON.
    public var planReport: RestorePlanReport { RestorePlanReport(plan, end, directory: request.directory) }

    /// Does it.
    public func run() throws(ControlError) -> RestoreOutcome {
        for line in planReport.lines { say(line) }
        var order = RestoreOrder(directory: request.directory, node: node)
        order.replacesAnything = request.replaces
        let follower = RestoreFollower(expected: plan.fetchedBytes, say: say)
        var restore = Restore(plan, order) { follower.hear($0) }
        do throws(RestoreError) {
            let report = try restore.run()
            let outcome = RestoreOutcome(report, logFile: log.path)
            for line in outcome.phaseLines { say(line) }
            for line in outcome.lines { log.write(line) }
            return outcome
        } catch {
            log.write("failed: \(error). \(error.remedy.text)")
            throw .restore(error)
        }
    }

    private func say(_ line: String) {
        log.write(line)
        tell(line)
    }
}

/// A file of lines with times, each on stable storage before the next: it is there after a kill.
struct JobLog {
    let path: String?

    /// None.
    init() { path = nil }

    init(_ path: String) throws(ControlError) {
        self.path = path
        try control { () throws(SystemError) in
            try FileSystem.makeDirectory(FileSystem.parent(of: path), permissions: 0o750, intermediate: true)
            _ = try File.open(path, mode: .openOrCreate)
        }
    }

    /// A job does not fail because its log can not be written.
    func write(_ line: String) {
        guard let path else { return }
        let bytes = Array("\(WallClock.now()) \(line)\n".utf8)
        do throws(SystemError) {
            let file = try File.open(path, mode: .readWrite)
            try file.pwriteAll(bytes.rawBytes, at: try file.size)
            try file.synchronizeData()
        } catch {}
    }
}

/// Lines of progress while a phase takes its time.
final class RestoreFollower {
    private let expected: Int
    private let say: (String) -> Void
    private var phase: RestorePhase?
    private var pace = LinePace()

    init(expected: Int, say: @escaping (String) -> Void) {
        self.expected = expected
        self.say = say
    }

    func hear(_ step: RestoreProgress) {
        if step.phase != phase { (phase, pace) = (step.phase, LinePace()) }
        guard pace.isDue() else { return }
        let share = step.total > 0 ? min(1, Double(step.done) / Double(step.total)) : 0
        let left = share > 0 ? (pace.elapsed / .seconds(1)) * (1 - share) / share : 0
        let done =
            switch step.phase {
            case .download: "\(ByteCount(step.done).rough) of \(ByteCount(step.total).rough)"
            case .load: "\(step.done) of \(step.total) records"
            default: "\(step.done) of at most \(step.total) entries"
            }
        say("\(step.phase.rawValue): \(done), about \(RoughTime.text(seconds: left)) left")
    }
}
