// What a certificate is for, beyond whom it names.

/// The role of a certificate's holder, written as the subject's organizational unit (OU=node), so that it can be read
/// with any tool and set with any authority. The extended key usage says the same in OpenSSL's own terms: a node may be
/// either end of a connection, a client only the one that dials, a server only the one that listens.
public enum CertificateRole: String, Hashable, Sendable, CaseIterable {
    /// A member of the cluster: may speak on the peer port.
    case node
    /// A person or a program: may use the client and the admin port.
    case client
    /// A server that is no member.
    case server

    var extendedKeyUsage: String {
        switch self {
        case .node: "serverAuth,clientAuth"
        case .client: "clientAuth"
        case .server: "serverAuth"
        }
    }
}
