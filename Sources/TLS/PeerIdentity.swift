// Who the other end of a session is, by its certificate.

import COpenSSL
public import Vocabulary

// Meaningful once the handshake is done.
extension TLSSession {
    /// What the other end's certificate says. Nil when it showed none.
    public var peerCertificate: CertificateFacts? {
        guard let certificate = SSL_get0_peer_certificate(session) else { return nil }
        return CertificateFacts(certificate)
    }

    /// The DNS names and IP addresses of the other end's certificate.
    public var peerNames: [String] { peerCertificate.map { $0.names + $0.addresses } ?? [] }

    public var peerRole: CertificateRole? { peerCertificate?.role }

    /// The node that the other end is, if its certificate makes it one.
    public var peerNodeID: NodeID? { try? PeerIdentity.verify(self).get() }

    /// The version of the protocol, such as `TLSv1.3`.
    public var version: String { String(cString: SSL_get_version(session)) }
}

/// Which node a connection on the peer port belongs to.
public enum PeerIdentity {
    /// The node id of the other end: its certificate has the role of a node, and its common name is a node id that also
    /// stands among its DNS names. The caller compares it with the membership and with what the peer says it is.
    public static func verify(_ session: TLSSession) -> Result<NodeID, TLSError> {
        guard let facts = session.peerCertificate else {
            return .failure(.certificateRefused(.missing, subject: "", peer: session.peer))
        }
        guard facts.role == .node else {
            return .failure(.wrongRole(facts.role, wanted: .node, subject: facts.subject, peer: session.peer))
        }
        guard let node = NodeID(facts.commonName), facts.names.contains(facts.commonName) else {
            return .failure(.noNodeName(subject: facts.subject, peer: session.peer))
        }
        return .success(node)
    }
}
