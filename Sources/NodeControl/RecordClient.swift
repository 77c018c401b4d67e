// A client of the cluster's records: one connection to one node, one question at a time.

import ByteCoding
import Platform
import RESP
import Settings
import TLS
import Vocabulary

/// Speaks the Redis protocol, through TLS. Every answer of the node's, an error too, is a value; what throws is that
/// there is no answer.
struct RecordClient: ~Copyable {
    private let stream: BlockingStream
    private let address: String
    private var decoder = ReplyDecoder(limits: ReplyLimits(bytesMax: 1 << 30))
    /// What has come and belongs to no answer yet.
    private var received: [UInt8] = []

    private static let readSize = 64 << 10

    /// Connects, and does not log in.
    init(_ address: HostPort, _ credentials: Credentials, until deadline: Instant) throws(ControlError) {
        self.address = address.description
        do throws(StreamError) {
            let resolved: SocketAddress
            do throws(SystemError) { resolved = try SocketAddress.resolve(address.description) } catch {
                throw StreamError.system(error)
            }
            stream = try BlockingStream.connect(
                resolved, serverName: address.host, context: credentials.context, until: deadline)
        } catch { throw .unreachable(address: address.description, error) }
    }

    /// Connects and logs in.
    static func login(
        _ address: HostPort, _ credentials: Credentials, until deadline: Instant
    ) throws(ControlError) -> RecordClient {
        var client = try RecordClient(address, credentials, until: deadline)
        guard try client.ask([Array("AUTH".utf8), credentials.token], until: deadline) == .simple("OK") else {
            throw .unauthorized(address: address.description)
        }
        return client
    }

    mutating func ask(_ words: [[UInt8]], until deadline: Instant) throws(ControlError) -> Reply {
        try ask([words], until: deadline)[0]
    }

    /// Sends all at once, and gives the answers in order.
    mutating func ask(_ commands: [[[UInt8]]], until deadline: Instant) throws(ControlError) -> [Reply] {
        do throws(StreamError) {
            var writer = ReplyWriter(version: .two)
            for words in commands {
                writer.arrayHeader(words.count)
                for word in words { writer.bulk(word.rawBytes) }
            }
            try stream.write(writer.bytes, until: deadline)
            var replies: [Reply] = []
            while replies.count < commands.count { replies.append(try nextReply(until: deadline)) }
            return replies
        } catch { throw .unreachable(address: address, error) }
    }

    /// What the node sends next, asked or not.
    mutating func next(until deadline: Instant) throws(ControlError) -> Reply {
        do throws(StreamError) { return try nextReply(until: deadline) } catch {
            throw .unreachable(address: address, error)
        }
    }

    private mutating func nextReply(until deadline: Instant) throws(StreamError) -> Reply {
        while true {
            if let reply = try decoded() { return reply }
            let part = try stream.read(upTo: RecordClient.readSize, until: deadline)
            guard !part.isEmpty else { throw .closed(address: address) }
            received += part
        }
    }

    /// Nil while no answer is whole.
    private mutating func decoded() throws(StreamError) -> Reply? {
        do throws(ReplyError) {
            var decoder = decoder
            let found = try decoder.next(in: received.rawBytes)
            self.decoder = decoder
            guard let extent = found else { return nil }
            let reply = try ReplyDecoder.value(of: received.rawBytes.extracting(0..<extent.consumed))
            received.removeFirst(extent.consumed)
            return reply
        } catch { throw .failed("\(error)") }
    }
}
