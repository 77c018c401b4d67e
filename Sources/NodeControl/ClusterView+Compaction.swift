// `nodectl compact`: every node is asked to make its disk and memory smaller, and waited for.

import Platform
public import Telemetry
import Vocabulary

extension ClusterView {
    /// How long files may take to go, and figures to be told, behind the end of a compaction.
    private static let settling = Duration.milliseconds(1500)
    /// How long a node may be busy with an earlier snapshot before another one is ordered.
    private static let renewal = Duration.seconds(5)

    /// Has all nodes that answer do it, and waits until they have.
    ///
    /// - Throws: `timedOut` when one goes on at the end of `limit`.
    public func compact(
        _ parts: Set<CompactionPart>, within limit: Duration = .seconds(3600), progress: (String) -> Void
    ) throws(ControlError) -> CompactionReport {
        let deadline = MonotonicClock.now() + limit
        var report = CompactionReport()
        var orders: [(node: Node, number: UInt64, before: NodeReport.Facts)] = []
        for node in nodes {
            do throws(ControlError) {
                orders.append(try orderCompaction(of: node, parts))
            } catch { report.failures.append(CompactionReport.Failure(node: node.name, text: "\(error)")) }
        }
        if parts.contains(.snapshots), !orders.isEmpty { _ = try orderSnapshot(until: deadline) }
        var orderedAt = MonotonicClock.now()
        var waiting = orders.map { ($0.node, $0.number) }
        let isDone: Bool? = try Pause.untilDone(deadline) { () throws(ControlError) in
            waiting.removeAll { hasCompacted($0.0, $0.1) }
            if waiting.isEmpty { return true }
            guard MonotonicClock.now() - orderedAt > ClusterView.renewal else { return nil }
            orderedAt = MonotonicClock.now()
            progress("waiting for \(waiting.map(\.0.name).joined(separator: ", "))")
            // Who was busy with an earlier snapshot has passed the order over.
            if parts.contains(.snapshots), waiting.contains(where: { isAtRest($0.0) }) {
                _ = try orderSnapshot(until: deadline)
            }
            return nil
        }
        guard isDone != nil else {
            throw .timedOut(
                what: "the compaction of \(waiting.map(\.0.name).joined(separator: ", "))", follow: "look at /v1/status"
            )
        }
        _ = try Pause.until(MonotonicClock.now() + ClusterView.settling) { () throws(ControlError) -> Bool? in nil }
        for order in orders { add(order, parts, to: &report) }
        return report
    }

    private func orderCompaction(
        of node: Node, _ parts: Set<CompactionPart>
    ) throws(ControlError) -> (node: Node, number: UInt64, before: NodeReport.Facts) {
        struct Answer: Decodable { let compaction: UInt64 }
        let asked = only([node.name]).ask().first
        guard let before = asked?.report?.node else {
            throw .answer(
                address: node.admin.description, message: "it does not answer", remedy: "start it, then try again")
        }
        let list = parts.sorted().map(\.rawValue).joined(separator: ",")
        let body = Array(#"{"parts": "\#(list)"}"#.utf8)
        let client = client(node)
        let bytes = try client.ask("POST", "/v1/compact", body: body, until: MonotonicClock.now() + patience)
        let answer: Answer = try client.decoded(bytes, orSay: "its answer does not name the compaction")
        return (node, answer.compaction, before)
    }

    private func isAtRest(_ node: Node) -> Bool {
        only([node.name]).ask().first?.report?.node.snapshot.map { $0.writing == nil } ?? false
    }

    /// A node that has gone is not waited for: the report says so.
    private func hasCompacted(_ node: Node, _ number: UInt64) -> Bool {
        guard let facts = only([node.name]).ask().first?.report?.node else { return true }
        return facts.compaction.map { $0.ended >= number || $0.asked < number } ?? true
    }

    private func add(
        _ order: (node: Node, number: UInt64, before: NodeReport.Facts), _ parts: Set<CompactionPart>,
        to report: inout CompactionReport
    ) {
        guard let after = only([order.node.name]).ask().first?.report?.node,
            let compaction = after.compaction, compaction.ended >= order.number
        else {
            return report.failures.append(
                CompactionReport.Failure(
                    node: order.node.name, text: "it no longer answers, or has started again"))
        }
        for part in CompactionPart.allCases where parts.contains(part) {
            report.rows.append(
                CompactionReport.Row(
                    node: order.node.name, part: part, before: part.bytes(of: order.before),
                    after: part.bytes(of: after)))
        }
    }
}
