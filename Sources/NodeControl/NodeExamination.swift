// What the nodes' own reports, side by side, say is wrong.

enum NodeExamination {
    /// Clocks further apart are worth a warning: correctness needs none, but people compare logs.
    static let clockToleranceSeconds = 2.0

    static func findings(_ asked: [AskedNode]) -> [Finding] {
        let status = ClusterStatus(asked)
        return asked.flatMap(node) + leader(status) + versions(asked) + clocks(asked) + digests(asked)
    }

    private static func node(_ asked: AskedNode) -> [Finding] {
        switch asked.outcome {
        case .failure(let error):
            return [Finding(.error, asked.name, "\(error)", remedy: error.remedy.text)]
        case .success(let report):
            let id = report.node.id
            if report.node.healthy {
                return [Finding(.good, id, "answers; \(report.node.role), applied \(report.node.appliedIndex)")]
            }
            let reasons = report.node.reasons ?? []
            if reasons.isEmpty { return [Finding(.error, id, "is not healthy", remedy: "see its log")] }
            return reasons.map { Finding($0.isPassing ? .warning : .error, id, $0.message, remedy: $0.remedy) }
        }
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
        var findings: [Finding] = []
        let reports = asked.compactMap(\.report)
        for (position, one) in reports.enumerated() {
            for other in reports[(position + 1)...]
            where one.node.appliedIndex == other.node.appliedIndex && one.node.digest != nil
                && other.node.digest != nil && one.node.digest != other.node.digest
            {
                findings.append(
                    Finding(
                        .error, "\(one.node.id) and \(other.node.id)",
                        "differ in their state at index \(one.node.appliedIndex)",
                        remedy: "stop both, keep their data directories, and report it: this must not happen"))
            }
        }
        return findings
    }
}
