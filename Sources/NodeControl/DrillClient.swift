// A client of a node of a drill: logged in, one command after the other.

import Platform
import RESP
import Settings
import TLS
import Vocabulary

struct DrillClient: ~Copyable {
    private let stream: BlockingStream

    /// Connects to a node of a playground, the first unless one is named, and logs in.
    static func open(_ playground: Playground, _ node: String? = nil) throws(ControlError) -> DrillClient {
        let file = try ClusterFile.read(playground.filePath)
        guard let entry = file.nodes.first(where: { node == nil || $0.id == node }), let address = HostPort(entry.client)
        else { throw .clusterFile(path: playground.filePath, reason: "names no client port of \(node ?? "a node")") }
        let credentials = try Credentials(
            authorityFile: playground.directory + "/" + file.ca,
            tokenFile: playground.directory + "/" + (file.clientTokenFile ?? file.tokenFile))
        let client = DrillClient(stream: try connect(address, credentials))
        let reply = try client.ask([Array("AUTH".utf8), credentials.token])
        guard reply == .simple("OK") else { throw .unauthorized(address: address.description) }
        return client
    }

    private static func connect(_ address: HostPort, _ credentials: Credentials) throws(ControlError) -> BlockingStream {
        do throws(StreamError) {
            return try BlockingStream.connect(
                try Smoke.resolve(address), serverName: address.host, context: credentials.context,
                until: MonotonicClock.now() + Smoke.patience)
        } catch { throw .unreachable(address: address.description, error) }
    }

    func ask(_ command: [String]) throws(ControlError) -> Reply { try ask(command.map { Array($0.utf8) }) }

    private func ask(_ command: [[UInt8]]) throws(ControlError) -> Reply {
        do throws(StreamError) {
            try stream.write(Smoke.encode(command), until: MonotonicClock.now() + Smoke.patience)
        } catch { throw .unreachable(address: stream.address.description, error) }
        return try next()
    }

    /// What the node sends next.
    func next() throws(ControlError) -> Reply {
        do throws(StreamError) {
            let bytes = try Smoke.reply(from: stream, until: MonotonicClock.now() + Smoke.patience)
            do throws(ReplyError) { return try ReplyDecoder.value(of: bytes.span.bytes) } catch {
                throw .failed("\(error)")
            }
        } catch { throw .unreachable(address: stream.address.description, error) }
    }
}
