// An authority's certificate as it is handed on: to somebody who knows its fingerprint.

import COpenSSL

/// One certificate, and what tells it from all others.
public struct AuthorityCertificate: Hashable, Sendable {
    /// It alone, whatever else its file held.
    public let pem: [UInt8]
    /// The SHA-256 of the certificate, as 64 hex characters: what `openssl x509 -fingerprint -sha256` shows.
    public let fingerprint: String

    /// The first certificate of a PEM file.
    public init(file: String) throws(TLSError) { try self.init(pem: try PEMFile.read(file), from: file) }

    /// The first certificate in PEM text that came from somewhere else, to be compared with a fingerprint.
    public init(pem: [UInt8], from source: String) throws(TLSError) {
        let certificate = try Certificate(pem: pem, path: source)
        fingerprint = CertificateFacts(certificate.pointer).fingerprint
        let pointer = certificate.pointer
        self.pem = try PEMFile.encode(source) { PEM_write_bio_X509($0, pointer) }
    }
}
