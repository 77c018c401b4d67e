// One node from nothing to nothing: started, asked for its health, written to, read, measured, stopped, removed.

import Platform
import RESP
import Settings
import Vocabulary

/// Proof that the programs of this build work on this machine.
public enum Smoke {
    static let patience = Duration.seconds(10)

    /// - Parameter noded: the node's program; nil looks for it.
    public static func run(noded: String?) throws(ControlError) -> [Finding] {
        let directory = try control { () throws(SystemError) in
            try FileSystem.makeTemporaryDirectory(prefix: "trireme-smoke")
        }
        let playground = Playground(directory: directory) { _ in }
        defer {
            _ = try? playground.kill(nil)
            _ = try? FileSystem.removeTree(directory)
        }
        var options = PlaygroundOptions()
        options.nodes = 1
        options.noded = noded
        options.basePort = try freeBasePort()
        _ = try playground.up(options, programName: "nodectl")
        var findings = [Finding(.good, "start", "a node of its own leads itself")]
        let file = try ClusterFile.read(playground.filePath)
        findings.append(try health(playground))
        findings.append(try records(file, directory: directory))
        findings.append(try metrics(playground))
        try playground.down()
        return findings + [Finding(.good, "stop", "ended when it was asked to")]
    }

    /// A base port whose ports, four for each node, are free now.
    static func freeBasePort(nodes: Int = 1) throws(ControlError) -> Int {
        for _ in 0..<64 {
            let base = 20_000 + Int(SystemRandom.word() % 1000) * 10
            let isFree = (0..<nodes).allSatisfy { node in (1...4).allSatisfy { isPortFree(base + 10 * node + $0) } }
            if isFree { return base }
        }
        throw .usage("no \(4 * nodes) free ports between 20000 and 30000 were found; free some")
    }

    private static func isPortFree(_ port: Int) -> Bool {
        guard let descriptor = try? Socket.listen(on: .loopback(port: UInt16(port))) else { return false }
        Socket.close(descriptor)
        return true
    }

    private static func health(_ playground: Playground) throws(ControlError) -> Finding {
        let status = ClusterStatus(try ClusterView(file: playground.filePath).ask())
        let isHealthy = status.nodes.allSatisfy(\.isHealthy)
        return Finding(
            isHealthy ? .good : .error, "health", isHealthy ? "the node says that it is healthy" : "it is not healthy",
            remedy: isHealthy ? "" : "see `nodectl status`")
    }

    /// Logs in, writes and reads back.
    private static func records(_ file: ClusterFile, directory: String) throws(ControlError) -> Finding {
        guard let node = file.nodes.first, let address = HostPort(node.client) else {
            throw .clusterFile(path: directory, reason: "names no client port")
        }
        let credentials = try Credentials(
            authorityFile: directory + "/" + file.ca,
            tokenFile: directory + "/" + (file.clientTokenFile ?? file.tokenFile))
        let value = String(SystemRandom.word(), radix: 36).bytes
        let deadline = MonotonicClock.now() + patience
        var client = try RecordClient(address, credentials, until: deadline)
        let greeting = try client.ask(["PING".bytes], until: deadline)
        if case .error(let text) = greeting, !text.hasPrefix("NOAUTH") {
            return Finding(.error, "records", "PING was answered \(text)", remedy: "see the node's log")
        }
        let requests: [(command: [[UInt8]], reply: Reply)] = [
            (["AUTH".bytes, credentials.token], .simple("OK")),
            (["SET".bytes, "smoke".bytes, value], .simple("OK")),
            (["GET".bytes, "smoke".bytes], .bulk(value)),
        ]
        for (command, expected) in requests {
            let reply = try client.ask(command, until: deadline)
            guard reply == expected else {
                let name = String(decoding: command[0], as: UTF8.self)
                return Finding(.error, "records", "\(name) was answered \(reply)", remedy: "see the node's log")
            }
        }
        return Finding(.good, "records", "logged in, wrote a record and read it back, through TLS")
    }

    private static func metrics(_ playground: Playground) throws(ControlError) -> Finding {
        let view = try ClusterView(file: playground.filePath)
        guard let node = view.nodes.first else { return Finding(.error, "metrics", "there is no node") }
        let answer = try view.client(node).get("/metrics", until: MonotonicClock.now() + patience)
        let lines = String(decoding: answer.body, as: UTF8.self).split(separator: "\n").filter {
            $0.hasPrefix("trireme_")
        }
        guard answer.status == 200, !lines.isEmpty else {
            return Finding(
                .error, "metrics", "were answered with status \(answer.status)", remedy: "see the node's log")
        }
        return Finding(.good, "metrics", "\(lines.count) series")
    }
}
