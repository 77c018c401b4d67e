// Many nodes' reports as one picture of the cluster: what `nodectl status` shows.

import JSON
import Telemetry

/// The cluster as the nodes that answered describe it together.
public struct ClusterStatus: Hashable, Sendable {
    /// One node's line. What is not known of it is nil.
    public struct Node: Hashable, Sendable {
        public var id: String
        public var address: String
        public var isHealthy: Bool
        public var facts: NodeReport.Facts?
        public var lagEntries: Int?
        public var lagMilliseconds: Double?
        /// Why it is not healthy, and what to do; empty when it is.
        public var reasons: [NodeReport.Reason]
    }

    public let leader: String?
    public let term: UInt64
    public let commitIndex: UInt64
    public let nodes: [Node]

    public var answered: Int { nodes.count { $0.facts != nil } }

    public init(_ asked: [AskedNode]) {
        let reports = asked.compactMap(\.report)
        let term = reports.map(\.node.term).max() ?? 0
        let leader = ClusterStatus.leader(of: asked, term: term)
        let leading = reports.first { $0.node.id == leader }
        self.term = term
        self.leader = leader
        commitIndex = reports.map(\.node.commitIndex).max() ?? 0
        nodes = asked.map { ClusterStatus.node($0, leading: leading) }
    }

    /// The one that says it leads in the newest term. If none of those asked does, the one that the others name, unless
    /// it was asked itself and did not confirm it.
    private static func leader(of asked: [AskedNode], term: UInt64) -> String? {
        let current = asked.compactMap(\.report).filter { $0.node.term == term }
        if let leader = current.first(where: { $0.node.role == "leader" }) { return leader.node.id }
        let names = Set(asked.map { $0.report?.node.id ?? $0.name })
        // Where a node is known by its address only, any name may be its own.
        let isSure = asked.allSatisfy { $0.report != nil || $0.name != $0.address }
        guard isSure, let named = current.compactMap(\.leader).min(), !names.contains(named) else { return nil }
        return named
    }

    private static func node(_ asked: AskedNode, leading: NodeReport?) -> Node {
        switch asked.outcome {
        case .success(let report):
            // A node's own figure is of what it has heard of; what it lacks beyond that, its leader knows.
            let peer = leading?.peers.first { $0.id == report.node.id }
            let isFurther = peer?.lagEntries ?? 0 > report.node.lagEntries ?? -1
            return Node(
                id: report.node.id, address: asked.address, isHealthy: report.node.healthy, facts: report.node,
                lagEntries: isFurther ? peer?.lagEntries : report.node.lagEntries,
                lagMilliseconds: isFurther ? peer?.lagMilliseconds : report.node.lagMilliseconds,
                reasons: report.node.troubles)
        case .failure(let error):
            let reason = NodeReport.Reason(code: "unreachable", message: "\(error)", remedy: error.remedy.text)
            return Node(
                id: asked.name, address: asked.address, isHealthy: false, facts: nil,
                lagEntries: leading?.peers.first { $0.id == asked.name }?.lagEntries, lagMilliseconds: nil,
                reasons: [reason])
        }
    }
}

// For scripts.
extension ClusterStatus {
    /// The document of docs/OPERATING.md: every node has every field, null where it is not known.
    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("leader", leader)
            writer.member("term", term)
            writer.member("commit_index", commitIndex)
            writer.member("nodes") { $0.array { writer in for node in nodes { node.write(to: &writer) } } }
        }
        return writer.bytes + [0x0A]
    }
}

extension ClusterStatus.Node {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", id)
            writer.member("address", address)
            writer.member("role", facts?.role)
            writer.member("healthy", isHealthy)
            writer.member("term", facts?.term)
            writer.member("last_index", facts?.lastIndex)
            writer.member("commit_index", facts?.commitIndex)
            writer.member("applied_index", facts?.appliedIndex)
            writer.member("persisted_index", facts?.persistedIndex)
            writer.member("digest", facts?.digest)
            writer.member("timeline_name", facts?.timelineName)
            writer.member("lag_entries", lagEntries)
            writer.member("lag_ms", lagMilliseconds)
            writer.member("version", facts?.version)
            writer.member("feature_level", facts?.featureLevel)
            writer.member("phase", facts?.phase)
            writer.member("progress_percent", facts?.progressPercent)
            writer.member("seconds_left", facts?.progress?.secondsLeft)
            writer.member("durability", facts?.durability)
            writer.member("keys", facts?.keys)
            writer.member("connections", facts?.connections)
            writer.member("memory_bytes", facts?.memoryBytes)
            writer.member("snapshot") { facts?.snapshot?.write(to: &$0) ?? $0.value(String?.none) }
            writer.member("state") { facts?.state?.write(to: &$0) ?? $0.value(String?.none) }
            writer.member("archive") { facts?.archive?.write(to: &$0) ?? $0.value(String?.none) }
            writer.member("reasons") { $0.array { writer in for reason in reasons { reason.write(to: &writer) } } }
        }
    }
}

