// `loadtest throughput`: how many requests a second, and how long each takes.

import ArgumentParser
import JSON
import Platform
import Telemetry
import Vocabulary

struct ThroughputCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "throughput",
        abstract: "Sends requests as fast as they are answered.",
        discussion: """
            Each connection sends `--pipeline` requests at once, waits for all answers, and sends again, as \
            redis-benchmark does. Values are random text. The first second is not counted.
            """)

    enum Command: String, ExpressibleByArgument, CaseIterable {
        case set, get, mixed
    }
    enum WireName: String, ExpressibleByArgument, CaseIterable {
        case redis, etcd
    }

    @OptionGroup var target: TargetOptions

    @Option(help: "What the servers speak.")
    var wire = WireName.redis

    @Option(help: "How many connections.")
    var connections = 64

    @Option(help: "How many requests each connection has under way.")
    var pipeline = 1

    @Option(help: "What is asked: set, get, or mixed (half and half).")
    var command = Command.set

    @Option(help: "Bytes per value.")
    var valueSize = 100

    @Option(help: "How many different keys.")
    var keys = 100_000

    @Option(help: "How long to measure, such as 10s.")
    var duration = DurationArgument(.seconds(10))

    @Option(help: "After each write, WAIT until so many replicas have it (Redis).")
    var wait: Int?

    @Flag(help: "Print one line of JSON instead of a table.")
    var json = false

    func validate() throws {
        guard (1...10_000).contains(connections) else { throw ValidationError("--connections: 1 to 10000") }
        guard (1...1000).contains(pipeline) else { throw ValidationError("--pipeline: 1 to 1000") }
        guard (0...1 << 20).contains(valueSize) else { throw ValidationError("--value-size: 0 to 1048576") }
        guard (1...1 << 30).contains(keys) else { throw ValidationError("--keys: 1 to 1073741824") }
        if wait != nil, command == .mixed { throw ValidationError("--wait goes with set, or is ignored with get") }
        if wire == .etcd, command == .mixed { throw ValidationError("etcd is asked for set or get, not for mixed") }
    }

    func run() throws {
        let endpoints = try target.parsedEndpoints()
        let result: Throughput
        switch wire {
        case .redis:
            result = try measure(RedisRequests(token: target.token(), waits: wait != nil && command == .set), endpoints)
        case .etcd:
            let kind: Workload.Kind = command == .get ? .get : .set
            result = try measure(EtcdRequests(command: kind, endpoints: endpoints, isSecure: target.tls), endpoints)
        }
        report(result)
        if result.latency.count == 0 { throw ExitCode.failure }
    }

    private func measure<Requests: RequestWriter>(_ requests: Requests, _ endpoints: [Endpoint]) throws -> Throughput {
        let readsPerThousand: UInt64 =
            switch command {
            case .set: 0
            case .get: 1000
            case .mixed: 500
            }
        let driver = ThroughputDriver(
            requests: requests,
            workload: Workload(
                valueSize: valueSize, keys: keys, readsPerThousand: readsPerThousand, wait: wait,
                seed: SystemRandom.word()),
            pipeline: pipeline, warmUp: .seconds(1), duration: duration.duration)
        var loop = try ClientLoop(
            endpoints: endpoints, connections: connections, requestsMax: pipeline, answerTimeout: .seconds(10),
            security: target.security(protocols: wire == .etcd ? ["h2"] : []), driver: driver)
        loop.run()
        if loop.driver.result.latency.count == 0, let failure = loop.lastFailure {
            throw TestFailure(description: failure)
        }
        return loop.driver.result
    }

    private func report(_ result: Throughput) {
        let latency = result.latency
        let percentiles: [(String, UInt64)] = [
            ("p50", latency.quantile(0.5)), ("p90", latency.quantile(0.9)), ("p99", latency.quantile(0.99)),
            ("max", latency.maximum),
        ]
        if json { return printJSON(result, percentiles) }
        let figures = percentiles.map { "\($0) \(Report.decimal(Report.milliseconds($1), places: 2)) ms" }
        let what = "\(command.rawValue), \(connections) connections, pipeline \(pipeline)\(target.tls ? ", TLS" : "")"
        print("\(what): \(Report.decimal(result.rate, places: 0))/s, \(figures.joined(separator: ", "))")
        for (word, count) in result.failures.sorted(by: { $0.key < $1.key }) { print("  \(count) × \(word)") }
    }

    private func printJSON(_ result: Throughput, _ percentiles: [(String, UInt64)]) {
        var json = JSONWriter()
        json.object { json in
            json.member("command", command.rawValue)
            json.member("connections", connections)
            json.member("pipeline", pipeline)
            json.member("tls", target.tls)
            json.member("seconds", result.seconds)
            json.member("per_second", result.rate)
            for (name, value) in percentiles { json.member("\(name)_ms", Report.milliseconds(value)) }
            json.member("errors") { $0.counts(result.failures) }
        }
        StandardStreams.writeOutput(json.bytes.span.bytes)
        print()
    }
}
