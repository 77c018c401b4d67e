// Certificates that were taken back. The lists are made by the openssl program, as an operator would.

import Platform
import TLS
import Testing
import Vocabulary

@Suite(.enabled(if: ChildProcess.find("openssl") != nil, "takes the openssl program"))
struct RevocationTests {
    /// A revocation list of the authority that names these certificates.
    private func list(
        _ authority: Authority, revoking files: [String], validity: [String] = ["-crlhours", "1"]
    ) throws -> String {
        let top = authority.path
        let configuration = """
            [ca]
            default_ca = it
            [it]
            database = \(top)/index.txt
            default_md = sha256
            """
        for (name, text) in [("ca.cnf", configuration + "\n"), ("index.txt", "")] {
            try FileSystem.writeAtomically(top + "/" + name, Array(text.utf8).span.bytes)
        }
        let program = try #require(ChildProcess.find("openssl"))
        let common = [
            "ca", "-config", top + "/ca.cnf", "-cert", authority.authority.certificateFile, "-keyfile",
            authority.authority.keyFile,
        ]
        for file in files {
            #expect(try ChildProcess.run(program, common + ["-revoke", file]).status.isSuccess)
        }
        let output = top + "/revoked.pem"
        let made = try ChildProcess.run(
            program, common + ["-gencrl", "-out", output] + validity)
        try #require(made.status.isSuccess, "\(String(decoding: made.error, as: UTF8.self))")
        return output
    }

    private func judging(_ identity: TLSIdentity, _ list: String) throws -> TLSContext {
        try TLSContext.server(
            TLSIdentity(
                certificateFile: identity.certificateFile, keyFile: identity.keyFile,
                authorityFile: identity.authorityFile, revocationFile: list), clientCertificates: .required)
    }

    @Test func `a revoked certificate is refused, another is not`() throws {
        let authority = try Authority()
        let node = try authority.identity("n1", .node)
        let good = try authority.identity("n2", .node)
        let lost = try authority.identity("n3", .node)
        let server = try judging(node, try list(authority, revoking: [lost.certificateFile]))
        try Conversation(client: .client(good), server: server, expectedName: "n1").establish()
        let refused = try Conversation(client: .client(lost), server: server, expectedName: "n1").shakeHands()
        #expect(refused.server.problem == .revoked)
        #expect(refused.server.error?.description.contains("certificate is revoked (CN=n3,OU=node)") == true)
    }

    @Test func `a list that has expired does not do`() throws {
        let authority = try Authority()
        let node = try authority.identity("n1", .node)
        let server = try judging(
            node,
            try list(
                authority, revoking: [],
                validity: ["-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20200102000000Z"]))
        let refused = try Conversation(client: .client(node), server: server, expectedName: "n1").shakeHands()
        #expect(refused.server.problem == .revocationListOutdated)
    }

    @Test func `a list of another authority does not do`() throws {
        let authority = try Authority()
        let other = try Authority()
        let node = try authority.identity("n1", .node)
        let server = try judging(node, try list(other, revoking: []))
        let refused = try Conversation(client: .client(node), server: server, expectedName: "n1").shakeHands()
        #expect(refused.server.problem == .revocationListOutdated)
    }

    @Test func `a file that is no list is refused by name`() throws {
        let authority = try Authority()
        let node = try authority.identity("n1", .node)
        guard
            case .file(node.certificateFile, let reason) = failure({ () throws(TLSError) in
                try TLSContext.client(
                    TLSIdentity(
                        certificateFile: node.certificateFile, keyFile: node.keyFile, authorityFile: node.authorityFile,
                        revocationFile: node.certificateFile))
            })
        else {
            Issue.record("a certificate was taken for a revocation list")
            return
        }
        #expect(reason.hasPrefix("no revocation list"))
    }
}
