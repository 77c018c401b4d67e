// `nodectl doctor --after-restore`: does what was restored serve, and is it what was restored?

import ArchiveRestore
import ObjectStores
import Platform
import RESP
import Vocabulary

/// Asks the leader. It changes nothing but a key of its own, which it removes.
public struct RestoreExamination {
    private let view: ClusterView
    private let asked: [AskedNode]
    /// The description that the view came from, where data directories are found; nil when only addresses are known.
    private let clusterFile: String?
    /// What the state is compared with instead of the restore's own report.
    private let archive: ArchivePlace?
    private let tell: (String) -> Void

    static let patience = Duration.seconds(10)
    /// How long the archive may take to have what the leader has.
    static let archivePatience = Duration.seconds(30)

    public init(
        view: ClusterView, clusterFile: String?, archive: ArchivePlace?, tell: @escaping (String) -> Void
    ) {
        self.view = view
        self.clusterFile = clusterFile
        self.archive = archive
        self.tell = tell
        asked = view.ask()
    }

    public func examine() -> RestoreChecklist {
        var answers = [answer(.process) { () throws(ControlError) in try process() }]
        answers.append(answer(.state) { () throws(ControlError) in try state() })
        answers.append(answer(.read) { () throws(ControlError) in try read() })
        answers.append(answer(.write) { () throws(ControlError) in try write() })
        answers.append(answer(.metrics) { () throws(ControlError) in try metrics() })
        answers.append(answer(.page) { () throws(ControlError) in try page() })
        return RestoreChecklist(answers: answers)
    }

    private typealias Found = (isGood: Bool, text: String)

    private func answer(
        _ question: RestoreChecklist.Question, _ look: () throws(ControlError) -> Found
    ) -> RestoreChecklist.Answer {
        do throws(ControlError) {
            let found = try look()
            return RestoreChecklist.Answer(question: question, isGood: found.isGood, text: found.text)
        } catch {
            let text = "\(error); \(error.remedy.text)"
            return RestoreChecklist.Answer(question: question, isGood: false, text: text)
        }
    }

    // MARK: The leader

    private struct Leader {
        let report: NodeReport
        let client: AdminClient
        var id: String { report.node.id }
    }

    private func leader() throws(ControlError) -> Leader {
        let id = try ClusterView.leader(by: asked)
        guard let node = view.node(id, in: asked), let report = asked.first(where: { $0.report?.node.id == id })?.report
        else { throw .noLeader(reason: "\(id) leads, but its admin address is not known here") }
        return Leader(report: report, client: view.client(node))
    }

    private func get(_ path: String) throws(ControlError) -> HTTPAnswer {
        try leader().client.get(path, until: MonotonicClock.now() + RestoreExamination.patience)
    }

    /// `/v1/health` of the leader.
    struct Health: Decodable {
        let status: String
        let recordCount: Int?
        let position: String?
        let digest: String?

        enum CodingKeys: String, CodingKey {
            case status, position, digest
            case recordCount = "record_count"
        }

        var index: UInt64? { position?.split(separator: ":").last.flatMap { UInt64($0) } }
    }

    private func health() throws(ControlError) -> Health {
        let answer = try get("/v1/health")
        guard answer.status == 200 || answer.status == 503 else {
            throw .answer(
                address: try leader().client.address.description,
                message: "answers /v1/health with status \(answer.status)",
                remedy: "use the nodectl that was built with the node")
        }
        return try leader().client.decoded(answer.body)
    }

    // MARK: The questions

    private func process() throws(ControlError) -> Found {
        let leader = try leader()
        let silent = asked.filter { $0.report == nil }.map(\.name)
        guard silent.isEmpty else {
            return (false, "\(silent.joined(separator: ", ")) did not answer; \(leader.id) leads")
        }
        let health = try health()
        return (
            health.status == "ok",
            "\(asked.count) of \(asked.count) nodes answer, \(leader.id) leads, its health is \(health.status)"
        )
    }

    private func state() throws(ControlError) -> Found {
        let health = try health()
        let expected = if let archive { try expected(by: archive, health) } else { try expectedByReport() }
        return RestoreExamination.judge(health, expected)
    }

    /// Count and digest, which entries without records (a leader's first, one of members) leave as they are.
    static func judge(_ health: Health, _ expected: ExpectedState) -> (isGood: Bool, text: String) {
        guard let index = health.index, let records = health.recordCount, let digest = health.digest else {
            return (false, "no state is loaded")
        }
        let comparison = "as in \(expected.source)"
        if records == expected.records, digest == expected.digest {
            return (true, "\(records) records, digest \(digest), \(comparison)")
        }
        let found =
            "\(records) records with digest \(digest), not \(expected.records) with \(expected.digest) \(comparison)"
        guard index > expected.index else { return (false, found) }
        return (
            false, "\(found); \(index - expected.index) entries came since: was something written, or did records end?"
        )
    }

    private func expectedByReport() throws(ControlError) -> ExpectedState {
        let leader = try leader()
        var directories: [String] = []
        if let clusterFile {
            let base = FileSystem.parent(of: clusterFile)
            // The leader's own first: it is the restored one, most often.
            let nodes = try ClusterFile.read(clusterFile).nodes
            directories = (nodes.filter { $0.id == leader.id } + nodes).map { "\(base)/\($0.data)" }
        }
        directories += asked.compactMap { $0.report?.node.dataDirectory }
        for directory in directories {
            let found = ExpectedState.kept(in: directory, timeline: leader.report.node.timelineName)
            if let found { return found }
        }
        throw .conflict(
            reason: "no restore.json of this timeline is in a data directory on this machine",
            remedy: "run it where the restored directory is, or name the archive with --from")
    }

