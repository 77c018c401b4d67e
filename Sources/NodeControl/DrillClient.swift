// A client of a node of a drill: logged in, one command after the other.

import Platform
import RESP
import Settings
import Vocabulary

struct DrillClient: ~Copyable {
    private var client: RecordClient

    private static var deadline: Instant { MonotonicClock.now() + Smoke.patience }

    /// Connects to a node of a playground, the first unless one is named, and logs in.
    static func open(_ playground: Playground, _ node: String? = nil) throws(ControlError) -> DrillClient {
        let file = try ClusterFile.read(playground.filePath)
        guard let entry = file.nodes.first(where: { node == nil || $0.id == node }),
            let address = HostPort(entry.client)
        else { throw .clusterFile(path: playground.filePath, reason: "names no client port of \(node ?? "a node")") }
        let credentials = try Credentials(
            authorityFile: playground.directory + "/" + file.ca,
            tokenFile: playground.directory + "/" + (file.clientTokenFile ?? file.tokenFile))
        return DrillClient(client: try RecordClient.login(address, credentials, until: deadline))
    }

    mutating func ask(_ command: [String]) throws(ControlError) -> Reply {
        try client.ask(command.map { Array($0.utf8) }, until: DrillClient.deadline)
    }

    /// What the node sends next.
    mutating func next() throws(ControlError) -> Reply { try client.next(until: DrillClient.deadline) }
}
