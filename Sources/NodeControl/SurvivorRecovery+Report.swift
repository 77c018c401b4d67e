// What a recovery from one survivor costs, and what came of it: for people and for scripts.

import JSON
import Telemetry
import Vocabulary

extension SurvivorRecovery {
    /// What the operator has to know before it begins. Lines end with a newline.
    public var warning: String {
        guard !hasBegun else {
            return "\(node): its recovery as timeline \(next) has begun already; its next start finishes it\n"
        }
        var lines = [
            "This makes \(node) the only member of its cluster, from what is in \(place.dataDirectory).",
            "Do it only when the majority is lost for good: as long as it can be started, nothing is lost.",
            "", "  node       \(node) of cluster \(directory.identity.cluster)", "  log        \(logText)",
            "  confirmed  \(confirmedText)", "  kept       \(keptText)",
        ]
        if let doubt = doubtText { lines.append("  doubt      \(doubt)") }
        return
            (lines + [
                "  forgotten  \(othersText)",
                "  lost       every write that was acknowledged without \(node): what only the others have is gone",
                "  timeline   \(timeline) ends here, and \(next) begins: nodes of \(timeline) are refused from then on",
            ]).joined(separator: "\n") + "\n"
    }

    private var logText: String {
        let snapshot = replica.newestSnapshot.map { ", snapshot at index \($0.index)" } ?? ""
        return "ends at index \(replica.last.index) of term \(replica.last.term)\(snapshot)"
    }

    private var confirmedText: String {
        "up to index \(replica.commitIndex), as \(node) knew: a majority had these entries, and they are kept"
    }

    /// Entries that only a leader of the majority could have confirmed, or given up.
    private var unconfirmed: Int { replica.last.index - replica.commitIndex }

    private var keptText: String {
        guard unconfirmed > 0 else { return "nothing beyond that: \(node) has no entry that was not confirmed" }
        return "\(unconfirmed) entries behind that, \(replica.commitIndex.next) to \(replica.last.index), which count "
            + "from now on whether they were acknowledged or not"
    }

    private var doubtText: String? {
        guard let fence = replica.log.state.fence else { return nil }
        return "the log was under repair: it may have lost entries up to index \(fence) that it had acknowledged"
    }

    private var othersText: String {
        others.isEmpty ? "all other members" : others.map(\.description).joined(separator: ", ")
    }

    /// What was done, and what comes next.
    public func outcome(kept: [String]) -> String {
        let lines =
            kept.map { "\(node): kept as it was: \($0)" } + [
                "\(node): timeline \(next) begins with the node's next start. Start it, then add nodes: "
                    + "`nodectl members add`"
            ]
        return lines.joined(separator: "\n") + "\n"
    }

    public func json(kept: [String]) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("node", node.description)
            writer.member("cluster", directory.identity.cluster.description)
            writer.member("timeline", next.number)
            writer.member("timeline_name", next.description)
            writer.member("given_up_timeline_name", hasBegun ? nil : timeline.description)
            writer.member("last_index", replica.last.index.rawValue)
            writer.member("last_term", replica.last.term.rawValue)
            writer.member("commit_index", replica.commitIndex.rawValue)
            writer.member("fence", replica.log.state.fence?.rawValue)
            writer.member("forgotten") { $0.array { writer in for node in others { writer.value(node.description) } } }
            writer.member("kept") { $0.array { writer in for name in kept { writer.value(name) } } }
        }
        return writer.bytes + [0x0A]
    }
}
