// Comparing secrets.

import COpenSSL

/// Comparisons whose duration tells nothing of the contents.
public enum ConstantTime {
    /// Whether both hold the same bytes (CRYPTO_memcmp). The length is no secret: compare hashes if it is.
    public static func equals(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        return unsafe CRYPTO_memcmp(a, b, a.count) == 0
    }
}
