// What the tests of TLS share: an authority in a directory, and two sessions over loopback driven in one thread.

import Glibc
import Platform
import TLS
import Testing
import Vocabulary

/// A directory with an authority that issues for one test.
final class Authority {
    let path: String
    let authority: CertificateAuthority

    init() throws {
        path = try FileSystem.makeTemporaryDirectory(prefix: "tls-test")
        authority = try CertificateAuthority.create(path + "/pki")
    }

    deinit { try? FileSystem.removeTree(path) }

    /// An identity that trusts this authority, unless another is given to trust.
    func identity(
        _ name: String, _ role: CertificateRole, days: Int = 10, from: Timestamp? = nil, trusting: Authority? = nil
    ) throws -> TLSIdentity {
        let issued = try authority.issue(commonName: name, role: role, days: days, from: from)
        return TLSIdentity(
            certificateFile: issued.certificateFile, keyFile: issued.keyFile,
            authorityFile: (trusting ?? self).authority.certificateFile)
    }
}

/// Two connected sockets on loopback, closed with the object.
final class Wire {
    let client: Int32
    let server: Int32

    init() throws {
        let listener = try Socket.listen(on: .loopback(port: 0))
        defer { Socket.close(listener) }
        client = try Socket.connect(to: try #require(Socket.localAddress(listener)))
        #expect(Socket.wait(client, .writable, until: nil))
        #expect(Socket.wait(listener, .readable, until: nil))
        server = try #require(try Socket.accept(listener)).descriptor
    }

    deinit {
        Socket.close(client)
        Socket.close(server)
    }
}

/// Two sessions over one wire.
final class Conversation {
    let wire: Wire
    let client: TLSSession
    let server: TLSSession

    init(client: TLSContext, server: TLSContext, expectedName: String?) throws {
        wire = try Wire()
        self.client = try TLSSession(client: client, descriptor: wire.client, expectedName: expectedName)
        self.server = try TLSSession(server: server, descriptor: wire.server)
    }

    /// Drives both ends until each is done or has failed. An end whose other has failed may wait for ever.
    func shakeHands() -> (client: HandshakeOutcome, server: HandshakeOutcome) {
        var outcomes: (client: HandshakeOutcome, server: HandshakeOutcome) = (.wantsRead, .wantsRead)
        for _ in 0..<10_000 {
            if !outcomes.client.isFinal { outcomes.client = client.handshake() }
            if !outcomes.server.isFinal { outcomes.server = server.handshake() }
            if outcomes.client.isFinal && outcomes.server.isFinal { break }
        }
        return outcomes
    }

    /// Shakes hands and expects both ends to be content.
    func establish() throws {
        let outcomes = shakeHands()
        try #require(outcomes.client == .done)
        try #require(outcomes.server == .done)
    }
}

extension HandshakeOutcome {
    var isFinal: Bool {
        switch self {
        case .done, .failed: true
        case .wantsRead, .wantsWrite: false
        }
    }

    /// The certificate's problem, if that is why it failed.
    var problem: CertificateProblem? {
        if case .failed(.certificateRefused(let problem, _, _)) = self { problem } else { nil }
    }

    var error: TLSError? { if case .failed(let error) = self { error } else { nil } }
}

extension TLSSession {
    func write(_ bytes: [UInt8]) -> IOOutcome { bytes.withUnsafeBytes { write($0) } }

    /// Reads once, without waiting.
    func read(upTo count: Int) -> (bytes: [UInt8], outcome: IOOutcome) {
        var bytes = [UInt8](repeating: 0, count: count)
        let outcome = bytes.withUnsafeMutableBytes { read(into: $0) }
        if case .bytes(let count) = outcome { return (Array(bytes.prefix(count)), outcome) }
        return ([], outcome)
    }

    /// Reads until something comes or the connection ends.
    func readNext(upTo count: Int, on descriptor: Int32) -> (bytes: [UInt8], outcome: IOOutcome) {
        while true {
            let result = read(upTo: count)
            if result.outcome != .wouldBlockRead { return result }
            _ = Socket.wait(descriptor, .readable, until: nil)
        }
    }
}

/// The error that `body` throws.
func failure<Result: ~Copyable>(_ body: () throws(TLSError) -> Result) -> TLSError? {
    do throws(TLSError) {
        _ = try body()
        return nil
    } catch { return error }
}

/// Closing one descriptor of a wire early.
enum Descriptors {
    /// Closes `descriptor` and lets it name what `other` names (dup2).
    static func replace(_ descriptor: Int32, by other: Int32) -> Bool { dup2(other, descriptor) == descriptor }
}
