// A SHA-256 over bytes that come in pieces.

import COpenSSL

/// Takes any number of pieces, and gives the hash of all of them, once.
///
/// Safe because the context is its own, is freed with it, and is never given out.
@safe public struct RunningSHA256: ~Copyable {
    private let context: OpaquePointer

    public init() {
        guard let made = unsafe EVP_MD_CTX_new(), unsafe EVP_DigestInit_ex(made, EVP_sha256(), nil) == 1 else {
            preconditionFailure("OpenSSL has no SHA-256")
        }
        unsafe context = made
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    public mutating func update(_ bytes: RawSpan) {
        // The buffer is used inside of the call only.
        let done = unsafe bytes.withUnsafeBytes { unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
        precondition(done == 1, "OpenSSL refused to hash")
    }

    /// The hash of what was taken so far; more may follow.
    public func hash() -> [UInt8] {
        let copy = RunningSHA256()
        let done = unsafe EVP_MD_CTX_copy_ex(copy.context, context)
        precondition(done == 1, "OpenSSL refused to copy a hash")
        return copy.finish()
    }

    public consuming func finish() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: SHA256.size)
        var length = UInt32(SHA256.size)
        let done = unsafe EVP_DigestFinal_ex(context, &digest, &length)
        precondition(done == 1, "OpenSSL refused to hash")
        return digest
    }
}
