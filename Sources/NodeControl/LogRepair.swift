// `nodectl repair`: a running node is asked to look for damage and to repair itself, a stopped one's log repaired.

import Foundation
import LogFormat
import LogStore
import Platform
import Settings
import Telemetry
import Vocabulary

/// What became of a log.
public struct RepairReport: Hashable, Sendable {
    /// The node's id, or the directory.
    public let subject: String
    /// False when nothing was damaged, and nothing was done.
    public internal(set) var wasDamaged: Bool
    /// What was found, in words.
    public internal(set) var found: String?
    public internal(set) var quarantined: [String]
    /// The identity file was made again from the log.
    public internal(set) var hasNewIdentity = false
    /// The index up to which entries have to be fetched again before the node votes; nil when it has.
    public internal(set) var fence: UInt64?

    public var text: String {
        var lines: [String] = []
        if hasNewIdentity { lines.append("\(subject): the identity file was made again from the log's segments") }
        lines.append("\(subject): the log " + (wasDamaged ? "was repaired" : "is whole, nothing was done"))
        if let found { lines.append("  found: \(found)") }
        lines += quarantined.map { "  kept as it was found: \($0)" }
        if let fence {
            lines.append(
                "  when the node starts next, it neither votes nor counts before it has fetched all entries up to "
                    + "\(fence) from the others")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("subject", subject)
            writer.member("damaged", wasDamaged)
            writer.member("identity_rebuilt", hasNewIdentity)
            writer.member("found", found)
            writer.member("quarantined") { $0.array { writer in for name in quarantined { writer.value(name) } } }
            writer.member("fence", fence)
        }
        return writer.bytes + [0x0A]
    }
}

// A running node.
extension ClusterView {
    /// How long something may stand in the way of a repair before it counts as refused.
    private static let obstaclePatience = Duration.seconds(3)

    /// Has the node read all of its log and, if something is damaged, waits until it has repaired itself.
    ///
    /// - Parameter isForced: without the leader's leave, while another node is down or under repair as well.
    /// - Throws: `refused` when a repair is not safe now; `timedOut` when it goes on.
    public func repair(
        _ id: String, isForced: Bool, within limit: Duration = .seconds(600), progress: (String) -> Void
    ) throws(ControlError) -> RepairReport {
        guard let node = nodes.first(where: { $0.name == id }) ?? node(id, in: ask()) else {
            throw .usage("there is no node \(id): there are \(nodes.map(\.name).joined(separator: ", "))")
        }
        let deadline = MonotonicClock.now() + limit
        let pass = try askForRepair(node, isForced: isForced)
        var follower = RepairFollower(pass: pass, isForced: isForced)
        var told = MonotonicClock.now()
        let report = try Pause.until(deadline, every: .milliseconds(100)) { () throws(ControlError) in
            // While it starts again, it does not answer.
            let facts = only([node.name]).ask().first?.report?.node
            let step = follower.look(at: facts, now: MonotonicClock.now(), patience: ClusterView.obstaclePatience)
            if case .refused(let why) = step {
                throw .refused(reason: why, remedy: "put right what it names", override: "force")
            }
            if case .done(let wasDamaged, let facts) = step {
                return RepairReport(
                    subject: id, wasDamaged: wasDamaged, found: follower.found, quarantined: facts, fence: nil)
            }
            if case .under(let text) = step, MonotonicClock.now() - told > .seconds(2) {
                told = MonotonicClock.now()
                progress(text)
            }
            return nil
        }
        guard let report else { throw .timedOut(what: "the repair of \(id)", follow: "look with `nodectl status`") }
        return report
    }

    private func askForRepair(_ node: Node, isForced: Bool) throws(ControlError) -> UInt64 {
        struct Answer: Decodable { let pass: UInt64 }
        let body = Array((isForced ? #"{"force": true}"# : "").utf8)
        let until = MonotonicClock.now() + patience
        let bytes = try client(node).ask("POST", "/v1/repair", body: body, until: until)
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(bytes)) else {
            throw .answer(
                address: node.admin.description, message: "its answer does not name the pass that it began",
                remedy: "use the nodectl that was built with the node")
        }
        return answer.pass
    }
}

/// Follows a node from the first byte that it reads to the last that it fetches.
struct RepairFollower {
    enum Step: Hashable {
        case under(String)
        case refused(String)
        case done(wasDamaged: Bool, quarantined: [String])
    }

