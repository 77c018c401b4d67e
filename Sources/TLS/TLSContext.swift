// What sessions have in common: keys, certificates, trust and the rules of the protocol.

import COpenSSL

/// Keys and rules, read from files once and never changed: renewed files take a new context, which new sessions use
/// while those of before go on with theirs.
///
/// TLS 1.3, and 1.2 with forward-secret AEAD ciphers if it is allowed; no renegotiation, no compression. AES-128-GCM
/// goes first: it is the fastest on the processors that this runs on, and no weaker a link than P-256 is.
///
/// Sendable because nothing changes the SSL_CTX after `init`, and OpenSSL allows SSL_new from many threads then: its
/// reference count and session cache have locks of their own (OpenSSL's manual, openssl-threads).
public final class TLSContext: @unchecked Sendable {
    let context: OpaquePointer
    let isServer: Bool

    public enum ClientCertificates: Hashable, Sendable {
        case notAsked
        /// Asked for, and verified if given.
        case optional
        case required
    }

    /// The oldest version of the protocol that is spoken.
    public enum OldestVersion: Hashable, Sendable {
        case tls12
        case tls13

        fileprivate var number: Int32 { self == .tls12 ? TLS1_2_VERSION : TLS1_3_VERSION }
    }

    private init(isServer: Bool, _ oldest: OldestVersion) throws(TLSError) {
        guard let context = SSL_CTX_new(isServer ? TLS_server_method() : TLS_client_method()) else {
            throw .failed(doing: "making a TLS context", reason: OpenSSLFailure.take().text)
        }
        self.context = context
        self.isServer = isServer
        guard trireme_tls_configure(context, oldest.number) == 1 else {
            throw .failed(doing: "configuring TLS", reason: OpenSSLFailure.take().text)
        }
    }

    deinit { SSL_CTX_free(context) }

    /// For listeners. Without client certificates the authority file is not read.
    public static func server(
        _ identity: TLSIdentity, clientCertificates: ClientCertificates, oldest: OldestVersion = .tls13
    ) throws(TLSError) -> TLSContext {
        let made = try TLSContext(isServer: true, oldest)
        try made.use(identity)
        guard clientCertificates != .notAsked else {
            // One ticket lets a client come back without a signature. Its key lives and dies with this context.
            SSL_CTX_set_num_tickets(made.context, 1)
            return made
        }
        // A ticket would outlive the certificate that it was given for: whoever is asked for one shows it each time.
        SSL_CTX_set_num_tickets(made.context, 0)
        trireme_tls_forget_sessions(made.context)
        try made.trust(
            identity.authorityFile, revocation: identity.revocationFile, required: clientCertificates == .required)
        return made
    }

    /// For those who dial. The server's certificate is always verified. `protocols` are the names that are offered for
    /// what is spoken inside (ALPN, RFC 7301), each of 1 to 255 bytes; most servers want none.
    public static func client(
        _ identity: TLSIdentity?, authorityFile: String, protocols: [String] = [], oldest: OldestVersion = .tls13
    ) throws(TLSError) -> TLSContext {
        let made = try TLSContext(isServer: false, oldest)
        try made.offer(protocols)
        if let identity { try made.use(identity) }
        try made.trust(authorityFile, revocation: identity?.revocationFile, required: true)
        return made
    }

    /// For those who dial with an identity whose authority is also the one to trust.
    public static func client(
        _ identity: TLSIdentity, oldest: OldestVersion = .tls13
    ) throws(TLSError) -> TLSContext {
        try client(identity, authorityFile: identity.authorityFile, oldest: oldest)
    }

    /// For asking a server who it is. Whoever answers is taken for it: nothing secret may be said over it, and what
    /// comes back must be proven by other means, such as a fingerprint that is known.
    public static func believingAnybody(oldest: OldestVersion = .tls13) throws(TLSError) -> TLSContext {
        try TLSContext(isServer: false, oldest)
    }

    private func offer(_ protocols: [String]) throws(TLSError) {
        guard !protocols.isEmpty else { return }
        let list = protocols.flatMap { [UInt8(clamping: $0.utf8.count)] + Array($0.utf8) }
        // Zero is success here.
        guard SSL_CTX_set_alpn_protos(context, list, UInt32(list.count)) == 0 else {
            throw .failed(doing: "offering \(protocols)", reason: OpenSSLFailure.take().text)
        }
    }

    private func use(_ identity: TLSIdentity) throws(TLSError) {
        try PEMFile.check(identity.certificateFile)
        guard SSL_CTX_use_certificate_chain_file(context, identity.certificateFile) == 1 else {
            throw .file(identity.certificateFile, reason: "no certificate: " + OpenSSLFailure.take().text)
        }
        try PEMFile.check(identity.keyFile)
        try PEMFile.checkSecrecy(identity.keyFile)
        // Without this, a key with a passphrase would make OpenSSL ask for it on the terminal.
        SSL_CTX_set_default_passwd_cb(context) { _, _, _, _ in -1 }
        guard SSL_CTX_use_PrivateKey_file(context, identity.keyFile, SSL_FILETYPE_PEM) == 1 else {
            let failure = OpenSSLFailure.take()
            if failure.number == X509_R_KEY_VALUES_MISMATCH || failure.number == X509_R_KEY_TYPE_MISMATCH {
                throw .keyMismatch(certificateFile: identity.certificateFile, keyFile: identity.keyFile)
            }
            throw .file(identity.keyFile, reason: "no private key without a passphrase: " + failure.text)
        }
        guard SSL_CTX_check_private_key(context) == 1 else {
            ERR_clear_error()
            throw .keyMismatch(certificateFile: identity.certificateFile, keyFile: identity.keyFile)
        }
    }

    private func trust(_ authorityFile: String, revocation: String?, required: Bool) throws(TLSError) {
        try PEMFile.check(authorityFile)
        guard trireme_tls_verify(context, authorityFile, required ? 1 : 0, isServer ? 1 : 0) == 1 else {
            throw .file(authorityFile, reason: "no authority's certificate: " + OpenSSLFailure.take().text)
        }
        if let revocation {
            try PEMFile.check(revocation)
            guard trireme_tls_revoke(context, revocation) == 1 else {
                throw .file(revocation, reason: "no revocation list: " + OpenSSLFailure.take().text)
            }
        }
        // Reading a list to its end leaves "no start line" behind.
        ERR_clear_error()
    }
}
