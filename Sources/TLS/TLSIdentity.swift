// The files that TLS is given, and what is asked of them before OpenSSL reads them.

import COpenSSL
import Platform

/// The files that a process proves itself with and judges others by. All are PEM.
public struct TLSIdentity: Hashable, Sendable {
    /// The certificate, followed by those that lead to its authority, if any.
    public let certificateFile: String
    /// Readable by its owner only, or by root's group if it is root's.
    public let keyFile: String
    /// The authorities that are trusted.
    public let authorityFile: String
    /// Certificates that are trusted no more, if the authority keeps a list.
    public let revocationFile: String?

    public init(certificateFile: String, keyFile: String, authorityFile: String, revocationFile: String? = nil) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.authorityFile = authorityFile
        self.revocationFile = revocationFile
    }
}

/// Reads and makes PEM. Files are read first, since OpenSSL's own complaints do not name them.
enum PEMFile {
    /// In bytes. More is no certificate, key or bundle of authorities.
    static let sizeMax = 4 << 20

    static func check(_ path: String) throws(TLSError) { _ = try read(path) }

    static func read(_ path: String) throws(TLSError) -> [UInt8] {
        do throws(SystemError) {
            return try FileSystem.readAll(path, limit: sizeMax)
        } catch {
            throw .file(path, reason: error.reason)
        }
    }

    /// The PEM text that `write` puts into memory. For what is no secret.
    static func encode(_ what: String, _ write: (OpaquePointer) -> Int32) throws(TLSError) -> [UInt8] {
        guard let bio = BIO_new(BIO_s_mem()) else {
            throw .failed(doing: "writing \(what)", reason: OpenSSLFailure.take().text)
        }
        defer { BIO_free(bio) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        guard write(bio) == 1, case let count = BIO_read(bio, &bytes, Int32(bytes.count)), count > 0,
            count < bytes.count
        else { throw .failed(doing: "writing \(what)", reason: OpenSSLFailure.take().text) }
        return Array(bytes[..<Int(count)])
    }

    /// A key of this user may be read by nobody else; one of root, by its group too (as PostgreSQL has it).
    static func checkSecrecy(_ path: String) throws(TLSError) {
        let found: FileStatus?
        do throws(SystemError) { found = try FileSystem.status(FileSystem.realPath(path)) } catch {
            throw .file(path, reason: error.reason)
        }
        guard let found else { throw .file(path, reason: "it is gone again") }
        let forbidden: UInt32 = found.owner == 0 && ThisProcess.userID != 0 ? 0o037 : 0o077
        if found.permissions & forbidden != 0 { throw .keyExposed(path, permissions: found.permissions) }
    }
}
