// SHA-256 and its keyed form, by the one crypto library.

import ByteCoding
import COpenSSL

/// SHA-256 (FIPS 180-4).
public enum SHA256 {
    /// The size of a hash in bytes.
    public static let size = 32

    public static func hash(_ bytes: [UInt8]) -> [UInt8] { hash(bytes.rawBytes) }

    public static func hash(_ bytes: RawSpan) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: size)
        var length = UInt32(size)
        // The buffers are used inside of the call only.
        let done = unsafe bytes.withUnsafeBytes {
            unsafe EVP_Digest($0.baseAddress, $0.count, &digest, &length, EVP_sha256(), nil)
        }
        precondition(done == 1, "OpenSSL has no SHA-256")
        return digest
    }

    /// HMAC (RFC 2104) with SHA-256.
    public static func code(of bytes: RawSpan, key: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: size)
        var length = UInt32(size)
        // As above.
        let made = unsafe bytes.withUnsafeBytes {
            let message = unsafe $0.bindMemory(to: UInt8.self)
            return unsafe HMAC(EVP_sha256(), key, Int32(key.count), message.baseAddress, message.count, &code, &length)
                != nil
        }
        precondition(made, "OpenSSL has no HMAC")
        return code
    }
}
