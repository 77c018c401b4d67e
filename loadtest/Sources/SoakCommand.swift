// `loadtest soak`: minutes of mixed load with kills, then every key compared on every node.

import ArgumentParser
import Platform
import Vocabulary

struct SoakCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak",
        abstract: "Runs mixed load for minutes, kills a node now and then, and checks every answer.",
        discussion: """
            Reads must give the last acknowledged value at any time. A write whose outcome is not known retires its \
            key. At the end all nodes must be healthy with one digest, and each key is compared on each node. The exit \
            code is 0 only if nothing was lost.
            """)

    @OptionGroup var target: ClusterOptions

    @Option(help: "How long.")
    var minutes = 10

    @Option(help: "How often a node is killed, such as 30s.")
    var killEvery = DurationArgument(.seconds(30))

    @Option(help: "How many connections, spread over all nodes.")
    var connections = 24

    @Option(help: "Requests a second, half reads and half writes.")
    var rate = 5000

    @Option(help: "How many different keys.")
    var keys = 50_000

    @Option(help: "Bytes per value.")
    var valueSize = 100

    func validate() throws {
        guard (1...100_000).contains(rate) else { throw ValidationError("--rate: 1 to 100000") }
        guard (1...100_000).contains(minutes) else { throw ValidationError("--minutes: 1 to 100000") }
        guard (3...1000).contains(connections) else { throw ValidationError("--connections: 3 to 1000") }
        guard (connections...1 << 24).contains(keys) else { throw ValidationError("--keys: as many as connections") }
    }

    func run() throws {
        let cluster = try target.tested()
        let endpoints = try cluster.endpoints(plaintext: target.plaintext)
        let run = String(SystemRandom.word() >> 32, radix: 36)
        let ledger = Ledger(run: run, keys: keys, valueSize: valueSize)
        let driver = try SoakDriver(
            cluster: cluster, ledger: ledger, connections: connections, requestsPerSecond: rate,
            duration: .seconds(60 * minutes), killEvery: killEvery.duration, now: MonotonicClock.now())
        var loop = try ClientLoop(
            endpoints: endpoints, connections: connections, requestsMax: 1, answerTimeout: .seconds(5),
            security: target.security(cluster), driver: driver)
        loop.run()
        let done = loop.driver
        report(done)
        if let problem = done.problem { throw TestFailure(description: problem) }

        let state = try SoakCommand.waitForAgreement(cluster)
        print("all nodes healthy, at index and digest \(state)")
        var faults = done.faults
        for (endpoint, node) in zip(endpoints, try cluster.file().nodes) {
            let found = try verify(done.ledger, endpoint, cluster)
            print("\(node.id): \(keys) keys compared, \(found.count) faults")
            faults += found
        }
        for fault in faults.prefix(20) { print("  \(fault)") }
        if !faults.isEmpty { throw ExitCode.failure }
    }

    private func verify(_ ledger: Ledger, _ endpoint: Endpoint, _ cluster: TestedCluster) throws -> [String] {
        var loop = try ClientLoop(
            endpoints: [endpoint], connections: 1, requestsMax: 64, answerTimeout: .seconds(10),
            security: target.security(cluster), driver: VerifyDriver(ledger: ledger, token: cluster.token()))
        loop.run()
        return loop.driver.faults
    }

    private func report(_ done: SoakDriver) {
        let retired = done.ledger.open.count
        print(
            "\(done.writes) writes acknowledged, \(done.reads) reads checked, \(done.kills) kills, \(retired) unknown")
        let words = done.errors.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }
        print("errors seen by clients: " + (words.isEmpty ? "none" : words.joined(separator: ", ")))
        let parts = (1...MemoryLog.parts).map { "\($0 * 100 / MemoryLog.parts) %" }
        print("largest resident memory, MiB, by part of the run")
        print(Report.table([["node"] + parts] + done.memory.table))
    }

    private static func waitForAgreement(_ cluster: TestedCluster) throws -> String {
        if let state = try cluster.eventually(within: .seconds(60), { $0.agreement }) { return state }
        throw TestFailure(description: "the nodes do not become healthy and equal within 60 s")
    }
}
