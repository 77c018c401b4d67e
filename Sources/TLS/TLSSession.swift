// One connection's TLS over a non-blocking socket.

import COpenSSL
public import Platform

/// What came of one step of the handshake.
public enum HandshakeOutcome: Hashable, Sendable {
    case done
    /// Call again when the descriptor is readable.
    case wantsRead
    /// Call again when the descriptor is writable.
    case wantsWrite
    case failed(TLSError)
}

/// The TLS of one connection. Used from one thread. The descriptor stays its owner's, who closes it once the session
/// is gone or will not be used any more.
///
/// A write that would block has taken the first bytes of what it was given: the next one must begin with the same bytes
/// and be at least as long. An output queue that is only appended to does that by itself.
public final class TLSSession {
    let session: OpaquePointer
    private let descriptor: Int32
    private let expectedName: String?
    /// A failure that came after bytes which had to be given first.
    private var heldFailure: IOFailure?
    /// Why the handshake, or the session later on, failed.
    public private(set) var failure: TLSError?
    /// Whether a read may give bytes although the descriptor is not readable, because the last one filled its buffer:
    /// epoll does not tell of them.
    public private(set) var hasBufferedInput = false

    /// The accepting end.
    public init(server context: TLSContext, descriptor: Int32) throws(TLSError) {
        precondition(context.isServer, "a client's context for a server's session")
        self.descriptor = descriptor
        expectedName = nil
        session = try TLSSession.make(context, descriptor)
        SSL_set_accept_state(session)
    }

    /// The dialling end. `expectedName` is the host name, node id or IP address that the peer's certificate must have
    /// among its alternative names; nil accepts any certificate of the authority.
    public init(client context: TLSContext, descriptor: Int32, expectedName: String?) throws(TLSError) {
        precondition(!context.isServer, "a server's context for a client's session")
        self.descriptor = descriptor
        self.expectedName = expectedName
        session = try TLSSession.make(context, descriptor)
        SSL_set_connect_state(session)
        if let expectedName, trireme_tls_expect(session, expectedName) != 1 {
            throw .failed(doing: "expecting the name \(expectedName)", reason: OpenSSLFailure.take().text)
        }
    }

    deinit { SSL_free(session) }

    /// The session holds the SSL_CTX by a count of its own: the context object need not live as long.
    private static func make(_ context: TLSContext, _ descriptor: Int32) throws(TLSError) -> OpaquePointer {
        guard let session = SSL_new(context.context) else {
            throw .failed(doing: "making a TLS session", reason: OpenSSLFailure.take().text)
        }
        guard trireme_tls_attach(session, descriptor) == 1 else {
            SSL_free(session)
            throw .failed(doing: "attaching a TLS session", reason: OpenSSLFailure.take().text)
        }
        return session
    }

    /// Goes on with the handshake. To be called first, and whenever the descriptor is ready, until it is done.
    ///
    /// With TLS 1.3 the dialling end is done before the other has judged its certificate: a refusal comes with `read`.
    public func handshake() -> HandshakeOutcome {
        let result = trireme_tls_handshake(session)
        switch result.outcome {
        case TRIREME_TLS_DONE: return .done
        case TRIREME_TLS_WANTS_READ: return .wantsRead
        case TRIREME_TLS_WANTS_WRITE: return .wantsWrite
        default:
            let error = explain(result)
            failure = error
            return .failed(error)
        }
    }

    /// Whether the other end has sent anything yet, be it TLS or not.
    public var hasHeard: Bool { BIO_number_read(SSL_get_rbio(session)) > 0 }

    /// Reads decrypted bytes until the buffer is full or nothing more is there. `buffer` must not be empty.
    public func read(into buffer: UnsafeMutableRawBufferPointer) -> IOOutcome {
        guard let base = buffer.baseAddress else { preconditionFailure("a read into no buffer") }
        if let heldFailure { return .failed(heldFailure) }
        hasBufferedInput = false
        var done = 0
        while true {
            let result = trireme_tls_read(session, base + done, buffer.count - done)
            guard result.outcome == TRIREME_TLS_DONE else {
                // What stopped after some bytes comes again: as the end, as a block, or from `heldFailure`.
                let outcome = outcome(of: result)
                guard done > 0 else { return outcome }
                if case .failed(let failure) = outcome { heldFailure = failure }
                return .bytes(done)
            }
            done += result.count
            let isMoreThere = trireme_tls_has_pending(session) != 0
            if done == buffer.count || !isMoreThere {
                hasBufferedInput = isMoreThere
                return .bytes(done)
            }
        }
    }

    /// Encrypts and writes until all is taken or the socket is full. `bytes` must not be empty; see the type for what
    /// the next write must begin with.
    public func write(_ bytes: UnsafeRawBufferPointer) -> IOOutcome {
        guard let base = bytes.baseAddress else { preconditionFailure("a write of no bytes") }
        if let heldFailure { return .failed(heldFailure) }
        var done = 0
        while done < bytes.count {
            let result = trireme_tls_write(session, base + done, bytes.count - done)
            if result.outcome == TRIREME_TLS_DONE {
                done += result.count
                continue
            }
            let outcome = outcome(of: result)
            if case .failed(let failure) = outcome {
                heldFailure = failure
                return outcome
            }
            return done > 0 ? .bytes(done) : outcome
        }
        return .bytes(done)
    }

    /// Gives empty buffers back until the next read or write: an idle session then takes 19 KiB instead of about 30.
    public func releaseBuffers() { SSL_free_buffers(session) }

    /// Tells the other end that no more will be written. Does not wait for room or for an answer.
    public func closeNotify() { trireme_tls_close_notify(session) }

    private func outcome(of result: trireme_tls_result) -> IOOutcome {
        switch result.outcome {
        case TRIREME_TLS_WANTS_READ: return .wouldBlockRead
        case TRIREME_TLS_WANTS_WRITE: return .wouldBlockWrite
        case TRIREME_TLS_END: return .end
        case TRIREME_TLS_SYSTEM:
            ERR_clear_error()
            return .failed(.system(SystemError(call: "socket", errno: result.number, subject: peer)))
        default:
            let error = explain(result)
            failure = error
            return .failed(.secured(error.description))
        }
    }

    /// The other end's address, as errors name it.
    var peer: String { Socket.peerAddress(descriptor)?.description ?? "the other end" }

    private func explain(_ result: trireme_tls_result) -> TLSError {
        let found = OpenSSLFailure.take()
        let peer = peer
        if result.outcome != TRIREME_TLS_PROTOCOL {
            let isClosed = result.outcome == TRIREME_TLS_END || result.number == 0
            let reason = isClosed ? "closed by the other end" : SystemError(result.number).reason
            return .lost(reason: reason, peer: peer)
        }
        if found.isVersion { return .noCommonVersion(peer: peer) }
        if let alert = found.alert { return .refusedByPeer(alert: alert, peer: peer) }
        // The verdict comes before the queue, whose oldest error may be a detail of how it was reached.
        var subject = [CChar](repeating: 0, count: 256)
        let verdict = trireme_tls_refusal(session, &subject, subject.count)
        if verdict != 0 {
            let problem = CertificateProblem(verdict: verdict, expectedName: expectedName)
            return .certificateRefused(problem, subject: String(cBuffer: subject), peer: peer)
        }
        if found.number == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE {
            return .certificateRefused(.missing, subject: "", peer: peer)
        }
        return found.isNotTLS ? .notTLS(peer: peer) : .protocolFailure(reason: found.text, peer: peer)
    }
}
