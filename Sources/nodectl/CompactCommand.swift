// `nodectl compact`: disk and memory of every node are made smaller while it serves.

import ArgumentParser
import NodeControl
import Platform
import Telemetry

struct CompactCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact", abstract: "Makes every node's snapshots, log and memory smaller, while it serves.",
        discussion: """
            Every node writes one snapshot without dead bytes in place of those that it keeps, releases the log behind \
            it but for what a follower still lacks, and gives freed memory back to the system. Exit code 1 when a node \
            did not, 4 when one is not done after an hour.
            """)

    @ParentCommand var root: Nodectl
    @OptionGroup var common: CommonOptions

    @Option(help: "What to make smaller: snapshots, log, memory, separated by commas (default: all).")
    var parts: String?

    func run() throws {
        let surroundings = Surroundings(root.common, common)
        let report = try surroundings.view().compact(try chosen) { StandardStreams.writeError("compact: \($0)\n") }
        surroundings.print(json: report.json, table: report.text(inColour: surroundings.inColour))
        if !report.isGood { throw ExitCode(1) }
    }

    private var chosen: Set<CompactionPart> {
        get throws {
            guard let parts else { return Set(CompactionPart.allCases) }
            let named = parts.split(separator: ",").map { CompactionPart(rawValue: String($0)) }
            guard !named.isEmpty, !named.contains(nil) else {
                throw ValidationError("--parts takes snapshots, log and memory, separated by commas")
            }
            return Set(named.compactMap { $0 })
        }
    }
}