extension NodeReport.Snapshot {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("index", newest?.index)
            writer.member("term", newest?.term)
            writer.member("time", newest?.time)
            writer.member("digest", newest?.digest)
            writer.member("records", newest?.records)
            writer.member("age_seconds", ageSeconds)
            writer.member("kept", kept.count)
            writer.member("disk_bytes", diskBytes)
            writer.member("log_bytes", logBytes)
            writer.member("log_due_bytes", logDueBytes)
            writer.member("writing_percent", writing?.percent)
            writer.member("fetching_percent", fetching?.percent)
            writer.member("failure", failure?.message)
        }
    }
}

extension NodeReport.State {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("condition", condition)
            writer.member("diverged_at_index", divergedAtIndex)
            writer.member("own_digest", ownDigest)
            writer.member("agreed_digest", agreedDigest)
            writer.member("compared", compared)
            writer.member("compared_index", comparedIndex)
        }
    }
}

extension NodeReport.Reason {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("code", code)
            writer.member("message", message)
            writer.member("remedy", remedy)
        }
    }
}

// For people.
extension ClusterStatus {
    /// A heading, a line for each node, and what is wrong below. Lines end with a newline.
    public func table(name: String, inColour: Bool) -> String {
        var table = TextTable([
            "NODE", "ROLE", "HEALTH", "TERM", "LAST", "COMMIT", "APPLIED", "LAG", "DIGEST", "SNAPSHOT", "VERSION",
        ])
        for node in nodes { table.add(node.cells(isLeader: node.id == leader)) }
        let heading =
            "\(name): \(leader.map { "leader \($0)" } ?? "no leader"), term \(term), commit index \(commitIndex)"
            + timelineText
        let notes = nodes.flatMap { node in
            node.reasons.map { "\(node.id): \($0.message)\n    \($0.remedy)" }
        }
        let weak = nodes.compactMap { node -> String? in
            guard node.facts?.durabilityFull == false else { return nil }
            let when = node.facts?.durability ?? "logged"
            return "\(node.id): a write is acknowledged when it is \(when), which is too early"
        }
        let archive = nodes.compactMap(\.facts?.archive).filter(\.isShipping).map(\.line)
        let below = notes + weak + archive
        return heading + "\n" + table.text(inColour: inColour)
            + (below.isEmpty ? "" : "\n" + below.joined(separator: "\n") + "\n")
    }
}

extension ClusterStatus {
    /// Where this history comes from, if it is not the one that the cluster began with.
    private var timelineText: String {
        let names = Set(nodes.compactMap { $0.facts?.timelineName }).sorted()
        return names.isEmpty || names == ["1"] ? "" : ", timeline " + names.joined(separator: " and ")
    }
}

extension ClusterStatus.Node {
    fileprivate func cells(isLeader: Bool) -> [TextTable.Cell] {
        guard let facts else {
            return [.init(id), .init("?"), .init("unreachable", .bad)] + Array(repeating: .init("-"), count: 8)
        }
        return [
            .init(id), .init(facts.role, isLeader ? .strong : .plain), health(facts), .init(String(facts.term)),
            .init(String(facts.lastIndex)), .init(String(facts.commitIndex)), .init(String(facts.appliedIndex)),
            .init(lagText), .init(facts.digest.map { String($0.prefix(12)) } ?? "-"), snapshot(facts.snapshot),
            .init(facts.version ?? "-"),
        ]
    }

    /// A state that is not sound before all else; while the node starts, how far it is.
    private func health(_ facts: NodeReport.Facts) -> TextTable.Cell {
        if isHealthy { return .init("ok", .good) }
        if let state = facts.state, !state.isSound { return .init("STATE " + state.condition.uppercased(), .bad) }
        if reasons.first?.code == "starting", let start = facts.startText { return .init(start, .doubtful) }
        return .init(reasons.first?.code ?? "unhealthy", .bad)
    }

    private func snapshot(_ snapshot: NodeReport.Snapshot?) -> TextTable.Cell {
        guard let snapshot else { return .init("-") }
        if let fetching = snapshot.fetching { return .init("fetching \(Int(fetching.percent))%", .doubtful) }
        let newest = snapshot.newest.map { newest in
            "\(newest.index)" + (snapshot.ageSeconds.map { " (\(RoughTime.text(seconds: $0)))" } ?? "")
        }
        if snapshot.failure != nil { return .init((newest.map { "\($0), " } ?? "") + "failed", .bad) }
        return .init(newest ?? "-")
    }

    private var lagText: String {
        guard let lagEntries else { return "-" }
        guard lagEntries > 0, let lagMilliseconds else { return String(lagEntries) }
        return "\(lagEntries) (\(Int(lagMilliseconds.rounded())) ms)"
    }
}
