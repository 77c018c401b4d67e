// The program that measures: throughput, the gap that a fault costs, and long runs with every write checked.

import ArgumentParser
import Platform
import Vocabulary

@main struct LoadTest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loadtest",
        abstract: "Measures a cluster from outside, as its clients see it.",
        subcommands: [
            ThroughputCommand.self, FailoverCommand.self, SoakCommand.self, SortedSetCommand.self, RecordsCommand.self,
            IndexesCommand.self,
        ])
}

/// Where to connect, and as whom.
struct TargetOptions: ParsableArguments {
    @Option(help: "Client ports as HOST:PORT, separated by commas. Connections are spread over them.")
    var endpoints: String

    @Flag(help: "Speak TLS.")
    var tls = false

    @Option(help: "The certificate authority of the servers, with --tls.")
    var ca: String?

    @Option(help: "A file whose first line is the token to log in with.")
    var tokenFile: String?

    func parsedEndpoints() throws -> [Endpoint] {
        let endpoints = try endpoints.split(separator: ",").map { try Endpoint(String($0)) }
        guard !endpoints.isEmpty else { throw ValidationError("--endpoints names nobody") }
        return endpoints
    }

    func security(protocols: [String] = []) throws -> ChannelSecurity? {
        guard tls else { return nil }
        guard let ca else { throw ValidationError("--tls needs --ca") }
        return try ChannelSecurity(trusting: ca, protocols: protocols)
    }

    func token() throws -> String? {
        guard let tokenFile else { return nil }
        return TestedCluster.firstLine(try FileSystem.readAll(tokenFile, limit: 4096))
    }
}

extension Duration {
    /// From `10s`, `250ms` or `2m`. Nil for a number without a unit.
    init?(parsing text: String) {
        for (unit, nanoseconds) in [("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000)] {
            guard text.hasSuffix(unit), let number = Int64(text.dropLast(unit.count)), number >= 0 else { continue }
            self = .nanoseconds(number * Int64(nanoseconds))
            return
        }
        return nil
    }
}

/// A duration as an argument: a number with its unit.
struct DurationArgument: ExpressibleByArgument {
    let duration: Duration

    init(_ duration: Duration) { self.duration = duration }
    init?(argument: String) {
        guard let duration = Duration(parsing: argument) else { return nil }
        self.duration = duration
    }
    var defaultValueDescription: String { "\(duration.inSeconds)s" }
}
