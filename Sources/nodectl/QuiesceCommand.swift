// `nodectl quiesce NODE`: its files stand still while a command copies them.

import ArgumentParser
import NodeControl
import Platform
import Vocabulary

struct QuiesceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quiesce", abstract: "Holds a node's files still, so that they can be copied.",
        discussion: """
            With a command behind `--`, runs it while the files stand still, then lets them go on: exit code 1 when \
            the command failed, or the files did not stand still until its end; then the copy is not to be used. \
            Without one, prints of which state the files are, and `--release` ends it. The node serves meanwhile, and \
            what it would write waits in memory; while it is the only one, or another is missing, writes wait.
            """)

    @ParentCommand var root: Nodectl
    @OptionGroup var common: CommonOptions

    @Argument(help: "The node.")
    var node: String

    @Option(name: .customLong("for"), help: "How long at most: 30s, 5m.")
    var time = "30s"

    @Flag(help: "End it, and say whether the files stood still until now; exit code 1 when not.")
    var release = false

    @Argument(parsing: .postTerminator, help: "The command that copies, and its arguments.")
    var command: [String] = []

    func run() throws {
        let surroundings = Surroundings(root.common, common)
        let view = try surroundings.view()
        if release {
            let ending = try view.endQuiesce(node)
            surroundings.print(json: ending.json(of: node), table: ending.text(of: node))
            if !ending.held { throw ExitCode(1) }
            return
        }
        let report = try view.quiesce(node, for: try seconds)
        guard let program = command.first else {
            return surroundings.print(json: report.json(of: node, ending: nil), table: report.text(of: node))
        }
        let status = Result { try QuiesceCommand.run(program, Array(command.dropFirst())) }
        let ending = try view.endQuiesce(node)
        surroundings.print(
            json: report.json(of: node, ending: ending), table: report.text(of: node) + ending.text(of: node))
        if try status.get() != .exited(code: 0) || !ending.held { throw ExitCode(1) }
    }

    private var seconds: Duration {
        get throws {
            let factor: [Character: Int] = ["s": 1, "m": 60]
            guard let unit = time.last, let scale = factor[unit], let number = Int(time.dropLast()),
                (1...300).contains(number * scale)
            else { throw ValidationError("--for takes 1s to 300s, or 1m to 5m") }
            return .seconds(number * scale)
        }
    }

    private static func run(_ program: String, _ arguments: [String]) throws -> ExitStatus {
        guard let path = ChildProcess.find(program) else { throw ValidationError("there is no program \(program)") }
        let process = try ChildProcess.spawn(path, arguments: arguments)
        return try ChildProcess.wait(process) ?? .exited(code: 0)
    }
}
