// Asks one node's admin port: one request on one connection, with a deadline.

import Foundation
import Platform
import Settings
import TLS
import Vocabulary

/// The admin port of one node.
struct AdminClient: Sendable {
    let address: HostPort
    let credentials: Credentials

    init(_ address: HostPort, _ credentials: Credentials) {
        self.address = address
        self.credentials = credentials
    }

    func get(_ path: String, until deadline: Instant) throws(ControlError) -> HTTPAnswer {
        try send("GET", path, body: [], until: deadline)
    }

    /// Sends a request and reads its answer, whatever its status.
    func send(
        _ method: String, _ path: String, body: [UInt8], until deadline: Instant
    ) throws(ControlError) -> HTTPAnswer {
        do throws(StreamError) {
            let resolved: SocketAddress
            do throws(SystemError) { resolved = try SocketAddress.resolve(address.description) } catch {
                throw StreamError.system(error)
            }
            let stream = try BlockingStream.connect(
                resolved, serverName: address.host, context: credentials.context, until: deadline)
            try stream.write(request(method, path, body), until: deadline)
            return try AdminClient.answer(from: stream, until: deadline)
        } catch {
            throw .unreachable(address: address.description, error)
        }
    }

    /// The same, and anything but success is an error.
    func ask(
        _ method: String, _ path: String, body: [UInt8] = [], until deadline: Instant
    ) throws(ControlError) -> [UInt8] {
        let answer = try send(method, path, body: body, until: deadline)
        if answer.status == 200 { return answer.body }
        throw AdminError(answer.body).asControlError(status: answer.status, address: address.description)
    }

    /// The answer that is in `bytes`. What says something else is of a node of another version, most likely.
    func decoded<Answer: Decodable>(
        _ bytes: [UInt8], orSay message: String = "its answer is not what this version of nodectl knows"
    ) throws(ControlError) -> Answer {
        try AdminClient.decode(bytes, from: address.description, orSay: message)
    }

    /// The same, of a node at `address`.
    static func decode<Answer: Decodable>(
        _ bytes: [UInt8], from address: String, orSay message: String
    ) throws(ControlError) -> Answer {
        do { return try JSONDecoder().decode(Answer.self, from: Data(bytes)) } catch {
            throw .answer(
                address: address, message: message, remedy: "use the nodectl that was built with the node")
        }
    }

    private func request(_ method: String, _ path: String, _ body: [UInt8]) -> [UInt8] {
        var head = Array("\(method) \(path) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n".utf8)
        if !credentials.token.isEmpty {
            head += Array("Authorization: Bearer ".utf8) + credentials.token + [0x0D, 0x0A]
        }
        if !body.isEmpty || method == "POST" {
            head += Array("Content-Type: application/json\r\nContent-Length: \(body.count)\r\n".utf8)
        }
        return head + [0x0D, 0x0A] + body
    }

    private static func answer(
        from stream: borrowing BlockingStream, until deadline: Instant
    ) throws(StreamError) -> HTTPAnswer {
        var bytes: [UInt8] = []
        while true {
            let part = try stream.read(upTo: 64 << 10, until: deadline)
            bytes += part
            switch HTTPAnswer.parse(bytes, isEnded: part.isEmpty) {
            case .incomplete: continue
            case .whole(let answer): return answer
            case .malformed(let reason): throw .failed("sent \(reason)")
            }
        }
    }
}

/// An error as the admin port words it: `{"error": {"code", "message", "remedy", …}}`.
struct AdminError: Hashable, Sendable {
    var code = ""
    var message = ""
    var remedy = ""
    var leader: String?
    var override: String?

    /// From a body; empty where it says nothing.
    init(_ body: [UInt8]) {
        struct Document: Decodable {
            struct Facts: Decodable {
                let code: String?
                let message: String?
                let remedy: String?
                let leader: String?
                let override: String?
            }
            let error: Facts
        }
        guard let facts = try? JSONDecoder().decode(Document.self, from: Data(body)).error else { return }
        code = facts.code ?? ""
        message = facts.message ?? ""
        remedy = facts.remedy ?? ""
        leader = facts.leader
        override = facts.override
    }

    func asControlError(status: Int, address: String) -> ControlError {
        switch (status, code) {
        case (401, _): .unauthorized(address: address)
        case (_, "refused"), (_, "no_such_node"), (_, "no_authority_key"):
            .refused(reason: message, remedy: remedy, override: override)
        case (504, _): .timedOut(what: message, follow: remedy)
        default:
            .answer(
                address: address, message: message.isEmpty ? "answered with HTTP status \(status)" : message,
                remedy: remedy.isEmpty ? "see the node's log" : remedy)
        }
    }
}
