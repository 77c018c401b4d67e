// How far a snapshot that was ordered is on every node, from what the nodes say of themselves.

/// Follows one snapshot from its order to the last node that has it.
struct SnapshotFollower {
    enum Step: Hashable {
        case under(String)
        /// Another node leads now: what was ordered may never come.
        case moved
        /// Whoever has not written it was busy with an earlier one when it came: it never will.
        case leftOut
        case failed(message: String, remedy: String)
        case done(SnapshotOutcome)
    }

    let leader: String
    /// The snapshot is at this index or a later one.
    let from: UInt64
    /// What is known by now; nil before the leader has the snapshot.
    private(set) var outcome: SnapshotOutcome?
    /// Whether everybody who is waited for had passed it over at the last look. Once may be chance: what a node says of
    /// its log and of its snapshots is not of the same moment.
    private var wasPassedOver = false

    init(leader: String, from: UInt64) {
        self.leader = leader
        self.from = from
    }

    mutating func look(at asked: [AskedNode]) -> Step {
        guard let target = target(in: asked) else { return waitForLeader(asked) }
        let outcome = SnapshotOutcome(
            leader: leader, index: target.index, term: target.term, digest: target.digest, records: target.records,
            nodes: asked.map { SnapshotFollower.node($0, target) })
        self.outcome = outcome
        if outcome.unfinished.isEmpty { return .done(outcome) }
        let waiting = asked.compactMap(\.report).filter { outcome.unfinished.contains($0.node.id) }
        let isPassedOver = waiting.allSatisfy { SnapshotFollower.hasPassedOver($0.node, target.index) }
        if isPassedOver, wasPassedOver { return .leftOut }
        wasPassedOver = isPassedOver
        return .under(
            "at index \(target.index), waiting for "
                + waiting.map { SnapshotFollower.words($0.node) }
                .joined(separator: ", "))
    }

    /// The snapshot, by the leader that was asked; once it is known, another leader does not matter.
    private func target(in asked: [AskedNode]) -> NodeReport.Snapshot.Kept? {
        if let outcome {
            return NodeReport.Snapshot.Kept(
                index: outcome.index, term: outcome.term, time: "", digest: outcome.digest, records: outcome.records)
        }
        return report(in: asked)?.snapshot?.kept.first { $0.index >= from }
    }

    private func report(in asked: [AskedNode]) -> NodeReport.Facts? {
        asked.compactMap(\.report).first { $0.node.id == leader }?.node
    }

    private func waitForLeader(_ asked: [AskedNode]) -> Step {
        let present = ClusterStatus(asked).leader
        if let present, present != leader { return .moved }
        guard let facts = report(in: asked) else { return .under("\(leader) does not answer") }
        if let failure = facts.snapshot?.failure, failure.index >= from {
            return .failed(message: "the snapshot failed: \(failure.message)", remedy: failure.remedy)
        }
        return .under("waiting for \(SnapshotFollower.words(facts))")
    }

    private static func words(_ facts: NodeReport.Facts) -> String {
        guard let writing = facts.snapshot?.writing else { return facts.id }
        return "\(facts.id) (index \(writing.index), \(Int(writing.percent))%)"
    }

    private static func hasPassedOver(_ facts: NodeReport.Facts, _ index: UInt64) -> Bool {
        facts.appliedIndex >= index && facts.snapshot?.writing == nil
    }

    private static func node(_ asked: AskedNode, _ target: NodeReport.Snapshot.Kept) -> SnapshotOutcome.Node {
        let facts: NodeReport.Facts
        switch asked.outcome {
        case .failure(let error): return SnapshotOutcome.Node(asked.name, .silent("\(error)"))
        case .success(let report): facts = report.node
        }
        var node = SnapshotOutcome.Node(facts.id, .under)
        guard let snapshot = facts.snapshot else { return node }
        if let own = snapshot.at(target.index) {
            node.stage = own.digest == target.digest ? .done : .differs
            node.index = own.index
            node.digest = own.digest
        } else if let oldest = snapshot.kept.first, oldest.index > target.index {
            node.stage = .done
            node.index = oldest.index
            node.digest = oldest.digest
        } else if let failure = snapshot.failure, failure.index >= target.index {
            node.stage = .failed(failure.message)
        }
        if let last = snapshot.last, last.index == node.index { node.written = last }
        return node
    }
}
