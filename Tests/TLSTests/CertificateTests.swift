// Issuing certificates, reading what they say, and files that are not what they should be.

import Platform
import TLS
import Testing
import Vocabulary

@Suite struct CertificateTests {
    private func write(_ path: String, _ text: String, permissions: UInt32 = 0o600) throws {
        try FileSystem.writeAtomically(path, Array(text.utf8).span.bytes, permissions: permissions)
    }

    @Test func `a certificate says what was asked for`() throws {
        let authority = try Authority()
        let now = WallClock.now()
        let issued = try authority.authority.issue(
            commonName: "n1", role: .node, names: ["db.example.com", "localhost"],
            addresses: ["10.0.0.7", "2001:db8::1"],
            days: 90, from: now)
        let facts = try CertificateFacts.read(issued.certificateFile)
        #expect(facts.subject == "CN=n1,OU=node")
        #expect(facts.commonName == "n1")
        #expect(facts.role == .node)
        #expect(facts.issuer == "CN=Trireme authority,OU=authority")
        #expect(facts.names == ["n1", "db.example.com", "localhost"])
        #expect(facts.addresses == ["10.0.0.7", "2001:db8::1", "127.0.0.1", "::1"])
        #expect(facts.fingerprint.count == 64)
        let seconds = now.rawValue / 1_000_000
        #expect(facts.notBefore.rawValue == (seconds - 3600) * 1_000_000)
        #expect(facts.notAfter.rawValue == (seconds + 90 * 86_400) * 1_000_000)
        #expect(!facts.isExpired(at: now))
        #expect(!facts.isNotYetValid(at: now))
        #expect(facts.isExpired(at: Timestamp(microseconds: facts.notAfter.rawValue + 1)))
        #expect(facts.isNotYetValid(at: .zero))
    }

    @Test func `keys are for their owner only, and files go where they are asked to`() throws {
        let authority = try Authority()
        let issued = try authority.authority.issue(
            commonName: "admin", role: .client, days: 1, fileName: "me", outputDirectory: authority.path + "/out/here")
        #expect(issued.keyFile == authority.path + "/out/here/me.key")
        #expect(try FileSystem.status(issued.keyFile)?.permissions == 0o600)
        #expect(try FileSystem.status(issued.certificateFile)?.permissions == 0o644)
        #expect(try FileSystem.status(authority.authority.keyFile)?.permissions == 0o600)
        #expect(try CertificateFacts.read(issued.certificateFile).names == [])
        #expect(try CertificateFacts.read(authority.authority.certificateFile).role == nil)
    }

    @Test func `an authority is not made twice in one place`() throws {
        let authority = try Authority()
        let path = authority.authority.certificateFile
        #expect(
            failure { () throws(TLSError) in try CertificateAuthority.create(authority.authority.directory) }
                == .file(path, reason: "there is an authority already"))
    }

    @Test(arguments: ["a,DNS:evil", "", "a b", "é", "a\nb"])
    func `a name that could say more than a name is refused`(name: String) throws {
        let authority = try Authority()
        #expect(
            failure { () throws(TLSError) in
                try authority.authority.issue(commonName: "n1", role: .node, names: [name], days: 1)
            } == .failed(doing: "issuing for \(name)", reason: "not a host name"))
        #expect(
            failure { () throws(TLSError) in
                try authority.authority.issue(commonName: "n1", role: .node, addresses: [name], days: 1)
            } == .failed(doing: "issuing for \(name)", reason: "not an IP address"))
    }

    @Test func `files that are missing, empty or something else are told by name`() throws {
        let authority = try Authority()
        let good = try authority.identity("n1", .node)
        let missing = authority.path + "/missing"
        let empty = authority.path + "/empty"
        try write(empty, "")
        func error(_ certificate: String, _ key: String, _ trusted: String) -> TLSError? {
            let identity = TLSIdentity(certificateFile: certificate, keyFile: key, authorityFile: trusted)
            return failure { () throws(TLSError) in
                try TLSContext.server(identity, clientCertificates: .required)
            }
        }
        #expect(
            error(missing, good.keyFile, good.authorityFile)
                == .file(missing, reason: "No such file or directory (ENOENT)"))
        for (certificate, key, trusted) in [
            (empty, good.keyFile, good.authorityFile), (good.certificateFile, empty, good.authorityFile),
            (good.certificateFile, good.keyFile, empty),
        ] {
            guard case .file(empty, let reason) = error(certificate, key, trusted) else {
                Issue.record("an empty file was taken")
                continue
            }
            #expect(reason.hasPrefix("no "))
        }
        #expect(failure { () throws(TLSError) in try CertificateFacts.read(good.keyFile) } != nil)
        #expect(error(good.certificateFile, good.keyFile, good.authorityFile) == nil)
    }

    @Test func `a key that is not the certificate's is refused`() throws {
        let authority = try Authority()
        let a = try authority.identity("n1", .node)
        let b = try authority.identity("n2", .node)
        let mixed = TLSIdentity(
            certificateFile: a.certificateFile, keyFile: b.keyFile, authorityFile: a.authorityFile)
        #expect(
            failure { () throws(TLSError) in try TLSContext.client(mixed) }
                == .keyMismatch(certificateFile: a.certificateFile, keyFile: b.keyFile))
    }

    @Test func `a key that others can read is refused`() throws {
        let authority = try Authority()
        let identity = try authority.identity("n1", .node)
        try FileSystem.setPermissions(identity.keyFile, 0o640)
        let error = failure { () throws(TLSError) in try TLSContext.client(identity) }
        #expect(error == .keyExposed(identity.keyFile, permissions: 0o640))
        #expect(error?.description.hasSuffix("others can read this private key (mode 640)") == true)
    }

    @Test func `an encrypted key is refused instead of asking for its passphrase`() throws {
        let authority = try Authority()
        let identity = try authority.identity("n1", .node)
        let header = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        try write(identity.keyFile, header + "MAAwAA==\n-----END ENCRYPTED PRIVATE KEY-----\n")
        guard case .file(identity.keyFile, _) = failure({ () throws(TLSError) in try TLSContext.client(identity) })
        else {
            Issue.record("an encrypted key was taken")
            return
        }
    }
}
