// A certificate authority in a directory: enough for a playground and for clusters without one of their own.

import COpenSSL
import Platform
public import Vocabulary

/// The files of a certificate that was issued.
public struct IssuedCertificate: Hashable, Sendable {
    public let certificateFile: String
    public let keyFile: String
}

/// An authority whose certificate and key lie in a directory as `ca.crt` and `ca.key`. Keys are ECDSA on P-256.
///
/// Node certificates: the common name is the node id, which is a DNS name too, as are `localhost` and the announced
/// hosts; the addresses hold 127.0.0.1 and ::1. For the role, see `CertificateRole`.
public struct CertificateAuthority: Sendable {
    public let directory: String
    public var certificateFile: String { directory + "/ca.crt" }
    public var keyFile: String { directory + "/ca.key" }

    /// How long an authority is valid, in days.
    public static let authorityDays = 3650
    /// Certificates are valid from a little before they are made, so that a clock behind does not refuse them.
    public static let backdating = Duration.seconds(3600)

    /// An authority that was made before. Its files are read when it issues.
    public init(directory: String) { self.directory = directory }

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
        let authority = try Certificate(pem: try PEMFile.read(certificateFile), path: certificateFile)
        try PEMFile.checkSecrecy(keyFile)
        let authorityKey = try PrivateKey(pem: try PEMFile.read(keyFile), path: keyFile)
        let order = CertificateOrder(
            commonName: commonName, unit: role.rawValue, basicConstraints: "critical,CA:FALSE",
            keyUsage: "critical,digitalSignature", extendedKeyUsage: role.extendedKeyUsage,
            alternativeNames: try CertificateOrder.alternativeNames(commonName, role, names, addresses),
            from: from ?? WallClock.now(), days: days)
        let key = try PrivateKey()
        let certificate = try order.make(
            key: key.pointer, issuer: authority.pointer, issuerKey: authorityKey.pointer)
        let base = (outputDirectory ?? directory) + "/" + (fileName ?? commonName)
        try SecretFile.makeDirectory(outputDirectory ?? directory)
        try SecretFile.write(key, base + ".key")
        try SecretFile.write(certificate, base + ".crt")
        return IssuedCertificate(certificateFile: base + ".crt", keyFile: base + ".key")
    }
}
