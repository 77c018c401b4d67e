// Private keys, and writing them where only their owner reads them.

import COpenSSL
import Platform

/// A private key, freed (and wiped by OpenSSL) with its holder.
struct PrivateKey: ~Copyable {
    let pointer: OpaquePointer

    /// A new one, on the curve P-256.
    init() throws(TLSError) {
        guard let pointer = trireme_key_make() else {
            throw .failed(doing: "making a key", reason: OpenSSLFailure.take().text)
        }
        self.pointer = pointer
    }

    init(pem: [UInt8], path: String) throws(TLSError) {
        let input = try MemoryInput(pem, path: path)
        // The callback refuses a passphrase instead of asking for one.
        guard let pointer = input.read({ PEM_read_bio_PrivateKey($0, nil, { _, _, _, _ in -1 }, nil) }) else {
            throw .file(path, reason: "no private key without a passphrase: " + OpenSSLFailure.take().text)
        }
        self.pointer = pointer
    }

    deinit { EVP_PKEY_free(pointer) }
}

/// Writes keys and certificates so that a crash leaves the old or the new.
enum SecretFile {
    /// In bytes: far more than a key on P-256 or its certificate takes.
    private static let sizeMax = 1 << 16

    static func makeDirectory(_ path: String) throws(TLSError) {
        do throws(SystemError) { try FileSystem.makeDirectory(path, intermediate: true) } catch {
            throw .file(path, reason: error.reason)
        }
    }

    static func write(_ certificate: borrowing Certificate, _ path: String) throws(TLSError) {
        let pointer = certificate.pointer
        // Certificates are public: whoever connects may want to read the authority's.
        try write(path, permissions: 0o644) { PEM_write_bio_X509($0, pointer) }
    }

    static func write(_ key: borrowing PrivateKey, _ path: String) throws(TLSError) {
        let pointer = key.pointer
        try write(path, permissions: 0o600) { PEM_write_bio_PrivateKey($0, pointer, nil, nil, 0, nil, nil) }
    }

    private static func write(
        _ path: String, permissions: UInt32, _ encode: (OpaquePointer) -> Int32
    ) throws(TLSError) {
        guard let bio = BIO_new(BIO_s_secmem()) else {
            throw .failed(doing: "writing \(path)", reason: OpenSSLFailure.take().text)
        }
        defer { BIO_free(bio) }
        var bytes = [UInt8](repeating: 0, count: sizeMax)
        // The bytes hold a key: they are wiped before their memory goes back.
        defer { OPENSSL_cleanse(&bytes, bytes.count) }
        guard encode(bio) == 1, case let count = BIO_read(bio, &bytes, Int32(bytes.count)), count > 0 else {
            throw .failed(doing: "writing \(path)", reason: OpenSSLFailure.take().text)
        }
        do throws(SystemError) {
            try FileSystem.writeAtomically(
                path, bytes.span.bytes.extracting(0..<Int(count)), permissions: permissions)
        } catch {
            throw .file(path, reason: error.reason)
        }
    }
}
