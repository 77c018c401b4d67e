// `nodectl drill run`: which disaster, where, and whether the live cluster is meant.

import ArchiveFormat
import ArgumentParser
import NodeControl
import Platform

/// The scenarios that are run by name.
enum ScenarioName: String, ExpressibleByArgument, CaseIterable {
    case totalLoss = "total-loss"
    case lostLeader = "lost-leader"
    case corruptLog = "corrupt-log"
    case badWrite = "bad-write"

    var scenario: DrillScenario {
        switch self {
        case .totalLoss: .totalLoss
        case .lostLeader: .lostLeader
        case .corruptLog: .corruptLog
        case .badWrite: .badWrite
        }
    }
}

struct DrillRun: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Performs a disaster on a scratch copy, and measures the recovery.",
        discussion: """
            Nothing of a live cluster is touched: nodes of their own run in a scratch directory, which is removed \
            whatever happens; that of a drill that was killed by the next one. Without --from, all scenarios but \
            total-loss begin with records made up. Exit code 1 when the drill failed or is over budget.
            """)

    @ParentCommand var parent: DrillCommand
    @OptionGroup var common: CommonOptions

    @Option(help: "What happens.")
    var scenario = ScenarioName.totalLoss

    @Option(help: "The archive to restore from: file:///path or s3://bucket/prefix.")
    var from: String?

    @OptionGroup var access: ArchiveAccess

    @Option(help: "The number of an earlier drill, to repeat it; or any, up to 2^53.")
    var seed: UInt64?

    @Option(help: "Nodes of the scratch cluster (default: 1, and 3 where one is to survive).")
    var nodes: Int?

    @OptionGroup var rehearsal: RehearsalOptions

    @Flag(help: "On the live cluster that --cluster describes: lost-leader only, as a planned hand-over.")
    var live = false

    @Option(help: "With --live: the cluster's name, in place of typing it.")
    var confirm: String?

    func validate() throws {
        if let seed, seed > DrillOrder.seedMax { throw ValidationError("--seed takes a number up to 2^53") }
        if let nodes, !(1...7).contains(nodes) { throw ValidationError("--nodes takes 1 to 7") }
        if confirm != nil, !live { throw ValidationError("--confirm needs --live") }
    }

    func run() throws {
        let surroundings = Surroundings(parent.root.common, common)
        var order = try rehearsal.order()
        (order.scenario, order.seed, order.nodes) = (scenario.scenario, seed, nodes)
        let place = try from.map { url throws(ControlError) in try access.place(url) }
        if live { try refuseUnlessSafe() }
        let drill = try Drill(place, order) { StandardStreams.writeError("drill: \($0)\n") }
        guard live else { return try rehearsal.report(drill.run(), surroundings) }
        let view = try surroundings.view()
        try confirmName(view.name)
        try rehearsal.report(drill.handOver(view), surroundings)
    }

    private func refuseUnlessSafe() throws(ControlError) {
        guard scenario == .lostLeader else {
            throw .refused(
                reason: "\(scenario.rawValue) destroys data, and is never done to a live cluster",
                remedy: "leave --live out: the same is done to a scratch copy", override: nil)
        }
    }

    private func confirmName(_ name: String) throws(ControlError) {
        let typed: String?
        if let confirm {
            typed = confirm
        } else {
            StandardStreams.writeError("The leader of \(name) will hand over. Type the cluster's name to go on: ")
            typed = readLine()
        }
        guard typed == name else {
            throw .refused(
                reason: "the name of the cluster was not confirmed", remedy: "type \(name), or give --confirm \(name)",
                override: nil)
        }
    }
}