    /// Where the cluster ships to the archive: the state there at the leader's index. Otherwise at the index that the
    /// restore noted, or the newest.
    private func expected(by place: ArchivePlace, _ health: Health) throws(ControlError) -> ExpectedState {
        let leader = try leader()
        let first = try place.view()
        guard let name = leader.report.node.timelineName, let index = health.index,
            ships(leader.report.node.archive, to: place)
                || first.timelines.contains(where: { $0.description == name })
        else {
            let noted = try? expectedByReport()
            return try ExpectedState.archived(first, index: noted?.index, timeline: noted?.timeline, tell: tell)
        }
        let deadline = MonotonicClock.now() + RestoreExamination.archivePatience
        let view: ArchiveView? = try Pause.untilDone(deadline) { () throws(ControlError) in
            let view = try place.view()
            let last = view.runs.first { $0.key.description == name }?.value.items.last?.name.last
            return last.map { $0.rawValue >= index } ?? false ? view : nil
        }
        guard let view else {
            throw .timedOut(what: "the archive's way to index \(index)", follow: "see `nodectl status`, then try again")
        }
        return try ExpectedState.archived(view, index: index, timeline: name, tell: tell)
    }

    private func ships(_ archive: NodeReport.Archive?, to place: ArchivePlace) -> Bool {
        guard let archive, archive.isShipping else { return false }
        return (try? StoreURL(archive.location)) == place.url
    }

    private func connect(_ deadline: Instant) throws(ControlError) -> RecordClient {
        let place = try view.clientAddress(of: try leader().report, clusterFile: clusterFile)
        return try RecordClient.login(place, view.credentials, until: deadline)
    }

    private func read() throws(ControlError) -> Found {
        let deadline = MonotonicClock.now() + RestoreExamination.patience
        var client = try connect(deadline)
        guard case .integer(let count) = try client.ask(["DBSIZE"], until: deadline) else {
            return (false, "DBSIZE was not answered with a number")
        }
        let reply = try client.ask(["RANDOMKEY"], until: deadline)
        guard case .bulk(let key) = reply else {
            return (count == 0 && reply == .null, "DBSIZE answers \(count), RANDOMKEY \(reply)")
        }
        guard case .simple(let type) = try client.ask(["TYPE".bytes, key], until: deadline), type != "none" else {
            return (false, "a key that RANDOMKEY names is not there")
        }
        return (true, "DBSIZE answers \(count), and a key of these was read: a \(type)")
    }

    private func write() throws(ControlError) -> Found {
        let deadline = MonotonicClock.now() + RestoreExamination.patience
        var client = try connect(deadline)
        let key = "trireme:doctor:\(String(SystemRandom.word(), radix: 36))".bytes
        let value = String(SystemRandom.word(), radix: 36).bytes
        let replies = try client.ask(
            [["SET".bytes, key, value, "NX".bytes], ["GET".bytes, key], ["DEL".bytes, key]], until: deadline)
        guard replies == [.simple("OK"), .bulk(value), .integer(1)] else {
            return (false, "a key of its own: SET, GET and DEL were answered \(replies)")
        }
        return (true, "acknowledged, read back and removed: \(String(decoding: key, as: UTF8.self))")
    }

    private func metrics() throws(ControlError) -> Found {
        let health = try health()
        let answer = try get("/metrics")
        guard answer.status == 200 else { return (false, "answered with status \(answer.status)") }
        return RestoreExamination.judge(String(decoding: answer.body, as: UTF8.self), health)
    }

    /// Enough of them, and what they say of the node fits what it says itself.
    static func judge(_ metrics: String, _ health: Health) -> (isGood: Bool, text: String) {
        let lines = metrics.split(separator: "\n").filter { $0.hasPrefix("trireme_") }
        func value(_ name: String) -> Double? {
            lines.first { $0.hasPrefix(name + " ") }.flatMap { Double($0.dropFirst(name.utf8.count + 1)) }
        }
        for (name, isPlausible) in [
            ("trireme_node_uptime_seconds", { $0 > 0 }), ("trireme_raft_has_leader", { $0 == 1 }),
            ("trireme_health_status", { $0 == 1 }),
            ("trireme_raft_applied_index", { $0 >= Double(health.index ?? 0) }),
        ] as [(String, (Double) -> Bool)] {
            guard let found = value(name) else { return (false, "\(name) is missing") }
            guard isPlausible(found) else { return (false, "\(name) is \(found)") }
        }
        return (true, "\(lines.count) series, those of health, uptime and position plausible")
    }

    private func page() throws(ControlError) -> Found {
        for (path, mark) in [("/", "<title>Trireme"), ("/status.js", "/v1/status"), ("/status.css", "{")] {
            let answer = try get(path)
            guard answer.status == 200, String(decoding: answer.body, as: UTF8.self).contains(mark) else {
                return (false, "\(path) was answered with status \(answer.status), or with something else")
            }
        }
        return (true, "https://\(try leader().client.address)/ and its parts load")
    }
}

extension String {
    var bytes: [UInt8] { Array(utf8) }
}

extension RecordClient {
    fileprivate mutating func ask(_ words: [String], until deadline: Instant) throws(ControlError) -> Reply {
        try ask(words.map(\.bytes), until: deadline)
    }
}
