// What the settings say about TLS, in the words of the TLS layer.

public import Settings
public import TLS

extension TLSFiles {
    public var identity: TLSIdentity {
        TLSIdentity(certificateFile: certificate, keyFile: key, authorityFile: authority)
    }
}

extension TLSVersionMin {
    public var version: TLSContext.OldestVersion {
        switch self {
        case .tls13: .tls13
        case .tls12: .tls12
        }
    }
}
