// What the nodes' own reports, side by side, say is wrong.

import Vocabulary

enum NodeExamination {
    /// Clocks further apart are worth a warning: correctness needs none, but people compare logs.
    static let clockToleranceSeconds = 2.0

    static func findings(_ asked: [AskedNode]) -> [Finding] {
        let status = ClusterStatus(asked)
        return asked.flatMap(node) + leader(status) + majority(asked) + versions(asked) + clocks(asked) + digests(asked)
            + snapshotDigests(asked)
    }

    private static func node(_ asked: AskedNode) -> [Finding] {
        switch asked.outcome {
        case .failure(let error):
            return [Finding(.error, asked.name, "\(error)", remedy: error.remedy.text)]
        case .success(let report):
            let id = report.node.id
            let more =
                quarantine(id, report.node.quarantine) + SnapshotExamination.findings(id, report.node.snapshot)
                + ArchiveExamination.findings(id, report.node.archive)
            if report.node.healthy {
                return [Finding(.good, id, "answers; \(report.node.role), applied \(report.node.appliedIndex)")] + more
            }
            let reasons = report.node.troubles
            if reasons.isEmpty { return [Finding(.error, id, "is not healthy", remedy: "see its log")] + more }
            return more
                + reasons.map { Finding($0.isPassing ? .warning : .error, id, $0.message, remedy: $0.remedy) }
        }
    }

    /// Nothing removes what repairs have put aside but people, so people are told of it.
    private static func quarantine(_ node: String, _ quarantine: NodeReport.Quarantine?) -> [Finding] {
        guard let quarantine, quarantine.files > 0 else { return [] }
        let size = ByteCount(quarantine.bytes)
        return [
            Finding(
                .note, node, "\(quarantine.files) files of earlier repairs, \(size), are in \(quarantine.directory)",
                remedy: "look at its newest report; when nobody needs them any more, remove the files in there")
        ]
    }

    /// No node is elected on guesswork: what a majority may have lost, only people can bring back.
    private static func majority(_ asked: [AskedNode]) -> [Finding] {
        let fenced = asked.compactMap(\.report).filter { $0.node.repair.map { $0.stage != "found" } ?? false }
        guard fenced.count > asked.count - fenced.count else { return [] }
        let names = fenced.map(\.node.id).joined(separator: ", ")
        return [
            Finding(
                .error, "cluster", "\(names) are under repair at once, so no leader can be elected",
                remedy: "change nothing on any disk; see \"When a log is damaged\" in docs/OPERATING.md")
        ]
    }

    private static func leader(_ status: ClusterStatus) -> [Finding] {
        guard let leader = status.leader else {
            return [
                Finding(
                    .error, "cluster", "has no leader: \(status.answered) of \(status.nodes.count) nodes answer",
                    remedy: "start the missing nodes or repair the network between them")
            ]
        }
        return [Finding(.good, "cluster", "\(leader) leads in term \(status.term)")]
    }

    private static func versions(_ asked: [AskedNode]) -> [Finding] {
        let reports = asked.compactMap(\.report)
        var findings: [Finding] = []
        if Set(reports.map(\.node.version)).count > 1 {
            let list = reports.map { "\($0.node.id) \($0.node.version ?? "?")" }.joined(separator: ", ")
            findings.append(
                Finding(.warning, "versions", "differ: \(list)", remedy: "bring all nodes to the same version"))
        }
        for report in reports where report.node.durabilityFull == false {
            findings.append(
                Finding(
                    .warning, report.node.id,
                    "acknowledges writes when \(report.node.durability ?? "logged"), before a majority has synced them",
                    remedy: "remove the setting that allows it, unless that loss is acceptable"))
        }
        return findings
    }

    private static func clocks(_ asked: [AskedNode]) -> [Finding] {
        let clocks = asked.compactMap { node in node.clockAhead.map { (node.name, $0) } }
        guard let lowest = clocks.min(by: { $0.1 < $1.1 }), let highest = clocks.max(by: { $0.1 < $1.1 }) else {
            return []
        }
        let spread = highest.1 - lowest.1
        // The dates are whole seconds, so one of difference is none.
        guard spread > clockToleranceSeconds else { return [Finding(.good, "clocks", "agree to about a second")] }
        return [
            Finding(
                .warning, "clocks", "\(highest.0) is \(Int(spread.rounded())) s ahead of \(lowest.0)",
                remedy: "synchronize the machines' clocks (chrony or systemd-timesyncd)")
        ]
    }

    /// Equal applied index means equal digest.
    private static func digests(_ asked: [AskedNode]) -> [Finding] {
        pairs(of: asked).compactMap { one, other in
            guard one.appliedIndex == other.appliedIndex, let digest = one.digest, let second = other.digest,
                digest != second
            else { return nil }
            return Finding(
                .error, "\(one.id) and \(other.id)", "differ in their state at index \(one.appliedIndex)",
                remedy: "stop both, keep their data directories, and report it: this must not happen")
        }
    }

    /// So do snapshots at the same index.
    private static func snapshotDigests(_ asked: [AskedNode]) -> [Finding] {
        pairs(of: asked).compactMap { one, other in
            let differing = (one.snapshot?.kept ?? []).first { kept in
                other.snapshot?.at(kept.index).map { $0.digest != kept.digest } ?? false
            }
            guard let differing else { return nil }
            return Finding(
                .error, "\(one.id) and \(other.id)", "differ in their snapshots at index \(differing.index)",
                remedy: "keep both snapshot directories, and report it: this must not happen")
        }
    }

    private static func pairs(of asked: [AskedNode]) -> [(NodeReport.Facts, NodeReport.Facts)] {
        let facts = asked.compactMap { $0.report?.node }
        return facts.indices.flatMap { i in facts[(i + 1)...].map { (facts[i], $0) } }
    }
}
