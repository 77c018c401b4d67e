// `nodectl restore`: the plan, a line for each phase, and a log file that tells all of it whatever comes of it.

import ArchiveFormat
import ArchiveRestore
import LogStore
import Platform
import Vocabulary

public struct RestoreJob {
    private let request: RestoreRequest
    private let target: RestoreTarget
    private let options: PlanOptions
    private let order: RestoreOrder
    private let view: ArchiveView
    /// Nil when a fallback has to look for one that can be carried out.
    private let plan: (plan: RestorePlan, end: RestoreEnd)?
    private let log: JobLog
    private let tell: (String) -> Void

    /// Plans, which writes nothing but the job's log, and not that when `log` is false.
    ///
    /// - Parameter tell: hears every line, without its end.
    public init(
        _ request: RestoreRequest, from place: ArchivePlace, log writesLog: Bool, tell: @escaping (String) -> Void
    ) throws(ControlError) {
        (target, options) = (try request.target(), try request.options())
        order = try request.order()
        self.request = request
        self.tell = tell
        log = writesLog ? try JobLog(request.directory + ".restore.log") : JobLog()
        log.write("restore of \(target) from \(place.store.location) to \(request.directory)")
        do throws(RestoreError) {
            view = try ArchiveView(place.store, cluster: place.cluster)
            plan = try RestoreJob.plan(request, target, options, view)
        } catch {
            log.write("failed: \(error). \(error.remedy.text)")
            throw .restore(error)
        }
    }

    private static func plan(
        _ request: RestoreRequest, _ target: RestoreTarget, _ options: PlanOptions, _ view: ArchiveView
    ) throws(RestoreError) -> (plan: RestorePlan, end: RestoreEnd)? {
        do throws(RestoreError) {
            let plan =
                if request.keepsState {
                    try RestorePlan(keepingStateOf: request.directory, target, timeline: request.timeline, in: view)
                } else {
                    try RestorePlan(target, timeline: request.timeline, in: view, options)
                }
            return (plan, try plan.exactEnd())
        } catch {
            guard request.fallsBack else { throw error }
            return nil
        }
    }

    /// What will be done, in lines, and as JSON. A fallback that has to search says so with an error.
    public func planReport() throws(ControlError) -> RestorePlanReport {
        guard let plan else {
            throw .refused(
                reason: "\(target) can not be restored as it is, and what can be only trying will show",
                remedy: "run it with --fallback and without --plan: it writes beside the target until it is whole",
                override: nil)
        }
        return RestorePlanReport(plan.plan, plan.end, directory: request.directory, skips: order.skips)
    }

    /// Does it, with the service stopped meanwhile, if one is named.
    public func run() throws(ControlError) -> RestoreOutcome {
        guard let service = request.service else { return try restore() }
        try Service(service).stop { say($0) }
        let outcome: RestoreOutcome
        do throws(ControlError) { outcome = try restore() } catch {
            // What was there is there still.
            try Service(service).start { say($0) }
            throw error
        }
        try Service(service).start { say($0) }
        return outcome
    }

    private func restore() throws(ControlError) -> RestoreOutcome {
        let follower = RestoreFollower(say: say)
        do throws(RestoreError) {
            let report = request.fallsBack ? try fallBack(follower) : try carryOut(follower)
            let outcome = RestoreOutcome(report, logFile: log.path)
            for line in outcome.phaseLines { say(line) }
            for line in outcome.lines { log.write(line) }
            return outcome
        } catch {
            log.write("failed: \(error). \(error.remedy.text)")
            throw .restore(error)
        }
    }

    private func carryOut(_ follower: RestoreFollower) throws(RestoreError) -> RestoreReport {
        guard let plan else { preconditionFailure("a restore without a plan") }
        tellPlan(plan.plan, plan.end)
        if request.keepsState {
            say("warning    only the log is replaced: what the old one has behind \(plan.end.position) is given up")
        }
        var restore = Restore(plan.plan, order) { follower.hear($0) }
        return try restore.run()
    }

    private func fallBack(_ follower: RestoreFollower) throws(RestoreError) -> RestoreReport {
        var restore = try FallbackRestore(target, timeline: request.timeline, in: view, options, order)
        return try restore.run(tell: { say("fallback   \($0)") }) { plan in
            if let end = try? plan.exactEnd() { tellPlan(plan, end) }
        } report: {
            follower.hear($0)
        }
    }

    private func tellPlan(_ plan: RestorePlan, _ end: RestoreEnd) {
        let report = RestorePlanReport(plan, end, directory: request.directory, skips: order.skips)
        for line in report.lines { say(line) }
    }

    private func say(_ line: String) {
        log.write(line)
        tell(line)
    }
}

/// A service of systemd that owns the directory which is restored.
struct Service {
    private let name: String

    init(_ name: String) { self.name = name }

    func stop(_ say: (String) -> Void) throws(ControlError) { try order("stop", say) }
    func start(_ say: (String) -> Void) throws(ControlError) { try order("start", say) }

    private func order(_ verb: String, _ say: (String) -> Void) throws(ControlError) {
        say("service    systemctl \(verb) \(name)")
        guard let program = ChildProcess.find("systemctl") else {
            throw .usage("--service \(name) needs systemctl, which is not in PATH")
        }
        let result = try control { () throws(SystemError) in try ChildProcess.run(program, [verb, name]) }
        guard result.status.isSuccess else {
            throw .conflict(
                reason: "systemctl \(verb) \(name) failed with \(result.status): "
                    + String(decoding: result.error, as: UTF8.self),
                remedy: "look with `systemctl status \(name)`; the restored directory is as it was told above")
        }
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
