// `nodectl snapshot`: every node writes its state at one index to disk.

import ArgumentParser
import NodeControl
import Platform

struct SnapshotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot", abstract: "Has every node write a snapshot now, and waits until all have it.",
        discussion: """
            Every node writes the state at the same index, so that their digests can be compared. A start loads the \
            newest snapshot and replays only the log behind it. Exit code 1 when a node could not write it or has \
            another digest, 4 when one is not done after ten minutes. A node that does not answer is not waited for.
            """)

    @ParentCommand var root: Nodectl
    @OptionGroup var common: CommonOptions

    func run() throws {
        let surroundings = Surroundings(root.common, common)
        let outcome = try surroundings.view().snapshot { StandardStreams.writeError("snapshot: \($0)\n") }
        surroundings.print(json: outcome.json, table: outcome.text(inColour: surroundings.inColour))
        if !outcome.isGood { throw ExitCode(1) }
        if !outcome.unfinished.isEmpty {
            throw ControlError.timedOut(
                what: "the snapshot at index \(outcome.index) on \(outcome.unfinished.joined(separator: ", "))",
                follow: ClusterView.followSnapshots)
        }
    }
}
