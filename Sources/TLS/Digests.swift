// Hashing and comparing secrets, by the one crypto library.

import COpenSSL

/// SHA-256 (FIPS 180-4).
public enum SHA256 {
    /// The size of a hash in bytes.
    public static let size = 32

    public static func hash(_ bytes: [UInt8]) -> [UInt8] { hash(bytes.span.bytes) }

    public static func hash(_ bytes: RawSpan) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: size)
        var length = UInt32(size)
        let done = bytes.withUnsafeBytes {
            EVP_Digest($0.baseAddress, $0.count, &digest, &length, EVP_sha256(), nil)
        }
        precondition(done == 1, "OpenSSL has no SHA-256")
        return digest
    }
}

/// Comparisons whose duration tells nothing of the contents.
public enum ConstantTime {
    /// Whether both hold the same bytes (CRYPTO_memcmp). The length is no secret: compare hashes if it is.
    public static func equals(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        a.count == b.count && CRYPTO_memcmp(a, b, a.count) == 0
    }
}
