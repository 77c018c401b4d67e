// Who is let in, who is not, and what is said about it.

import Platform
import TLS
import Testing
import Vocabulary

@Suite struct HandshakeTests {
    @Test func `two nodes of one authority trust each other and know each other's names`() throws {
        let authority = try Authority()
        let a = try authority.identity("n1", .node)
        let b = try authority.identity("n2", .node)
        let talk = try Conversation(
            client: .client(a), server: .server(b, clientCertificates: .required), expectedName: "n2")
        try talk.establish()
        #expect(talk.client.version == "TLSv1.3")
        #expect(talk.client.peerNodeID == NodeID("n2"))
        #expect(talk.server.peerNodeID == NodeID("n1"))
        #expect(talk.server.peerNames == ["n1", "localhost", "127.0.0.1", "::1"])
        #expect(talk.client.peerRole == .node)
        #expect(talk.client.write([1, 2, 3]) == .bytes(3))
        #expect(talk.server.readNext(upTo: 10, on: talk.wire.server).bytes == [1, 2, 3])
    }

    @Test(arguments: ["127.0.0.1", "::1", "localhost", "n2"])
    func `a node is known by each of its names and addresses`(name: String) throws {
        let authority = try Authority()
        let identity = try authority.identity("n2", .node)
        let talk = try Conversation(
            client: .client(nil, authorityFile: identity.authorityFile),
            server: .server(identity, clientCertificates: .notAsked), expectedName: name)
        try talk.establish()
        #expect(talk.server.peerCertificate == nil)
    }

    @Test(arguments: ["n1", "127.0.0.2", "::2", "n2.example"])
    func `a certificate for another name is refused by the one who dials`(name: String) throws {
        let authority = try Authority()
        let identity = try authority.identity("n2", .node)
        let talk = try Conversation(
            client: .client(nil, authorityFile: identity.authorityFile),
            server: .server(identity, clientCertificates: .notAsked), expectedName: name)
        let outcomes = talk.shakeHands()
        #expect(outcomes.client.problem == .wrongName(expected: name))
        #expect(outcomes.client.error?.description.contains("certificate is not for \(name) (CN=n2,OU=node)") == true)
    }

    @Test func `an empty name is refused instead of meaning any`() throws {
        let authority = try Authority()
        let context = try TLSContext.client(nil, authorityFile: authority.authority.certificateFile)
        let wire = try Wire()
        let error = failure { () throws(TLSError) in
            try TLSSession(client: context, descriptor: wire.client, expectedName: "")
        }
        #expect(error?.description.hasPrefix("expecting the name") == true)
    }

    @Test func `an unknown authority is refused on both sides`() throws {
        let ours = try Authority()
        let theirs = try Authority()
        let us = try ours.identity("n1", .node)
        let them = try theirs.identity("n2", .node)
        let seenByClient = try Conversation(
            client: .client(us), server: .server(them, clientCertificates: .required), expectedName: "n2")
        #expect(seenByClient.shakeHands().client.problem == .unknownAuthority)

        let trustful = try theirs.identity("n3", .node, trusting: ours)
        let seenByServer = try Conversation(
            client: .client(trustful), server: .server(us, clientCertificates: .required), expectedName: "n1")
        let outcomes = seenByServer.shakeHands()
        #expect(outcomes.server.problem == .unknownAuthority)
        #expect(outcomes.server.error?.description.hasPrefix("127.0.0.1:") == true)
        // With TLS 1.3 the one who dials learns of it when it reads.
        #expect(outcomes.client == .done)
        let told = seenByServer.client.readNext(upTo: 10, on: seenByServer.wire.client).outcome
        guard case .failed(.secured(let text)) = told else {
            Issue.record("\(told)")
            return
        }
        #expect(text.contains("refused this end: unknown CA"))
        #expect(seenByServer.client.failure != nil)
    }

    @Test func `a self-signed certificate is from an unknown authority`() throws {
        let authority = try Authority()
        let node = try authority.identity("n1", .node)
        let other = try Authority()
        let selfSigned = TLSIdentity(
            certificateFile: other.authority.certificateFile, keyFile: other.authority.keyFile,
            authorityFile: authority.authority.certificateFile)
        let talk = try Conversation(
            client: .client(selfSigned), server: .server(node, clientCertificates: .required), expectedName: "n1")
        #expect(talk.shakeHands().server.problem == .unknownAuthority)
    }

