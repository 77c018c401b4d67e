// A request for a certificate: a key is proven to an authority without leaving its machine.

import COpenSSL

/// A signing request (PKCS #10, RFC 2986). What name the certificate gets is up to the authority, whatever it says.
public struct CertificateRequest: Hashable, Sendable {
    /// In bytes. Far more than a request for any common key takes.
    public static let sizeMax = 1 << 14
    /// What a key has to withstand, in bits (NIST SP 800-57, 5.6.1): as RSA with 2048 does.
    private static let securityMin: Int32 = 112

    public let pem: [UInt8]

    /// One that was received. Whether it is one, `key` finds out.
    public init(pem: [UInt8]) { self.pem = pem }

    /// Makes a key, writes it where only its owner reads it, and a request for it.
    public static func make(keyFile: String, commonName: String) throws(TLSError) -> CertificateRequest {
        let key = try PrivateKey()
        guard let request = trireme_request_make(key.pointer, commonName) else {
            throw .failed(doing: "making a request for \(commonName)", reason: OpenSSLFailure.take().text)
        }
        defer { X509_REQ_free(request) }
        let pem = try PEMFile.encode("a request") { PEM_write_bio_X509_REQ($0, request) }
        try SecretFile.write(key, keyFile)
        return CertificateRequest(pem: pem)
    }

    /// The key that is asked for. Refused when the request is not signed with it, or when it is weak.
    func key() throws(TLSError) -> PublicKey {
        guard pem.count <= CertificateRequest.sizeMax else {
            throw .failed(doing: "reading a request", reason: "it has more than \(CertificateRequest.sizeMax) bytes")
        }
        let input = try MemoryInput(pem, path: "a request")
        guard let request = input.read({ PEM_read_bio_X509_REQ($0, nil, nil, nil) }) else {
            throw .failed(doing: "reading a request", reason: "no certificate request: " + OpenSSLFailure.take().text)
        }
        defer { X509_REQ_free(request) }
        guard let key = trireme_request_key(request) else {
            throw .failed(doing: "reading a request", reason: "it is not signed with its key")
        }
        let held = PublicKey(pointer: key)
        guard EVP_PKEY_get_security_bits(key) >= CertificateRequest.securityMin else {
            throw .failed(doing: "reading a request", reason: "its key is weak")
        }
        return held
    }
}

/// A public key, freed with its holder.
struct PublicKey: ~Copyable {
    let pointer: OpaquePointer
    deinit { EVP_PKEY_free(pointer) }
}
