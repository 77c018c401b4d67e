// What is no TLS, or TLS that is too old, costs its own connection and no more.

import Platform
import TLS
import Testing
import Vocabulary

@Suite struct HostileBytesTests {
    private func outcome(of bytes: [UInt8], thenEnd: Bool = false) throws -> (HandshakeOutcome, Wire) {
        let authority = try Authority()
        let context = try TLSContext.server(try authority.identity("n1", .node), clientCertificates: .required)
        let wire = try Wire()
        let session = try TLSSession(server: context, descriptor: wire.server)
        if !bytes.isEmpty {
            #expect(bytes.withUnsafeBytes { Socket.write(wire.client, $0) } == .bytes(bytes.count))
        }
        if thenEnd { Socket.finishWriting(wire.client) }
        #expect(Socket.wait(wire.server, .readable, until: nil))
        return (session.handshake(), wire)
    }

    @Test func `a request in plain text is told as such`() throws {
        for text in ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "*1\r\n$4\r\nPING\r\n", "PING\r\n", "hello, hello, hello\n"] {
            let (outcome, wire) = try outcome(of: Array(text.utf8))
            let peer = try #require(Socket.peerAddress(wire.server)).description
            #expect(outcome == .failed(.notTLS(peer: peer)), "\(text)")
        }
    }

    @Test func `random bytes fail the handshake or leave it waiting, and never more`() throws {
        let authority = try Authority()
        let context = try TLSContext.server(try authority.identity("n1", .node), clientCertificates: .required)
        var state: UInt64 = 1
        func next() -> UInt8 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
        for round in 0..<200 {
            let wire = try Wire()
            let session = try TLSSession(server: context, descriptor: wire.server)
            // Every other round looks like a handshake record at first.
            let head: [UInt8] = round % 2 == 0 ? [] : [22, 3, 1, next() & 3, next(), 1]
            let bytes = head + (0..<400).map { _ in next() }
            _ = bytes.withUnsafeBytes { Socket.write(wire.client, $0) }
            Socket.finishWriting(wire.client)
            #expect(Socket.wait(wire.server, .readable, until: nil))
            var outcome = session.handshake()
            while !outcome.isFinal {
                _ = Socket.wait(wire.server, .readable, until: nil)
                outcome = session.handshake()
            }
            #expect(outcome.error != nil)
        }
    }

    @Test func `an end in the middle of the handshake is told as such`() throws {
        let (outcome, wire) = try outcome(of: [22, 3, 1], thenEnd: true)
        let peer = try #require(Socket.peerAddress(wire.server)).description
        #expect(outcome == .failed(.lost(reason: "closed by the other end", peer: peer)))
        #expect(outcome.error?.remedy.text.contains("its log says why") == true)
    }

    /// A ClientHello of TLS 1.1 (RFC 4346, section 7.4.1.2) with one old cipher suite.
    @Test func `a client that speaks no more than TLS 1.1 is refused with an alert`() throws {
        let hello: [UInt8] = [3, 2] + [UInt8](repeating: 7, count: 32) + [0, 0, 2, 0xC0, 0x09, 1, 0]
        let handshake: [UInt8] = [1, 0, 0, UInt8(hello.count)] + hello
        let record: [UInt8] = [22, 3, 1, 0, UInt8(handshake.count)] + handshake
        let (outcome, wire) = try outcome(of: record)
        let peer = try #require(Socket.peerAddress(wire.server)).description
        #expect(outcome == .failed(.noCommonVersion(peer: peer)))
        var alert = [UInt8](repeating: 0, count: 100)
        #expect(Socket.wait(wire.client, .readable, until: nil))
        #expect(alert.withUnsafeMutableBytes { Socket.read(wire.client, into: $0) } == .bytes(7))
        // Fatal, protocol_version.
        #expect(Array(alert[5..<7]) == [2, 70])
    }

    @Test func `garbage in the middle of a session fails that session`() throws {
        let authority = try Authority()
        let node = try authority.identity("n1", .node)
        let talk = try Conversation(
            client: .client(node), server: .server(node, clientCertificates: .required), expectedName: "n1")
        try talk.establish()
        #expect(talk.client.write([1, 2, 3]) == .bytes(3))
        let garbage: [UInt8] = [23, 3, 3, 0, 30] + [UInt8](repeating: 9, count: 30)
        _ = garbage.withUnsafeBytes { Socket.write(talk.wire.client, $0) }
        // What came whole before it is still given.
        #expect(talk.server.readNext(upTo: 100, on: talk.wire.server).bytes == [1, 2, 3])
        guard case .failed(.secured) = talk.server.readNext(upTo: 100, on: talk.wire.server).outcome else {
            Issue.record("a forged record was read")
            return
        }
        guard case .failed = talk.server.read(upTo: 100).outcome else {
            Issue.record("a failed session was read again")
            return
        }
    }
}
