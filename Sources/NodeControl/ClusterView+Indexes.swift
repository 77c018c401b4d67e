// `nodectl index …`: every node is asked to prove, or to rebuild, its secondary indexes.

import Foundation
import JSON
import Platform
import Telemetry
import Vocabulary

/// What came of indexes on every node, for people and for scripts.
public struct IndexOutcome: Hashable, Sendable {
    /// One node: what it proved, or why there is nothing to show.
    public struct Node: Hashable, Sendable {
        public let name: String
        public internal(set) var verdicts: [NodeReport.IndexVerdict] = []
        /// What it rebuilt.
        public internal(set) var rebuilt: [NodeReport.Index] = []
        /// Nil when all went well.
        public internal(set) var failure: String?
    }

    /// What was done, for the head of the text: `equal` or `rebuilt`.
    let isProof: Bool
    public internal(set) var nodes: [Node]

    /// Whether every node has done it, and found no difference.
    public var isGood: Bool {
        nodes.allSatisfy { node in
            node.failure == nil && node.verdicts.allSatisfy(\.equal) && node.rebuilt.allSatisfy { $0.failure == nil }
        }
    }

    public var text: String {
        var lines: [String] = []
        for node in nodes {
            if let failure = node.failure {
                lines.append("\(node.name): failed: \(failure)")
            } else if !isProof {
                lines += node.rebuilt.map { "\(node.name): \($0.rebuildText)" }
                if node.rebuilt.isEmpty { lines.append("\(node.name): there are no indexes") }
            } else if node.verdicts.isEmpty {
                lines.append("\(node.name): there are no indexes")
            }
            lines += node.verdicts.map { verdict in
                let built = verdict.ready ? "" : ", as far as it is built"
                return verdict.equal
                    ? "\(node.name): \(verdict.index)/\(verdict.field) equals its \(verdict.expected) records\(built)"
                    : "\(node.name): \(verdict.index)/\(verdict.field) DIFFERS: it holds \(verdict.entries) values, "
                        + "the records have \(verdict.expected)\(built)"
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("good", isGood)
            writer.member("nodes") { writer in
                writer.array { writer in for node in nodes { IndexOutcome.write(node, to: &writer) } }
            }
        }
        return writer.bytes + [0x0A]
    }

    private static func write(_ node: Node, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("node", node.name)
            writer.member("failure", node.failure)
            writer.member("rebuilt") { writer in
                writer.array { writer in for index in node.rebuilt { index.write(to: &writer) } }
            }
            writer.member("verdicts") { writer in
                writer.array { writer in
                    for verdict in node.verdicts {
                        writer.object { writer in
                            writer.member("index", verdict.index)
                            writer.member("field", verdict.field)
                            writer.member("ready", verdict.ready)
                            writer.member("entries", verdict.entries)
                            writer.member("expected", verdict.expected)
                            writer.member("equal", verdict.equal)
                        }
                    }
                }
            }
        }
    }
}

extension NodeReport.Index {
    fileprivate var rebuildText: String {
        if let failure { return "\(name) FAILED, the one before it stays in service: \(failure)" }
        guard let build = lastBuild else { return "\(name) rebuilt" }
        let rate = build.perSecond.map { " (\(Int($0))/s)" } ?? ""
        let before = build.entriesBefore.map { "\($0) values before, " } ?? ""
        return "\(name) rebuilt from \(build.records) records in \(build.seconds) s\(rate): "
            + "\(before)\(build.entries) after, equal to its records"
    }

    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("index", name)
            writer.member("failure", failure)
            writer.member("records", lastBuild?.records)
            writer.member("seconds", lastBuild?.seconds)
            writer.member("per_second", lastBuild?.perSecond)
            writer.member("entries_before", lastBuild?.entriesBefore)
            writer.member("entries", lastBuild?.entries)
        }
    }
}

extension ClusterView {
    /// Has every node prove that its indexes, or the one of this name, equal their records, and waits for it.
    ///
    /// A node that cannot be asked, or starts again meanwhile, is a failure of its own in the outcome.
    public func verifyIndexes(
        _ name: String?, within limit: Duration = .seconds(3600)
    ) throws(ControlError) -> IndexOutcome {
        struct Answer: Decodable { let proof: UInt64 }
        return try onEveryNode("/v1/indexes/verify", name, isProof: true, within: limit) { body, facts in
            guard let number = (try? JSONDecoder().decode(Answer.self, from: Data(body)))?.proof else {
                return .failed("its answer cannot be read")
            }
            // What a node tells of itself is a little old: the proof may not be in it yet.
            guard let proof = facts.indexProof, proof.ended >= number else { return .under }
            return .proved(proof.verdicts)
        }
    }

    /// Has every node build its indexes, or the one of this name, anew beside those in service, and waits for it.
    public func rebuildIndexes(
        _ name: String?, within limit: Duration = .seconds(3600)
    ) throws(ControlError) -> IndexOutcome {
        try onEveryNode("/v1/indexes/rebuild", name, isProof: false, within: limit) { _, facts in
            let indexes = (facts.indexes ?? []).filter { name == nil || $0.name == name }
            return indexes.allSatisfy { $0.state == "ready" } ? .rebuilt(indexes) : .under
        }
    }

    /// How far a node is.
    private enum Stage {
        case under
        case proved([NodeReport.IndexVerdict])
        case rebuilt([NodeReport.Index])
        case failed(String)
    }

    /// Asks all nodes, so that they work side by side, then waits for each: until `look` says that it is done.
    private func onEveryNode(
        _ path: String, _ name: String?, isProof: Bool, within limit: Duration,
        _ look: (_ answer: [UInt8], _ facts: NodeReport.Facts) -> Stage
    ) throws(ControlError) -> IndexOutcome {
        let start = MonotonicClock.now()
        let deadline = start + limit
        var outcome = IndexOutcome(isProof: isProof, nodes: [])
        var answers: [[UInt8]?] = []
        for node in nodes {
            var entry = IndexOutcome.Node(name: node.name)
            var answer: [UInt8]?
            do throws(ControlError) {
                answer = try client(node).ask(
                    "POST", path, body: ClusterView.body(naming: name), until: MonotonicClock.now() + patience)
            } catch {
                entry.failure = "\(error)"
            }
            answers.append(answer)
            outcome.nodes.append(entry)
        }
        for (position, node) in nodes.enumerated() {
            guard let answer = answers[position] else { continue }
            let found = try Pause.untilDone(deadline) {
                () throws(ControlError) -> IndexOutcome.Node? in
                var entry = outcome.nodes[position]
                guard let facts = only([node.name]).ask().first?.report?.node else {
                    entry.failure = "it no longer answers"
                    return entry
                }
                if let uptime = facts.uptimeSeconds, uptime < (MonotonicClock.now() - start).inSeconds {
                    entry.failure = "it has started again since it was asked"
                    return entry
                }
                switch look(answer, facts) {
                case .under: return nil
                case .proved(let verdicts): entry.verdicts = verdicts
                case .rebuilt(let indexes): entry.rebuilt = indexes
                case .failed(let reason): entry.failure = reason
                }
                return entry
            }
            guard let found else { throw .timedOut(what: "the indexes of \(node.name)", follow: "look at /v1/status") }
            outcome.nodes[position] = found
        }
        return outcome
    }

    private static func body(naming name: String?) -> [UInt8] {
        guard let name else { return [] }
        var writer = JSONWriter()
        writer.object { $0.member("index", name) }
        return writer.bytes
    }
}
