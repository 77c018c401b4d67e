// The server as a whole, over TLS on loopback: a blocking client on one side, a node played by the test on the other.

import Foundation
import JSON
import Logging
import Platform
import TLS
import Telemetry
import Testing
import Vocabulary

@testable import AdminAPI

/// A server with its board and desk, certificates of its own, and the client's side.
private final class Rig {
    let directory: String
    let server: AdminServer
    let board: StatusBoard
    let desk = OperatorDesk()
    let log = LogCatcher()
    let authority: CertificateAuthority
    let client: TLSContext

    init(_ change: (inout AdminOptions) -> Void = { _ in }) throws {
        directory = NSTemporaryDirectory() + "trireme-admin-\(UUID().uuidString)"
        authority = try CertificateAuthority.create(directory)
        client = try TLSContext.client(nil, authorityFile: authority.certificateFile)
        var status = NodeStatus(id: NodeID("n1")!)
        status.role = .leader
        status.leader = status.id
        status.readiness = Readiness(reasons: [], mayServeReads: true)
        status.peers = [PeerStatus(id: NodeID("n2")!, isConnected: true)]
        board = StatusBoard(status)
        var options = AdminOptions(listen: .loopback(port: 0))
        change(&options)
        let catcher = log
        server = try AdminServer(
            options, board: board, desk: desk, tokens: AdminTokens(admin: [Rig.admin], metrics: [Rig.metrics]),
            context: try Rig.context(authority, "n1"), log: Logger(label: "admin") { _ in catcher })
        try server.start()
    }

    deinit {
        server.stop()
        try? FileManager.default.removeItem(atPath: directory)
    }

    static let admin = Array("admin-token-of-the-test".utf8)
    static let metrics = Array("metrics-token-of-the-test".utf8)

    static func context(_ authority: CertificateAuthority, _ name: String) throws -> TLSContext {
        let issued = try authority.issue(commonName: name, role: .node, days: 2)
        let identity = TLSIdentity(
            certificateFile: issued.certificateFile, keyFile: issued.keyFile,
            authorityFile: authority.certificateFile)
        return try TLSContext.server(identity, clientCertificates: .notAsked)
    }

    func connect(name: String? = "127.0.0.1") throws -> BlockingStream {
        try BlockingStream.connect(server.address, serverName: name, context: client, until: Rig.soon)
    }

    static var soon: Instant { MonotonicClock.now() + .seconds(20) }

    /// One request on a connection of its own; everything up to the end.
    func ask(_ method: String, _ path: String, token: [UInt8]? = Rig.admin, body: String = "") throws -> Reply {
        let stream = try connect()
        try stream.write(Array(Rig.request(method, path, token: token, body: body, closes: true).utf8), until: Rig.soon)
        return try Reply(Rig.readAll(stream))
    }

    static func request(
        _ method: String, _ path: String, token: [UInt8]? = Rig.admin, body: String = "", closes: Bool = false
    ) -> String {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: n1\r\n"
        if let token { head += "Authorization: Bearer \(String(decoding: token, as: UTF8.self))\r\n" }
        if !body.isEmpty { head += "Content-Length: \(body.utf8.count)\r\n" }
        if closes { head += "Connection: close\r\n" }
        return head + "\r\n" + body
    }

    static func readAll(_ stream: borrowing BlockingStream) throws -> String {
        var text: [UInt8] = []
        while true {
            let bytes = try stream.read(upTo: 65_536, until: soon)
            if bytes.isEmpty { return String(decoding: text, as: UTF8.self) }
            text += bytes
        }
    }

    /// Reads one answer of a connection that goes on.
    static func readOne(_ stream: borrowing BlockingStream) throws -> Reply {
        var text = ""
        while true {
            text += String(decoding: try stream.read(upTo: 1, until: soon), as: UTF8.self)
            guard text.hasSuffix("\r\n\r\n"), let reply = try? Reply(text), let length = reply.fields["content-length"]
            else { continue }
            var body = ""
            while body.utf8.count < Int(length)! {
                body += String(decoding: try stream.read(upTo: 1, until: soon), as: UTF8.self)
            }
            return try Reply(text + body)
        }
    }

