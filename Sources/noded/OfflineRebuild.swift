// `noded --rebuild-indexes`: what is on the disk of a stopped node, its digest, and whether its indexes can be built.

import Node
import Platform
import Settings
import Vocabulary

enum OfflineRebuild {
    /// Prints a line for each thing that is found. Returns the exit code.
    static func run(_ settings: NodeSettings) -> Int32 {
        do throws(NodeError) {
            let began = MonotonicClock.now()
            var state = try StoppedState(settings) { index, why in
                StandardStreams.writeError("noded: the snapshot of index \(index) cannot be used: \(why)\n")
            }
            let took = MonotonicClock.now() - began
            say(
                "state: snapshot \(state.snapshot.map { "at index \($0)" } ?? "none"), \(state.entries) entries applied"
                    + ", \(state.records) records, \(took.inSeconds) s")
            if state.verdict.isDamage { say("log: damaged, read up to the damage") }
            say(line("committed", state.committed))
            say(line("log", state.end))
            let rebuild = IndexRebuild(&state) { say($0.text) }
            if rebuild.indexes.isEmpty { say("there are no indexes") }
            return rebuild.isGood ? 0 : 1
        } catch {
            StandardStreams.writeError("noded: \(error)\nremedy: \(error.remedy.text)\n")
            return error.exitCode
        }
    }

    private static func line(_ name: String, _ point: StatePoint) -> String {
        "\(name): index \(point.position.index), term \(point.position.term), digest \(point.digest)"
    }

    private static func say(_ text: String) { StandardStreams.writeOutput(text + "\n") }
}
