// Why a connection was not trusted, or a certificate not usable, in words that name the file or the peer.

public import Vocabulary

/// What is wrong with a certificate.
public enum CertificateProblem: Hashable, Sendable, CustomStringConvertible {
    case missing
    case expired
    case notYetValid
    case unknownAuthority
    /// It is not for the name that was to be reached.
    case wrongName(expected: String)
    /// It may not be used for this end of a connection (its extended key usage).
    case wrongPurpose
    case revoked
    case revocationListOutdated
    /// Anything else, in OpenSSL's words.
    case invalid(String)

    public var description: String {
        switch self {
        case .missing: "no certificate"
        case .expired: "certificate has expired"
        case .notYetValid: "certificate is not yet valid"
        case .unknownAuthority: "certificate is from an unknown authority"
        case .wrongName(let expected): "certificate is not for \(expected)"
        case .wrongPurpose: "certificate is not meant for this end of a connection"
        case .revoked: "certificate is revoked"
        case .revocationListOutdated: "certificate's authority has no valid revocation list here"
        case .invalid(let reason): "certificate is invalid: \(reason)"
        }
    }
}

/// Everything that can go wrong with TLS. `peer` is the other end's address.
public enum TLSError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A file cannot be read, or is not what it should be.
    case file(String, reason: String)
    /// Others than its owner can read a private key.
    case keyExposed(String, permissions: UInt32)
    case keyMismatch(certificateFile: String, keyFile: String)
    /// The peer's certificate was refused. `subject` is its name, empty when it showed none.
    case certificateRefused(CertificateProblem, subject: String, peer: String)
    /// The peer's certificate is good, but not for this role.
    case wrongRole(CertificateRole?, wanted: CertificateRole, subject: String, peer: String)
    /// A node's certificate whose common name is no node id, or does not stand among its DNS names.
    case noNodeName(subject: String, peer: String)
    /// The peer refused this end, for the reason of its alert (RFC 8446, section 6).
    case refusedByPeer(alert: String, peer: String)
    /// No common version of TLS: 1.2 is the oldest that is spoken here.
    case noCommonVersion(peer: String)
    /// The peer's bytes are no TLS.
    case notTLS(peer: String)
    /// The connection ended or failed in the middle of the handshake.
    case lost(reason: String, peer: String)
    /// Another failure of the protocol, in OpenSSL's words.
    case protocolFailure(reason: String, peer: String)
    /// Something else than a conversation could not be done: making a key, a certificate, a context.
    case failed(doing: String, reason: String)

    public var description: String {
        switch self {
        case .file(let path, let reason): "\(path): \(reason)"
        case .keyExposed(let path, let permissions):
            "\(path): others can read this private key (mode \(String(permissions, radix: 8)))"
        case .keyMismatch(let certificate, let key):
            "\(key): this key does not belong to the certificate \(certificate)"
        case .certificateRefused(let problem, let subject, let peer):
            "\(peer): \(problem)" + (subject.isEmpty ? "" : " (\(subject))")
        case .wrongRole(let role, let wanted, let subject, let peer):
            "\(peer): certificate has role \(role?.rawValue ?? "none"), not \(wanted.rawValue) (\(subject))"
        case .noNodeName(let subject, let peer): "\(peer): certificate names no node (\(subject))"
        case .refusedByPeer(let alert, let peer): "\(peer) refused this end: \(alert)"
        case .noCommonVersion(let peer): "\(peer): speaks no version of TLS from 1.2 on"
        case .notTLS(let peer): "\(peer): does not speak TLS"
        case .lost(let reason, let peer): "\(peer): connection lost in the handshake: \(reason)"
        case .protocolFailure(let reason, let peer): "\(peer): TLS failed: \(reason)"
        case .failed(let doing, let reason): "\(doing): \(reason)"
        }
    }

    public var remedy: Remedy {
        switch self {
        case .file(let path, _): .operate("put a readable PEM file at \(path)")
        case .keyExposed(let path, _): .operate("chmod 600 \(path), and replace the key if others may have read it")
        case .keyMismatch(let certificate, let key):
            .operate("put the certificate and the key that were issued together at \(certificate) and \(key)")
        case .certificateRefused(let problem, _, let peer): problem.remedy(peer: peer)
        case .wrongRole(_, let wanted, _, let peer):
            .operate("give \(peer) a certificate with OU=\(wanted.rawValue), or let it use another port")
        case .noNodeName(_, let peer):
            .operate("issue a certificate for \(peer) whose common name and a DNS name are its node id")
        case .refusedByPeer(_, let peer):
            .operate("check this end's certificate, and the authority that \(peer) trusts; its log says more")
        case .noCommonVersion(let peer): .operate("update \(peer), or enable TLS 1.2 or 1.3 there")
        case .notTLS(let peer): .operate("connect \(peer) with TLS, or correct the port that it uses")
        case .lost(_, let peer): .retry("\(peer) closed before the handshake was done: its log says why")
        case .protocolFailure(_, let peer): .retry("connect to \(peer) again")
        case .failed(let doing, _): .operate("\(doing) failed: check what was asked for, and OpenSSL's installation")
        }
    }
}

extension CertificateProblem {
    fileprivate func remedy(peer: String) -> Remedy {
        switch self {
        case .missing: .operate("give \(peer) a certificate of this cluster's authority")
        case .expired: .operate("renew the certificate of \(peer)")
        case .notYetValid: .operate("correct the clock here or at \(peer)")
        case .unknownAuthority: .operate("issue the certificate of \(peer) by the authority that is trusted here")
        case .wrongName(let name):
            .operate("issue the certificate of \(peer) for \(name), or correct the name that is configured here")
        case .wrongPurpose: .operate("issue the certificate of \(peer) for this use (serverAuth, clientAuth)")
        case .revoked: .operate("issue a new certificate for \(peer)")
        case .revocationListOutdated: .operate("install a current revocation list of the authority")
        case .invalid: .operate("replace the certificate of \(peer)")
        }
    }
}
