// What a certificate says, for people, metrics and decisions.

import COpenSSL
import Hashing
public import Vocabulary

/// The contents of one certificate.
public struct CertificateFacts: Hashable, Sendable {
    /// The holder, in the form of RFC 2253: `CN=n1,OU=node`.
    public let subject: String
    /// Empty when there is none.
    public let commonName: String
    public let role: CertificateRole?
    public let issuer: String
    /// Both ends are inside of its validity.
    public let notBefore: Timestamp
    public let notAfter: Timestamp
    /// DNS names.
    public let names: [String]
    /// IP addresses as text.
    public let addresses: [String]
    /// The SHA-256 of the whole certificate, as 64 hex characters.
    public let fingerprint: String

    /// The first certificate of a PEM file.
    public static func read(_ path: String) throws(TLSError) -> CertificateFacts {
        let certificate = try Certificate(pem: try PEMFile.read(path), path: path)
        return CertificateFacts(certificate.pointer)
    }

    public func isExpired(at now: Timestamp) -> Bool { notAfter < now }
    public func isNotYetValid(at now: Timestamp) -> Bool { now < notBefore }

    init(_ certificate: OpaquePointer) {
        let name = X509_get_subject_name(certificate)
        subject = CertificateFacts.text(name)
        commonName = CertificateFacts.field(name, NID_commonName) ?? ""
        role = CertificateFacts.field(name, NID_organizationalUnitName).flatMap(CertificateRole.init(rawValue:))
        issuer = CertificateFacts.text(X509_get_issuer_name(certificate))
        notBefore = CertificateFacts.timestamp(X509_get0_notBefore(certificate))
        notAfter = CertificateFacts.timestamp(X509_get0_notAfter(certificate))
        let alternatives = AlternativeNames.of(certificate)
        names = alternatives.names
        addresses = alternatives.addresses
        fingerprint = CertificateFacts.fingerprint(certificate)
    }

    private static func text(_ name: OpaquePointer?) -> String {
        var buffer = [CChar](repeating: 0, count: 512)
        trireme_certificate_name_text(name, &buffer, buffer.count)
        return String(cBuffer: buffer)
    }

    private static func field(_ name: OpaquePointer?, _ kind: Int32) -> String? {
        var buffer = [CChar](repeating: 0, count: 256)
        return trireme_certificate_field(name, kind, &buffer, buffer.count) < 0 ? nil : String(cBuffer: buffer)
    }

    /// Times before 1970 count as 1970.
    private static func timestamp(_ time: UnsafePointer<ASN1_TIME>?) -> Timestamp {
        Timestamp(microseconds: UInt64(max(0, trireme_certificate_seconds(time))) * 1_000_000)
    }

    private static func fingerprint(_ certificate: OpaquePointer) -> String {
        var digest = [UInt8](repeating: 0, count: SHA256.size)
        var length = UInt32(digest.count)
        X509_digest(certificate, EVP_sha256(), &digest, &length)
        return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// The subject's alternative names as they are collected.
private struct AlternativeNames {
    var names: [String] = []
    var addresses: [String] = []

    static func of(_ certificate: OpaquePointer) -> AlternativeNames {
        var found = AlternativeNames()
        withUnsafeMutablePointer(to: &found) { trireme_certificate_names(certificate, $0, collect) }
        return found
    }

    private static let collect: trireme_name_visitor = { context, kind, text, length in
        // The context is the value above, for the time of that call.
        guard let found = context?.assumingMemoryBound(to: AlternativeNames.self), let text else { return }
        let name = String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
        if kind == CChar(UInt8(ascii: "D")) {
            found.pointee.names.append(name)
        } else {
            found.pointee.addresses.append(name)
        }
    }
}

/// An X509 object, freed with its holder.
struct Certificate: ~Copyable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    init(pem: [UInt8], path: String) throws(TLSError) {
        let input = try MemoryInput(pem, path: path)
        guard let pointer = input.read({ PEM_read_bio_X509($0, nil, nil, nil) }) else {
            throw .file(path, reason: "no certificate: " + OpenSSLFailure.take().text)
        }
        self.pointer = pointer
    }

    deinit { X509_free(pointer) }
}
