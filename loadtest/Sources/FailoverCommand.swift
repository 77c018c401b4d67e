// `loadtest failover`: how long writes wait after a fault of the leader.

import ArgumentParser
import JSON
import Platform
import Telemetry
import Vocabulary

/// The cluster under test, for commands that also break it.
struct ClusterOptions: ParsableArguments {
    @Option(help: "The cluster.json of a playground.")
    var cluster: String

    @Flag(help: "Use the plaintext client ports.")
    var plaintext = false

    func tested() throws -> TestedCluster { try TestedCluster(path: cluster) }

    func security(_ cluster: TestedCluster) throws -> ChannelSecurity? {
        plaintext ? nil : try ChannelSecurity(trusting: cluster.resolve(cluster.file().ca))
    }
}

extension Fault: ExpressibleByArgument {}

struct FailoverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "failover",
        abstract: "Measures the time from a fault of the leader to the next acknowledged write.",
        discussion: """
            Clients of all nodes write at a constant rate. In each trial the leader of a healthy cluster is killed, \
            paused, stopped, or asked to hand over. The time counts from just before the fault to the first \
            acknowledgement of a write that was submitted after it, through whatever node.
            """)

    @OptionGroup var target: ClusterOptions

    @Option(help: "What is done to the leader.")
    var fault = Fault.kill

    @Option(help: "How many times.")
    var trials = 30

    @Option(help: "How many connections, spread over all nodes.")
    var connections = 24

    @Option(help: "Writes a second, of all connections together.")
    var rate = 2000

    @Flag(help: "Print one line of JSON instead of a table.")
    var json = false

    func validate() throws {
        guard (1...100_000).contains(rate) else { throw ValidationError("--rate: 1 to 100000") }
        guard (1...10_000).contains(trials) else { throw ValidationError("--trials: 1 to 10000") }
        guard (3...1000).contains(connections) else { throw ValidationError("--connections: 3 to 1000") }
    }

    func run() throws {
        let cluster = try target.tested()
        let driver = FailoverDriver(
            cluster: cluster, fault: fault, trials: trials, token: try cluster.token(),
            writesPerSecond: rate, now: MonotonicClock.now())
        var loop = try ClientLoop(
            endpoints: cluster.endpoints(plaintext: target.plaintext), connections: connections, requestsMax: 256,
            answerTimeout: .seconds(1), security: target.security(cluster), driver: driver)
        loop.run()
        report(loop.driver.results, writes: loop.driver.writes)
        if let problem = loop.driver.problem {
            StandardStreams.writeError("after \(loop.driver.results.count) trials: \(problem)\n")
            throw ExitCode.failure
        }
    }

    private func report(_ trials: [Trial], writes: Int) {
        let recoveries = trials.compactMap { $0.recovery.map(FailoverCommand.milliseconds) }.sorted()
        let gaps = trials.map { FailoverCommand.milliseconds($0.longestGap) }.sorted()
        guard !recoveries.isEmpty else { return }
        var errors: [String: Int] = [:]
        for trial in trials { errors.merge(trial.errors) { $0 + $1 } }
        if json { return printJSON(trials.count, writes: writes, recoveries, gaps, errors) }
        print("\(fault.rawValue) of the leader, \(trials.count) trials, \(rate) writes/s, milliseconds")
        let rows = [("next acknowledged write", recoveries), ("longest gap", gaps)].map { name, values in
            [name] + FailoverCommand.ranks.map { Report.decimal(Report.rank(values, $0.1), places: 1) }
        }
        print(Report.table([[""] + FailoverCommand.ranks.map(\.0)] + rows))
        let words = errors.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }
        print("errors seen by clients: " + (words.isEmpty ? "none" : words.joined(separator: ", ")))
    }

    private func printJSON(
        _ trials: Int, writes: Int, _ recoveries: [Double], _ gaps: [Double], _ errors: [String: Int]
    ) {
        var json = JSONWriter()
        json.object { json in
            json.member("fault", fault.rawValue)
            json.member("trials", trials)
            json.member("writes", writes)
            for (name, values) in [("recovery", recoveries), ("gap", gaps)] {
                for (rank, share) in FailoverCommand.ranks {
                    json.member("\(name)_\(rank)_ms", Report.rank(values, share))
                }
            }
            json.member("errors") { $0.counts(errors) }
        }
        StandardStreams.writeOutput(json.bytes.span.bytes)
        print()
    }

    private static let ranks = [("median", 0.5), ("p90", 0.9), ("worst", 1.0)]

    private static func milliseconds(_ duration: Duration) -> Double { Double(duration.inNanoseconds) / 1e6 }
}
