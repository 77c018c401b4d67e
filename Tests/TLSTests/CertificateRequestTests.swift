// Keys that an authority never sees, and the certificates that it signs for them.

import Platform
import TLS
import Testing
import Vocabulary

@Suite struct CertificateRequestTests {
    let authority: Authority
    let keyFile: String

    init() throws {
        authority = try Authority()
        keyFile = authority.path + "/node.key"
    }

    private func write(_ pem: [UInt8], _ name: String) throws -> String {
        let path = authority.path + "/" + name
        try FileSystem.writeAtomically(path, pem.span.bytes)
        return path
    }

    private func reason(_ body: () throws(TLSError) -> [UInt8]) -> String? {
        do throws(TLSError) { _ = try body() } catch { return error.description }
        return nil
    }

    @Test func `the certificate has the authority's word for name and role, and is for the request's key`() throws {
        let request = try CertificateRequest.make(keyFile: keyFile, commonName: "whatever")
        #expect(try FileSystem.status(keyFile)?.permissions == 0o600)
        let pem = try authority.authority.sign(
            request, commonName: "n4", role: .node, hosts: ["n4.example.org", "10.0.0.4", "fd00::4", "127.0.0.1"],
            days: 9)
        let path = try write(pem, "node.crt")
        let facts = try CertificateFacts.read(path)
        #expect(facts.subject == "CN=n4,OU=node")
        #expect(facts.names == ["n4", "n4.example.org", "localhost"])
        #expect(facts.addresses == ["10.0.0.4", "fd00::4", "127.0.0.1", "::1"])
        let identity = TLSIdentity(
            certificateFile: path, keyFile: keyFile, authorityFile: authority.authority.certificateFile)
        let conversation = try Conversation(
            client: try TLSContext.client(try authority.identity("n1", .node)),
            server: try TLSContext.server(identity, clientCertificates: .required), expectedName: "n4")
        try conversation.establish()
    }

    @Test func `a request that was changed, that is none, or that asks for a pattern is refused`() throws {
        let request = try CertificateRequest.make(keyFile: keyFile, commonName: "n4")
        func signed(_ pem: [UInt8], hosts: [String] = []) -> String? {
            reason { () throws(TLSError) in
                try authority.authority.sign(
                    CertificateRequest(pem: pem), commonName: "n4", role: .node, hosts: hosts, days: 1)
            }
        }
        #expect(signed(request.pem) == nil)
        #expect(signed([]) != nil)
        #expect(signed(Array("-----BEGIN CERTIFICATE REQUEST-----\nnothing".utf8)) != nil)
        #expect(signed([UInt8](repeating: 0x41, count: CertificateRequest.sizeMax + 1))?.contains("more than") == true)
        #expect(signed(request.pem, hosts: ["*.example.org"])?.contains("not a host name") == true)
        #expect(signed(request.pem, hosts: ["a,DNS:evil"])?.contains("not a host name") == true)
        for place in stride(from: 40, to: request.pem.count - 40, by: 7) where request.pem[place] != 0x0A {
            var changed = request.pem
            changed[place] = changed[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(signed(changed) != nil || changed == request.pem, "byte \(place)")
        }
    }

    @Test func `a key that is not the authority's signs nothing`() throws {
        let request = try CertificateRequest.make(keyFile: keyFile, commonName: "n4")
        let wrong = CertificateAuthority(certificateFile: authority.authority.certificateFile, keyFile: keyFile)
        #expect(
            reason { () throws(TLSError) in
                try wrong.sign(request, commonName: "n4", role: .node, hosts: [], days: 1)
            }?.contains("does not belong to the certificate") == true)
    }

    @Test func `an authority's certificate is handed on alone, and known by its fingerprint`() throws {
        let other = try Authority()
        let first = try FileSystem.readAll(authority.authority.certificateFile, limit: 1 << 16)
        let both = first + (try FileSystem.readAll(other.authority.certificateFile, limit: 1 << 16))
        let handed = try AuthorityCertificate(pem: both, from: "a test")
        #expect(handed == (try AuthorityCertificate(file: authority.authority.certificateFile)))
        #expect(handed.fingerprint == (try CertificateFacts.read(authority.authority.certificateFile).fingerprint))
        #expect(handed.fingerprint != (try AuthorityCertificate(file: other.authority.certificateFile).fingerprint))
        #expect(handed.pem == first)
    }

    @Test func `who asks anybody gets an answer, whatever the certificate`() throws {
        let conversation = try Conversation(
            client: try TLSContext.believingAnybody(),
            server: try TLSContext.server(try authority.identity("n1", .node), clientCertificates: .notAsked),
            expectedName: "another.example.org")
        try conversation.establish()
    }

    @Test func `a code is known again by who has the key's file, for its purpose and its words only`() throws {
        let key = authority.authority.keyFile
        let code = try MessageCode(keyFile: key, purpose: "a test").code(of: [1, 2, 3])
        let same = try MessageCode(keyFile: key, purpose: "a test")
        #expect(same.isCode(code, of: [1, 2, 3]))
        #expect(!same.isCode(code, of: [1, 2, 4]) && !same.isCode([], of: [1, 2, 3]))
        #expect(!(try MessageCode(keyFile: key, purpose: "another").isCode(code, of: [1, 2, 3])))
        let other = try Authority()
        #expect(!(try MessageCode(keyFile: other.authority.keyFile, purpose: "a test").isCode(code, of: [1, 2, 3])))
    }
}