    let pass: UInt64
    let isForced: Bool
    private(set) var found: String?
    private var quarantined: [String] = []
    private var uptime: Double?
    private var hasRestarted = false
    private var obstacleSince: Instant?

    init(pass: UInt64, isForced: Bool) {
        self.pass = pass
        self.isForced = isForced
    }

    mutating func look(at facts: NodeReport.Facts?, now: Instant, patience: Duration) -> Step {
        guard let facts else { return .under("the node starts again") }
        if let uptime, let newer = facts.uptimeSeconds, newer < uptime { hasRestarted = true }
        uptime = facts.uptimeSeconds
        guard let repair = facts.repair else {
            if hasRestarted, facts.phase == "ready" {
                // A repair may be over between two looks: then the directory has to do.
                let kept = quarantined.isEmpty ? facts.quarantine.map { [$0.directory] } ?? [] : quarantined
                return .done(wasDamaged: true, quarantined: kept)
            }
            if !hasRestarted, (facts.scrub?.askedPass ?? 0) >= pass { return .done(wasDamaged: false, quarantined: []) }
            return .under("reading the log: \(ByteCount(Int(clamping: facts.scrub?.readBytes ?? 0)))")
        }
        if let kind = repair.kind, let file = repair.file {
            found = "\(kind) in \(file) at byte \(repair.offset ?? 0), from index \(repair.firstIndex ?? 0) on"
        }
        if !repair.quarantined.isEmpty { quarantined = repair.quarantined }
        guard repair.stage == "found" else {
            hasRestarted = hasRestarted || repair.stage == "fetching"
            return .under("fetched up to \(facts.persistedIndex ?? 0) of \(repair.upTo ?? 0)")
        }
        guard let obstacle = repair.obstacle, !isForced else {
            obstacleSince = nil
            return .under("waiting for the leader's leave")
        }
        let since = obstacleSince ?? now
        obstacleSince = since
        return now - since > patience ? .refused("the log is damaged, but \(obstacle)") : .under(obstacle)
    }
}

// A node that does not run.
public enum StoppedLog {
    /// Does in `directory` what the node's next start would do about damage. The directory's lock is held meanwhile.
    ///
    /// - Parameter logDirectory: where the segments are; nil means in `log` below it, or in it.
    public static func repair(
        _ directory: String, logDirectory: String? = nil
    ) throws(ControlError) -> RepairReport {
        let below = directory + "/log"
        let logs = logDirectory ?? (FileSystem.isDirectory(below) ? below : directory)
        do throws(DataDirectoryError) {
            var (identity, keptIdentity) = (try known(directory), String?.none)
            let isLost = identity == nil
            if isLost { (identity, keptIdentity) = try IdentityRepair.run(directory, logDirectory: logs) }
            guard let identity else { throw .identityLost(path: directory) }
            let data = try DataDirectory.open(directory, cluster: identity.cluster, node: identity.node)
            var report = RepairReport(
                subject: directory, wasDamaged: false, found: nil, quarantined: keptIdentity.map { [$0] } ?? [],
                hasNewIdentity: isLost, fence: nil)
            guard !data.isNew, try isDamaged(logs, identity) else { return report }
            let (_, recovered) = try data.openLog(at: logs)
            guard case .damaged(let damage, let kept) = recovered.verdict else { return report }
            report.wasDamaged = true
            report.found = "\(damage)"
            report.quarantined += kept.map { logs + "/" + $0 }
            report.fence = recovered.state.fence?.rawValue
            return report
        } catch { throw .dataDirectory(error) }
    }

    /// Nil when the identity is damaged or gone.
    private static func known(_ directory: String) throws(DataDirectoryError) -> LogIdentity? {
        do throws(DataDirectoryError) { return try DataDirectory.identity(at: directory) } catch {
            if case .damagedIdentity = error { return nil }
            throw error
        }
    }

    /// Looks without changing anything. A log without one readable segment is damaged.
    private static func isDamaged(_ logs: String, _ identity: LogIdentity) throws(DataDirectoryError) -> Bool {
        do throws(LogError) {
            guard let inspection = try LogInspection(DirectoryStorage(path: logs)) else { return true }
            return try !inspection.verify().isWhole
        } catch { throw .log(error) }
    }
}