    /// Waits until the node is asked for something, as its reactor would.
    func awaitRequest() -> (ticket: OperatorTicket, request: OperatorRequest)? {
        let deadline = Rig.soon
        while MonotonicClock.now() < deadline {
            if let first = desk.takeRequests().first { return first }
            sched_yield()
        }
        return nil
    }
}

/// An answer taken apart.
private struct Reply: Equatable {
    var status: Int
    var fields: [String: String] = [:]
    var body: String

    init(_ text: String) throws {
        let parts = text.components(separatedBy: "\r\n\r\n")
        let lines = parts[0].components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count >= 3, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
            throw JSONError(what: "not an answer: \(text.prefix(80))", offset: 0)
        }
        self.status = status
        for line in lines.dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1)
            fields[pair[0].lowercased()] = pair[1].trimmingCharacters(in: .whitespaces)
        }
        body = parts.dropFirst().joined(separator: "\r\n\r\n")
    }
}

/// Keeps what was logged.
private final class LogCatcher: LogHandler, @unchecked Sendable {
    // The lock guards the only state that changes.
    private let lock = NSLock()
    private var kept: [String] = []
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    var lines: [String] { lock.withLock { kept } }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        lock.withLock { kept.append("\(event.level) \(event.message) \(event.metadata ?? [:])") }
    }
}

@Suite(.serialized) struct AdminServerTests {
    @Test func `a connection serves one request after the other, and ends when asked to`() throws {
        let rig = try Rig()
        let stream = try rig.connect(name: "n1")
        for (path, status) in [("/healthz", 200), ("/v1/status", 200), ("/none", 404), ("/metrics", 200)] {
            try stream.write(Array(Rig.request("GET", path).utf8), until: Rig.soon)
            let reply = try Rig.readOne(stream)
            #expect(reply.status == status)
            #expect(reply.fields["connection"] == "keep-alive")
            #expect(reply.fields["x-content-type-options"] == "nosniff")
            #expect(reply.fields["cache-control"] == "no-store")
            #expect(reply.fields["content-security-policy"]?.hasPrefix("default-src 'none'") == true)
        }
        try stream.write(Array(Rig.request("GET", "/healthz", closes: true).utf8), until: Rig.soon)
        let last = try Reply(Rig.readAll(stream))
        #expect(last.body == #"{"status":"ok"}"#)
        #expect(last.fields["connection"] == "close")
    }

    @Test func `tokens decide over the wire as the routes say`() throws {
        let rig = try Rig()
        #expect(try rig.ask("GET", "/healthz", token: nil).status == 200)
        #expect(try rig.ask("GET", "/readyz", token: nil).status == 200)
        #expect(try rig.ask("GET", "/metrics", token: nil).status == 401)
        #expect(try rig.ask("GET", "/metrics", token: Rig.metrics).status == 200)
        #expect(try rig.ask("GET", "/v1/status", token: Rig.metrics).status == 403)
        #expect(try rig.ask("GET", "/v1/status").status == 200)
        let refused = try rig.ask("GET", "/v1/status", token: Array("wrong-secret".utf8))
        #expect(refused.status == 401)
        #expect(refused.fields["www-authenticate"]?.contains("invalid_token") == true)
        #expect(!rig.log.lines.isEmpty)
        for line in rig.log.lines {
            #expect(!line.contains("wrong-secret") && !line.contains("admin-token") && !line.contains("metrics-token"))
        }
        #expect(try rig.ask("GET", "/metrics").body.contains("trireme_admin_failed_logins_total 1\n"))
    }

    @Test func `HEAD has no body and the same length`() throws {
        let rig = try Rig()
        let get = try rig.ask("GET", "/v1/status")
        let head = try rig.ask("HEAD", "/v1/status")
        #expect(head.status == 200)
        #expect(head.body == "")
        #expect(head.fields["content-length"] == "\(get.body.utf8.count)")
    }

