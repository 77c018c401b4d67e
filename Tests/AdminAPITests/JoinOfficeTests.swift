// Tokens made and taken: who is let in, once, and why nobody else is.

import Foundation
import Platform
import TLS
import Telemetry
import Testing
import Vocabulary

@testable import AdminAPI

@Suite final class JoinOfficeTests {
    private let directory: String
    private let authority: CertificateAuthority
    private let n4 = NodeID("n4")!
    private let now = Timestamp(microseconds: 1_000_000_000)

    init() throws {
        directory = try FileSystem.makeTemporaryDirectory(prefix: "join-test")
        authority = try CertificateAuthority.create(directory)
    }

    deinit { try? FileSystem.removeTree(directory) }

    private func office(hasKey: Bool = true) -> JoinOffice {
        JoinOffice(
            clusterName: "test", isLoginRequired: true, authorityFile: authority.certificateFile,
            authorityKeyFile: hasKey ? authority.keyFile : nil
        ) { .success(.init(admin: [Array("admin-token".utf8)], client: [], metrics: [])) }
    }

    private var leader: NodeStatus {
        var status = NodeStatus(id: NodeID("n1")!)
        status.cluster = ClusterID(high: 1, low: 2)
        status.role = .leader
        status.leader = status.id
        for name in ["n2", "n1"] {
            var member = MembershipStatus.Member(id: NodeID(name)!, part: .voter)
            (member.peer, member.client, member.admin) = ("\(name):1", "\(name):2", "\(name):3")
            status.membership.members.append(member)
        }
        return status
    }

    private func token(_ office: JoinOffice, asVoter: Bool = true) throws -> JoinToken {
        let order = TokenOrder(node: n4, asVoter: asVoter, lifetime: .seconds(900))
        let answer = try document(office.issue(order, leader, at: now))
        let text = try #require(answer["token"] as? String)
        return try #require(JoinToken(text: text))
    }

    private func request(_ token: JoinToken, _ node: String = "n4") throws -> JoinRequest {
        let request = try CertificateRequest.make(keyFile: directory + "/new.key", commonName: node)
        let member = NewMember(
            id: try #require(NodeID(node)), peer: "10.0.0.4:1", client: "n4.example.org:2", admin: "[fd00::4]:3")
        return JoinRequest(token: token, member: member, pem: String(decoding: request.pem, as: UTF8.self))
    }

    private func document(_ response: HTTPResponse) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
    }

    /// The code of a refusal; nil when the token was taken.
    private func refusal(_ verdict: JoinOffice.Verdict) throws -> String? {
        switch verdict {
        case .taken: return nil
        case .unknown(let response), .refused(let response):
            let error = try document(response)["error"] as? [String: String]
            return try #require(error?["code"])
        }
    }

    @Test func `a token says where to ask, the leader first, and how to know the cluster`() throws {
        let token = try token(office())
        #expect(token.addresses == ["n1:3", "n2:3"])
        #expect(token.fingerprint == (try AuthorityCertificate(file: authority.certificateFile).fingerprint))
        #expect(token.expiry == Timestamp(microseconds: 1_900_000_000))
        #expect(try document(office().authority)["fingerprint"] as? String == token.fingerprint)
    }

    @Test(arguments: [true, false])
    func `who has a token is added as it says, and gets all that a node needs`(asVoter: Bool) throws {
        var office = office()
        let request = try request(try token(office, asVoter: asVoter))
        guard case .taken(let operation, let answer) = office.take(request, leader, at: now) else {
            Issue.record("not taken")
            return
        }
        #expect(operation == .changeMembers(.add(request.member, asVoter: asVoter), isForced: false))
        let given = try document(answer)
        #expect(given["cluster"] as? String == "00000000000000010000000000000002")
        #expect(given["admin_tokens"] as? [String] == ["admin-token"])
        #expect((given["members"] as? [[String: Any]])?.compactMap { $0["id"] as? String } == ["n2", "n1"])
        let path = directory + "/new.crt"
        let certificate = Array(try #require(given["certificate"] as? String).utf8)
        try FileSystem.writeAtomically(path, certificate.span.bytes)
        let facts = try CertificateFacts.read(path)
        #expect(facts.names == ["n4", "n4.example.org", "localhost"])
        #expect(facts.addresses == ["10.0.0.4", "fd00::4", "127.0.0.1", "::1"])
    }

    @Test func `a token is good once, and again if nothing came of it`() throws {
        var office = office()
        let token = try token(office)
        #expect(try refusal(office.take(try request(token), leader, at: now)) == nil)
        #expect(try refusal(office.take(try request(token), leader, at: now)) == "token_used")
        office.release(token)
        #expect(try refusal(office.take(try request(token), leader, at: now)) == nil)
        // A process that has not seen it knows by the members.
        var elsewhere = self.office()
        var status = leader
        status.membership.members.append(.init(id: n4, part: .learner))
        #expect(try refusal(elsewhere.take(try request(token), status, at: now)) == "token_used")
    }

    @Test func `expired tokens, another node's and those of another authority are refused`() throws {
        var office = office()
        let token = try token(office)
        #expect(try refusal(office.take(try request(token), leader, at: token.expiry)) == nil)
        office.release(token)
        let late = token.expiry.advanced(by: 1)
        #expect(try refusal(office.take(try request(token), leader, at: late)) == "token_expired")
        #expect(try refusal(office.take(try request(token, "n5"), leader, at: now)) == "token_of_other_node")
        let forged = try #require(
            JoinToken(
                node: n4, asVoter: true, expiry: token.expiry, fingerprint: token.fingerprint, number: token.number + 1,
                addresses: token.addresses
            ) { _ in token.code })
        #expect(try refusal(office.take(try request(forged), leader, at: now)) == "invalid_token")
        #expect(try refusal(office.take(try request(token), leader, at: now)) == nil)
    }

    @Test func `only a leader with the authority's key lets somebody in`() throws {
        var office = office()
        let token = try token(office)
        var follower = leader
        follower.role = .follower
        #expect(try refusal(office.take(try request(token), follower, at: now)) == "not_leader")
        var keyless = self.office(hasKey: false)
        #expect(try refusal(keyless.take(try request(token), leader, at: now)) == "no_authority_key")
        let order = TokenOrder(node: n4, asVoter: true, lifetime: .seconds(9))
        #expect(keyless.issue(order, leader, at: now).status == 409)
        let known = TokenOrder(node: NodeID("n2")!, asVoter: true, lifetime: .seconds(9))
        #expect(office.issue(known, leader, at: now).status == 409)
    }
}
