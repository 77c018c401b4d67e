// Clusters of a drill: made for it alone, on free ports of loopback, and asked what they have.

import ArchiveFormat
import ArchiveRestore
import Platform
import RESP
import Settings
import Vocabulary

extension Drill {
    /// What a node says once all say the same.
    struct Agreed {
        let index: LogIndex
        let digest: String
        let keys: Int
    }

    static let agreementPatience = Duration.seconds(60)
    /// What a scratch cluster is given before the disaster, so that there is something to lose.
    static let prefixBefore = "drill:before"
    static let recordsBefore = 200

    func playground(_ directory: String) -> Playground { Playground(directory: directory, progress: tell) }

    func options(nodes: Int, archive: String?) throws(ControlError) -> PlaygroundOptions {
        var options = PlaygroundOptions()
        (options.nodes, options.archive, options.noded) = (nodes, archive, order.noded)
        options.basePort = try Smoke.freeBasePort(nodes: nodes)
        record.nodes = nodes
        return options
    }

    /// A cluster with the newest state of the archive, or one with some records where there is none.
    func start(in directory: String, nodes: Int, archive: String?) throws(ControlError) -> Playground {
        let playground = playground(directory + "/cluster")
        let options = try options(nodes: nodes, archive: archive)
        if let place {
            let report = try playground.restore(RestoreRequest(directory: "", node: ""), from: place, options).report
            describe(report, try place.view())
            note(.step, "scratch cluster of \(nodes) restored at index \(report.position.index)")
        } else {
            _ = try playground.up(options, programName: "nodectl")
            note(.step, "scratch cluster of \(nodes) started")
        }
        try load(playground, nil, prefix: Drill.prefixBefore, count: Drill.recordsBefore)
        return playground
    }

    /// Writes records one after the other; each is acknowledged when it counts.
    func load(_ playground: Playground, _ node: String?, prefix: String, count: Int) throws(ControlError) {
        var client = try DrillClient.open(playground, node)
        for number in 0..<count {
            let reply = try client.ask(["SET", "\(prefix):\(number)", String(SystemRandom.word(), radix: 36)])
            guard reply == .simple("OK") else {
                throw .conflict(
                    reason: "a write of the drill was answered \(CheckList.text(reply))", remedy: "run the drill again")
            }
        }
    }

    func facts(_ playground: Playground) throws(ControlError) -> [NodeReport.Facts] {
        try ClusterView(file: playground.filePath).ask().compactMap(\.report?.node)
    }

    /// Waits until every node is healthy and all say the same index and digest, twice in a row: a node tells its state
    /// up to 0.1 s late.
    func agreement(_ playground: Playground) throws(ControlError) -> Agreed {
        let count = try ClusterFile.read(playground.filePath).nodes.count
        var seen: [String]?
        let deadline = MonotonicClock.now() + Drill.agreementPatience
        let agreed = try Pause.until(deadline, every: .milliseconds(150)) { () throws(ControlError) -> Agreed? in
            let found = try facts(playground)
            let states = found.map { "\($0.appliedIndex) \($0.digest ?? "")" }
            defer { seen = states }
            guard found.count == count, found.allSatisfy(\.healthy), Set(states).count == 1, seen == states,
                let first = found.first, let digest = first.digest
            else { return nil }
            return Agreed(index: LogIndex(first.appliedIndex), digest: digest, keys: Int(first.keys ?? 0))
        }
        guard let agreed else {
            throw .timedOut(what: "nodes of the scratch cluster that agree", follow: "run the drill again")
        }
        return agreed
    }

    func leader(_ playground: Playground) throws(ControlError) -> String {
        let asked = try ClusterView(file: playground.filePath).ask()
        return try ClusterView.leader(by: asked)
    }

    // MARK: The record

    func describe(_ report: RestoreReport, _ view: ArchiveView) {
        var source = DrillRecord.Source(
            timeline: report.timeline, index: report.position.index, time: report.time, digest: report.digest)
        if let id = report.backup {
            source.backup = id
            do {
                let manifest = try view.backups.manifest(of: id, in: view.store)
                (source.backupBytes, source.expandedBytes) = (manifest.storedBytes, manifest.expandedBytes)
            } catch { record.warnings.append("\(error)") }
        }
        (source.fetchedBytes, source.entries) = (report.bytesFetched, report.entriesReplayed)
        source.records = report.records
        record.source = source
        for passed in report.passedOver { record.warnings.append("backup \(passed.id) was not used: \(passed.why)") }
        for part in report.phases { phase("restore: \(part.phase.rawValue)", part.duration) }
        if report.compared == 0 { record.warnings.append(report.proof) }
    }

    // MARK: Questions

    /// Reads, writes, indexes and messages work.
    func checkFlows(_ playground: Playground) throws(ControlError) {
        var client = try DrillClient.open(playground)
        var listener = try DrillClient.open(playground)
        let name = "trireme-drill-" + String(SystemRandom.word(), radix: 36)
        check("write", expected: "OK", found: CheckList.text(try client.ask(["SET", name, "1"])))
        check("read", expected: "1", found: CheckList.text(try client.ask(["GET", name])))
        check("remove", expected: "1", found: CheckList.text(try client.ask(["DEL", name])))
        let index = ["INDEX.CREATE", name, "ON", "HASH", "PREFIX", name + ":", "FIELD", "city"]
        check("index", expected: "OK", found: CheckList.text(try client.ask(index)))
        _ = try client.ask(["HSET", name + ":1", "city", "Oslo"])
        let query = ["INDEX.QUERY", name, "EQ", "city", "Oslo"]
        let found = try Pause.until(MonotonicClock.now() + Smoke.patience) { () throws(ControlError) -> String? in
            let reply = try client.ask(query)
            if case .error = reply { return nil }
            return CheckList.text(reply)
        }
        check("index query", expected: "[0, [\(name):1]]", found: found ?? "no answer")
        _ = try client.ask(["INDEX.DROP", name])
        _ = try client.ask(["DEL", name + ":1"])
        let heard = try listener.ask(["SUBSCRIBE", name])
        check("subscribe", expected: "[subscribe, \(name), 1]", found: CheckList.text(heard))
        check("publish", expected: "1", found: CheckList.text(try client.ask(["PUBLISH", name, "hello"])))
        check("message", expected: "[message, \(name), hello]", found: CheckList.text(try listener.next()))
    }

    /// The operator's own.
    func checkList(_ playground: Playground) throws(ControlError) {
        guard !order.checks.lines.isEmpty else { return }
        var client = try DrillClient.open(playground)
        for line in order.checks.lines {
            check(line.text, expected: line.expected, found: CheckList.text(try client.ask(line.command)))
        }
    }
}
