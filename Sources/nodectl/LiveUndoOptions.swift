// `nodectl restore --into-live`: some keys of a running cluster as they were.

import ArgumentParser
import NodeControl
import Platform

struct LiveUndoOptions: ParsableArguments {
    @Flag(help: "Make keys of the running cluster what they were, instead of a data directory.")
    var intoLive = false

    @Option(help: "With --into-live: which keys, a pattern as Redis has them: 'order:*'.")
    var keys: String?

    @Option(help: "With --into-live: why, for the log.")
    var reason: String?

    @Flag(help: "With --into-live: show what would change, and change nothing.")
    var dryRun = false

    @Flag(help: "With --into-live: do it without asking.")
    var yes = false

    func check() throws {
        guard intoLive else {
            guard keys == nil, reason == nil, !dryRun, !yes else {
                throw ValidationError("--keys, --reason, --dry-run and --yes go with --into-live")
            }
            return
        }
        guard let keys, !keys.isEmpty else { throw ValidationError("--into-live needs --keys PATTERN") }
        guard let reason, !reason.isEmpty else { throw ValidationError("--into-live needs --reason TEXT") }
        guard !(dryRun && yes) else { throw ValidationError("give one of --dry-run and --yes") }
    }

    func run(_ surroundings: Surroundings, from: String?, _ access: ArchiveAccess, _ point: PastPoint) throws {
        ThisProcess.prepareToGrow()
        let undo = LiveUndo(view: try surroundings.view(), clusterFile: surroundings.clusterFile) {
            url throws(ControlError) in
            try access.place(url)
        } tell: {
            StandardStreams.writeError($0 + "\n")
        }
        let order = UndoOrder(pattern: keys ?? "", point: point, reason: reason ?? "", isDryRun: dryRun)
        let report = try undo.run(order, from: from) { shown in
            // What JSON is for has nobody to look at it, and gets one document only.
            let text = shown.text(inColour: surroundings.inColour)
            if surroundings.output == .table { StandardStreams.writeOutput(text) }
            if yes { return true }
            guard ThisProcess.isStandardInputTerminal else { return false }
            if surroundings.output == .json { StandardStreams.writeError(text) }
            StandardStreams.writeError("\nType yes to do just that: ")
            return readLine() == "yes"
        }
        surroundings.print(json: report.json, table: report.text(inColour: surroundings.inColour))
    }
}
