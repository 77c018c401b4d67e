// A certificate authority in a directory: enough for a playground and for clusters without one of their own.

import COpenSSL
import Platform
public import Vocabulary

/// The files of a certificate that was issued.
public struct IssuedCertificate: Hashable, Sendable {
    public let certificateFile: String
    public let keyFile: String
}

/// An authority whose certificate and key lie in two files, as `ca.crt` and `ca.key` of a directory unless they are
/// named. Keys that it makes are ECDSA on P-256.
///
/// Node certificates: the common name is the node id, which is a DNS name too, as are `localhost` and the announced
/// hosts; the addresses hold 127.0.0.1 and ::1. For the role, see `CertificateRole`.
public struct CertificateAuthority: Sendable {
    public let certificateFile: String
    public let keyFile: String
    public var directory: String { FileSystem.parent(of: certificateFile) }

    /// How long an authority is valid, in days.
    public static let authorityDays = 3650
    /// Certificates are valid from a little before they are made, so that a clock behind does not refuse them.
    public static let backdating = Duration.seconds(3600)

    /// An authority that was made before. Its files are read when it issues.
    public init(directory: String) {
        self.init(certificateFile: directory + "/ca.crt", keyFile: directory + "/ca.key")
    }

    /// The same, wherever its files are. Of several certificates in a file the first is the authority's.
    public init(certificateFile: String, keyFile: String) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }

    /// Makes an authority with a new key. Refuses when the directory has one already.
    public static func create(
        _ directory: String, name: String = "Trireme authority", days: Int = authorityDays
    ) throws(TLSError) -> CertificateAuthority {
        let authority = CertificateAuthority(directory: directory)
        try SecretFile.makeDirectory(directory)
        for path in [authority.certificateFile, authority.keyFile] where FileSystem.exists(path) {
            throw .file(path, reason: "there is an authority already")
        }
        let key = try PrivateKey()
        let order = CertificateOrder(
            commonName: name, unit: "authority", basicConstraints: "critical,CA:TRUE,pathlen:0",
            keyUsage: "critical,keyCertSign,cRLSign", from: WallClock.now(), days: days)
        let certificate = try order.make(key: key.pointer, issuer: nil, issuerKey: nil)
        try SecretFile.write(key, authority.keyFile)
        try SecretFile.write(certificate, authority.certificateFile)
        return authority
    }

    /// Makes a key and a certificate for it, and writes both: NAME.crt and NAME.key (for its owner only) in
    /// `outputDirectory`, the authority's own unless given. What has those names already is replaced.
    ///
    /// - Parameters:
    ///   - names: DNS names besides the common name; for nodes also besides `localhost`.
    ///   - addresses: IP addresses; for nodes besides 127.0.0.1 and ::1.
    ///   - from: the start of its validity; nil means now. The end is `days` later.
    ///   - fileName: NAME; nil means the common name.
    public func issue(
        commonName: String, role: CertificateRole, names: [String] = [], addresses: [String] = [], days: Int,
        from: Timestamp? = nil, fileName: String? = nil, outputDirectory: String? = nil
    ) throws(TLSError) -> IssuedCertificate {
        let key = try PrivateKey()
        let certificate = try certify(
            key.pointer, commonName, role, names: names, addresses: addresses, days: days, from: from)
        let base = (outputDirectory ?? directory) + "/" + (fileName ?? commonName)
        try SecretFile.makeDirectory(outputDirectory ?? directory)
        try SecretFile.write(key, base + ".key")
        try SecretFile.write(certificate, base + ".crt")
        return IssuedCertificate(certificateFile: base + ".crt", keyFile: base + ".key")
    }

    /// Makes a certificate for the key of a request that came from somewhere else. Its name and role are those given
    /// here, whatever the request says.
    ///
    /// - Parameter hosts: host names and IP addresses that it is for as well. None may be a pattern.
    /// - Returns: the certificate in PEM.
    public func sign(
        _ request: CertificateRequest, commonName: String, role: CertificateRole, hosts: [String], days: Int
    ) throws(TLSError) -> [UInt8] {
        if let host = hosts.first(where: { $0.contains("*") }) {
            throw .failed(doing: "issuing for \(host)", reason: "not a host name")
        }
        let key = try request.key()
        let addresses = hosts.filter(CertificateOrder.isAddress)
        let certificate = try certify(
            key.pointer, commonName, role, names: hosts.filter { !addresses.contains($0) }, addresses: addresses,
            days: days, from: nil)
        let pointer = certificate.pointer
        return try PEMFile.encode("a certificate for \(commonName)") { PEM_write_bio_X509($0, pointer) }
    }

    private func certify(
        _ key: OpaquePointer, _ commonName: String, _ role: CertificateRole, names: [String], addresses: [String],
        days: Int, from: Timestamp?
    ) throws(TLSError) -> Certificate {
        let authority = try Certificate(pem: try PEMFile.read(certificateFile), path: certificateFile)
        try PEMFile.checkSecrecy(keyFile)
        let authorityKey = try PrivateKey(pem: try PEMFile.read(keyFile), path: keyFile)
        guard X509_check_private_key(authority.pointer, authorityKey.pointer) == 1 else {
            ERR_clear_error()
            throw .keyMismatch(certificateFile: certificateFile, keyFile: keyFile)
        }
        let order = CertificateOrder(
            commonName: commonName, unit: role.rawValue, basicConstraints: "critical,CA:FALSE",
            keyUsage: "critical,digitalSignature", extendedKeyUsage: role.extendedKeyUsage,
            alternativeNames: try CertificateOrder.alternativeNames(commonName, role, names, addresses),
            from: from ?? WallClock.now(), days: days)
        return try order.make(key: key, issuer: authority.pointer, issuerKey: authorityKey.pointer)
    }
}