    @Test func `expired and not yet valid certificates are told apart`() throws {
        let authority = try Authority()
        let good = try authority.identity("n1", .node)
        let day: UInt64 = 86_400_000_000
        let now = WallClock.now().rawValue
        let expired = try authority.identity("n2", .node, days: 1, from: Timestamp(microseconds: now - 3 * day))
        let early = try authority.identity("n3", .node, days: 9, from: Timestamp(microseconds: now + 3 * day))
        for (identity, problem) in [(expired, CertificateProblem.expired), (early, .notYetValid)] {
            let dialled = try Conversation(
                client: .client(good), server: .server(identity, clientCertificates: .required), expectedName: nil)
            #expect(dialled.shakeHands().client.problem == problem)
            let accepted = try Conversation(
                client: .client(identity), server: .server(good, clientCertificates: .required), expectedName: "n1")
            #expect(accepted.shakeHands().server.problem == problem)
        }
    }

    @Test func `a required certificate that is missing is told to both`() throws {
        let authority = try Authority()
        let node = try authority.identity("n1", .node)
        let talk = try Conversation(
            client: .client(nil, authorityFile: node.authorityFile),
            server: .server(node, clientCertificates: .required), expectedName: "n1")
        #expect(talk.shakeHands().server.problem == .missing)
        guard case .failed(.secured(let text)) = talk.client.readNext(upTo: 1, on: talk.wire.client).outcome else {
            Issue.record("nobody told the client")
            return
        }
        #expect(text.contains("refused this end"))
        #expect(text.contains("certificate required"))
    }

    @Test func `an optional certificate is verified when it is given`() throws {
        let authority = try Authority()
        let node = try authority.identity("n1", .node)
        let server = try TLSContext.server(node, clientCertificates: .optional)
        let without = try Conversation(
            client: .client(nil, authorityFile: node.authorityFile), server: server, expectedName: "n1")
        try without.establish()
        let elsewhere = try Authority()
        let stranger = try elsewhere.identity("c", .client, trusting: authority)
        let with = try Conversation(client: .client(stranger), server: server, expectedName: "n1")
        #expect(with.shakeHands().server.problem == .unknownAuthority)
    }

    @Test func `a client's certificate does not make a peer`() throws {
        let authority = try Authority()
        let node = try authority.identity("n1", .node)
        let client = try authority.identity("n2", .client)
        let talk = try Conversation(
            client: .client(client), server: .server(node, clientCertificates: .required), expectedName: "n1")
        try talk.establish()
        guard case .failure(let error) = PeerIdentity.verify(talk.server) else {
            Issue.record("a client passed as a node")
            return
        }
        let peer = try #require(Socket.peerAddress(talk.wire.server)).description
        #expect(error == .wrongRole(.client, wanted: .node, subject: "CN=n2,OU=client", peer: peer))
        #expect(talk.server.peerNodeID == nil)
        #expect(talk.server.peerRole == .client)
    }

    @Test func `a client's certificate does not make a server`() throws {
        let authority = try Authority()
        let client = try authority.identity("n2", .client)
        let talk = try Conversation(
            client: .client(nil, authorityFile: client.authorityFile),
            server: .server(client, clientCertificates: .notAsked), expectedName: nil)
        #expect(talk.shakeHands().client.problem == .wrongPurpose)
    }

    @Test func `a node's certificate that names no node makes no peer`() throws {
        let authority = try Authority()
        let node = try authority.identity("n1", .node)
        let nameless = try authority.identity("Node-Two", .node)
        let talk = try Conversation(
            client: .client(nameless), server: .server(node, clientCertificates: .required), expectedName: "n1")
        try talk.establish()
        guard case .failure(.noNodeName(let subject, _)) = PeerIdentity.verify(talk.server) else {
            Issue.record("a bad name passed as a node")
            return
        }
        #expect(subject == "CN=Node-Two,OU=node")
    }

    @Test func `renewed files take effect in a new context, while sessions of before go on`() throws {
        let authority = try Authority()
        let before = try authority.identity("n1", .node)
        let old = try TLSContext.server(before, clientCertificates: .required)
        let client = try TLSContext.client(try authority.identity("n2", .node))
        let talk = try Conversation(client: client, server: old, expectedName: "n1")
        try talk.establish()
        let fingerprint = talk.client.peerCertificate?.fingerprint

        _ = try authority.identity("n1", .node, days: 20)
        let renewed = try TLSContext.server(before, clientCertificates: .required)
        let next = try Conversation(client: client, server: renewed, expectedName: "n1")
        try next.establish()
        #expect(next.client.peerCertificate?.fingerprint != fingerprint)
        #expect(talk.client.write([7]) == .bytes(1))
        #expect(talk.server.readNext(upTo: 1, on: talk.wire.server).bytes == [7])
    }
}
