// The leader of a scratch cluster is killed right after writes, or that of a live one hands over.

import ArchiveFormat
import Platform
import RESP
import Synchronization
import Vocabulary

extension Drill {
    private static let patience = Duration.seconds(30)
    private static let writesBefore = 50

    func loseLeader(in directory: String) throws(ControlError) {
        let playground = try start(in: directory, nodes: max(3, order.nodes ?? 3), archive: "none")
        let lost = try leader(playground)
        let names = try ClusterFile.read(playground.filePath).nodes.map(\.id)
        guard let survivor = names.first(where: { $0 != lost }) else { throw .noLeader(reason: "there is one node") }
        let term = try facts(playground).map(\.term).max() ?? 0
        var acknowledged = Array(0..<Drill.writesBefore)
        try load(playground, survivor, prefix: "drill:during", count: Drill.writesBefore)

        let watch = LeaderWatch(
            try ClusterView(file: playground.filePath).only(names.filter { $0 != lost }), term: term)
        let thread = watch.start()
        let killed = MonotonicClock.now()
        try playground.kill(lost)
        note(.disaster, "\(lost), which leads, is killed", at: killed)
        let served = try firstWrite(playground, survivor, number: Drill.writesBefore)
        acknowledged.append(Drill.writesBefore)
        let seen = try Pause.until(killed + Drill.patience) { () throws(ControlError) in
            watch.led == nil ? nil : watch.led
        }
        watch.end()
        thread?.join()
        // Nodes tell their state ten times a second: what is seen after a write was taken was so before, and when is
        // not known.
        if let detected = watch.detected, detected < served {
            note(.detection, "the survivors left the term of the lost leader", at: detected)
        }
        if let seen, seen.at < served { note(.response, "\(seen.name) leads", at: seen.at) }
        note(.recovery, "the first write is acknowledged", at: served)

        var client = try DrillClient.open(playground, survivor)
        for number in acknowledged where try client.ask(["EXISTS", "drill:during:\(number)"]) != .integer(1) {
            record.loss.entries += 1
        }
        check("acknowledged writes that are gone", expected: "0", found: "\(record.loss.entries)")
        try playground.start(lost, noded: order.noded)
        let agreed = try agreement(playground)
        note(.step, "\(lost) is back and in step at index \(agreed.index)")
        try checkFlows(playground)
        try checkList(playground)
    }

    /// When a write was acknowledged; each is tried on a connection of its own.
    private func firstWrite(_ playground: Playground, _ node: String, number: Int) throws(ControlError) -> Instant {
        let deadline = MonotonicClock.now() + Drill.patience
        let served = try Pause.until(deadline, every: .milliseconds(2)) { () throws(ControlError) -> Instant? in
            do throws(ControlError) {
                var client = try DrillClient.open(playground, node)
                let reply = try client.ask(["SET", "drill:during:\(number)", "after"])
                return reply == .simple("OK") ? MonotonicClock.now() : nil
            } catch { return nil }
        }
        guard let served else {
            throw .timedOut(what: "a write that the survivors take", follow: "run the drill again")
        }
        return served
    }

    /// On a live cluster: a planned hand-over, which costs clients a short wait and no error. Nothing is killed.
    public func handOver(_ view: ClusterView) -> DrillOutcome {
        finish { () throws(ControlError) in
            record.nodes = view.nodes.count
            let began = MonotonicClock.now()
            note(.disaster, "the leader of \(view.name) is asked to hand over", at: began)
            let report = try view.failover(to: nil, isForced: false)
            if let pause = report.pauseMilliseconds {
                let end = began + .microseconds(Int64(pause * 1000))
                note(.recovery, "\(report.to) takes writes, after a pause by the nodes' own figure", at: end)
            } else {
                note(.recovery, "\(report.to) leads in term \(report.term); nobody told of the pause")
            }
            check("another node leads", expected: "yes", found: report.from == report.to ? "no" : "yes")
        }
    }
}

/// What nodes say of their leader, asked without a pause by a thread of its own.
private final class LeaderWatch: Sendable {
    private struct State {
        var isOver = false
        var detected: Instant?
        var led: (name: String, at: Instant)?
    }

    private let view: ClusterView
    private let term: UInt64
    private let state = Mutex(State())

    init(_ view: ClusterView, term: UInt64) { (self.view, self.term) = (view, term) }

    var detected: Instant? { state.withLock { $0.detected } }
    var led: (name: String, at: Instant)? { state.withLock { $0.led } }

    func end() { state.withLock { $0.isOver = true } }

    func start() -> WorkerThread? {
        try? WorkerThread.start(name: "drill-watch") { [self] in
            while state.withLock({ !$0.isOver && $0.led == nil }) { look() }
        }
    }

    private func look() {
        let asked = view.ask()
        let now = MonotonicClock.now()
        let facts = asked.compactMap(\.report?.node)
        let hasLeft = facts.contains { $0.term > term }
        let leader = facts.first { $0.role == "leader" && $0.term > term }?.id
        state.withLock { state in
            if hasLeft, state.detected == nil { state.detected = now }
            if let leader, state.led == nil { state.led = (leader, now) }
        }
        Pause.wait(.milliseconds(5))
    }
}