    @Test func `pipelined requests are answered in order`() throws {
        let rig = try Rig()
        let stream = try rig.connect()
        let paths = (0..<50).map { $0 % 3 == 0 ? "/healthz" : $0 % 3 == 1 ? "/none" : "/v1/status" }
        let text = paths.map { Rig.request("GET", $0) }.joined() + Rig.request("GET", "/healthz", closes: true)
        try stream.write(Array(text.utf8), until: Rig.soon)
        let statuses = try Rig.readAll(stream).components(separatedBy: "HTTP/1.1 ").dropFirst().map {
            Int($0.prefix(3))
        }
        #expect(statuses == paths.map { $0 == "/none" ? 404 : 200 } + [200])
    }

    @Test func `an answer larger than a socket's buffer arrives whole`() throws {
        let rig = try Rig()
        rig.board.update { status in
            status.peers = (0..<20_000).map { PeerStatus(id: NodeID("p\($0)")!, isConnected: $0 % 2 == 0) }
        }
        let reply = try rig.ask("GET", "/v1/status")
        #expect(reply.body.utf8.count > 3_000_000)
        #expect(reply.fields["content-length"] == "\(reply.body.utf8.count)")
        #expect(reply.body.hasSuffix(#""voters":[]}}"#))
    }

    @Test func `a failover is answered when the node has answered, and others are served meanwhile`() throws {
        let rig = try Rig()
        let stream = try rig.connect()
        try stream.write(Array(Rig.request("POST", "/v1/failover", body: #"{"to":"n2"}"#).utf8), until: Rig.soon)
        let (ticket, request) = try #require(rig.awaitRequest())
        #expect(request == .failover(target: NodeID("n2"), isForced: false))
        #expect(try rig.ask("GET", "/healthz", token: nil).status == 200)
        rig.desk.answer(ticket, .done([OperatorFact("leader", .text("n2"))]))
        let reply = try Rig.readOne(stream)
        #expect(reply.status == 200)
        #expect(reply.body == #"{"result":"done","leader":"n2"}"#)
    }

    @Test func `an operation without an answer is told to go on, and its late answer goes nowhere`() throws {
        let rig = try Rig { $0.operationTime = .milliseconds(1) }
        let reply = try rig.ask("POST", "/v1/reload")
        #expect(reply.status == 504)
        #expect(reply.body.contains(#""code":"timed_out""#))
        #expect(rig.desk.takeRequests().isEmpty)
    }

    @Test func `garbage is answered with why, and then the connection ends`() throws {
        let rig = try Rig()
        for (text, status) in [
            ("*1\r\n$4\r\nPING\r\n", 400), ("GET /healthz HTTP/1.1\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n"
                    + String(repeating: "x", count: 100_000), 413
            ),
            ("GET /" + String(repeating: "x", count: 20_000) + " HTTP/1.1\r\n", 431),
        ] {
            let stream = try rig.connect()
            try stream.write(Array(text.utf8), until: Rig.soon)
            let reply = try Reply(Rig.readAll(stream))
            #expect(reply.status == status)
            #expect(reply.fields["connection"] == "close")
            #expect(reply.body.contains(#""remedy":"#))
        }
        #expect(try rig.ask("GET", "/healthz", token: nil).status == 200)
    }

    @Test func `what is not TLS is cut off and costs nobody else anything`() throws {
        let rig = try Rig()
        let plain = try BlockingStream.connect(rig.server.address, serverName: nil, context: nil, until: Rig.soon)
        try plain.write(Array("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".utf8), until: Rig.soon)
        var received: [UInt8] = []
        while let bytes = try? plain.read(upTo: 4096, until: Rig.soon), !bytes.isEmpty { received += bytes }
        #expect(!String(decoding: received, as: UTF8.self).contains("HTTP/1.1"))
        #expect(try rig.ask("GET", "/metrics").body.contains(#"rejected_total{reason="handshake"} 1"#))
    }

    @Test func `a client that never shakes hands is cut off`() throws {
        let rig = try Rig { $0.handshakeTime = .milliseconds(1) }
        let silent = try BlockingStream.connect(rig.server.address, serverName: nil, context: nil, until: Rig.soon)
        #expect(try silent.read(upTo: 1, until: Rig.soon).isEmpty)
    }

    @Test func `connections are capped, and silent ones make room for those that speak`() throws {
        let rig = try Rig {
            $0.connectionsMax = 4
            $0.connectionsPerAddressMax = 100
        }
        let silent = try Silent(rig.server.address, count: 20)
        #expect(try rig.ask("GET", "/healthz", token: nil).status == 200)
        #expect(silent.count == 20)
    }

    @Test func `one address cannot take every place`() throws {
        let rig = try Rig { $0.connectionsPerAddressMax = 2 }
        let first = try rig.connect()
        let second = try rig.connect()
        #expect(throws: StreamError.self) { _ = try rig.connect() }
        try first.write(Array(Rig.request("GET", "/metrics").utf8), until: Rig.soon)
        #expect(try Rig.readOne(first).body.contains(#"rejected_total{reason="connection_limit"} 1"#))
        try second.write(Array(Rig.request("GET", "/healthz").utf8), until: Rig.soon)
        #expect(try Rig.readOne(second).status == 200)
    }

    @Test func `renewed certificates and tokens serve without a restart, and open connections go on`() throws {
        let rig = try Rig()
        let old = try rig.connect(name: "n1")
        let renewed = Array("the-next-token".utf8)
        rig.server.reload(
            context: try Rig.context(rig.authority, "n9"), tokens: AdminTokens(admin: [Rig.admin, renewed]))
        try old.write(Array(Rig.request("GET", "/v1/status", token: renewed).utf8), until: Rig.soon)
        #expect(try Rig.readOne(old).status == 200)
        #expect(throws: StreamError.self) { _ = try rig.connect(name: "n1") }
        let new = try rig.connect(name: "n9")
        rig.server.reload(tokens: AdminTokens(admin: [renewed]))
        try new.write(Array(Rig.request("GET", "/v1/status").utf8), until: Rig.soon)
        #expect(try Rig.readOne(new).status == 401)
    }

    @Test func `readiness follows the board, and a loop that does not turn is told`() throws {
        let rig = try Rig { $0.stuckAfter = .zero }
        #expect(try rig.ask("GET", "/readyz", token: nil).status == 200)
        rig.board.beat(at: Instant(nanoseconds: 1))
        let stuck = try rig.ask("GET", "/readyz", token: nil)
        #expect(stuck.status == 503)
        #expect(stuck.body.contains(#""code":"stuck""#))
        #expect(try rig.ask("GET", "/healthz", token: nil).status == 200)
        #expect(try rig.ask("GET", "/metrics").body.contains("trireme_health_status 0\n"))
    }

    @Test func `a port in use is an error with a remedy, and a stopped server frees its port`() throws {
        let rig = try Rig()
        let second = AdminOptions(listen: rig.server.address)
        let context = try Rig.context(rig.authority, "n2")
        func open() throws -> AdminServer {
            try AdminServer(
                second, board: rig.board, desk: rig.desk, tokens: AdminTokens(admin: []), context: context,
                log: Logger(label: "x") { _ in rig.log })
        }
        let error = #expect(throws: AdminError.self) { _ = try open() }
        #expect(error?.description.contains("\(rig.server.address)") == true)
        #expect(error?.remedy.text.contains("another port") == true)
        rig.server.stop()
        rig.server.stop()
        let again = try open()
        try again.start()
        again.stop()
    }
}

/// Connections that say nothing.
private final class Silent {
    private var descriptors: [Int32] = []
    var count: Int { descriptors.count }

    init(_ address: SocketAddress, count: Int) throws {
        for _ in 0..<count { descriptors.append(try Socket.connect(to: address)) }
    }

    deinit { for descriptor in descriptors { Socket.close(descriptor) } }
}
