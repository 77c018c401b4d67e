// `simulate`: clusters in simulated worlds, by seed. Arguments in, library calls out.

import ArgumentParser
import Platform
import Simulation

@main struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Runs whole clusters in a simulated world of clocks, networks and disks.",
        discussion: """
            A run is its seed: the same seed gives the same events on any machine, and its last line says so: \
            `seed S trace HASH ok`, or `… FAILED judge`. Exit code 1 when any run fails. docs/TESTING.md tells more.
            """)

    @Option(help: "Run one seed.")
    var seed: UInt64?
    @Option(help: "Run a range of seeds, both ends included: A..B.")
    var seeds: SeedRange?
    @Option(help: "Run fresh seeds for so long, for example 60s.")
    var time: Seconds?
    @Option(help: "Run a schedule that was written down.", completion: .file())
    var replay: String?
    @Option(help: "Judge a history of real clients, as the campaign writes it.", completion: .file())
    var judge: String?
    @Option(help: "Plant a bug: its name, `list`, or `all` to see that each one is found within --seeds.")
    var bug: String?
    @Option(help: "How many nodes, instead of what the seed draws.")
    var nodes: Int?
    @Option(help: "How long faults last in each run, instead of what the seed draws, for example 30s.")
    var length: Seconds?
    @Option(help: "How many lines of the trace to show of a failure.")
    var trace = 60
    @Flag(help: "Shrink the schedule of a failure, and write it down for --replay.")
    var minimise = false
    @Flag(help: .hidden)
    var inChild = false

    func validate() throws {
        if let nodes, !(1...Schedule.nodesMax).contains(nodes) {
            throw ValidationError("--nodes is 1 to \(Schedule.nodesMax).")
        }
        if [seed != nil, seeds != nil, time != nil, replay != nil, judge != nil].count(where: { $0 }) > 1 {
            throw ValidationError("Choose one of --seed, --seeds, --time, --replay and --judge.")
        }
        if let bug, bug != "list", bug != "all", PlantedBug(rawValue: bug) == nil {
            throw ValidationError("There is no bug `\(bug)` to plant: see --bug list.")
        }
    }

    func run() throws {
        Signals.ignoreBrokenPipe()
        ThisProcess.forbidCoreFiles()
        if let judge { return try HistoryFile(path: judge).judge() }
        if bug == "list" {
            for bug in PlantedBug.allCases { StandardStreams.writeOutput(bug.rawValue + "\n") }
            return
        }
        let runner = Runner(bug: bug.flatMap(PlantedBug.init), nodes: nodes, length: length, traceLines: trace)
        if bug == "all" { return try BugTable(runner: runner, seeds: seeds ?? SeedRange(1...200)).run() }
        if inChild { return runner.runHere(seeds ?? SeedRange(0...0), replay: try replay.map(Runner.readSchedule)) }
        if let replay { return try runner.show(Runner.readSchedule(replay), minimises: minimise) }
        if let seed { return try runner.show(runner.schedule(seed), minimises: minimise) }
        if let time { return try runner.runFresh(for: time) }
        try runner.runAll(seeds ?? SeedRange(1...100))
    }
}

/// `A..B`, both ends included.
struct SeedRange: ExpressibleByArgument {
    let seeds: ClosedRange<UInt64>

    init(_ seeds: ClosedRange<UInt64>) { self.seeds = seeds }

    init?(argument: String) {
        guard let dots = argument.firstRange(of: ".."), let first = UInt64(argument[..<dots.lowerBound]),
            let last = UInt64(argument[dots.upperBound...]), first <= last
        else { return nil }
        seeds = first...last
    }
}

/// A duration with its unit: `90s`, `5m`.
struct Seconds: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        guard let unit = argument.last, let number = Int64(argument.dropLast()), number > 0 else { return nil }
        switch unit {
        case "s": duration = .seconds(number)
        case "m": duration = .seconds(60 * number)
        default: return nil
        }
    }
}
