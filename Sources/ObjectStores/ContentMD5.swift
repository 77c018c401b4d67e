// The checksum that a store with object lock asks of every upload.

import COpenSSL

enum ContentMD5 {
    /// MD5 in base 64, as the header `Content-MD5` has it (RFC 1864). Nil where OpenSSL has no MD5: in FIPS mode.
    /// It guards against accidents; the signature covers SHA-256.
    static func header(_ bytes: RawSpan) -> String? {
        var digest = [UInt8](repeating: 0, count: 16)
        var length = UInt32(digest.count)
        // The buffers are used inside of the calls only, and the text has room for 24 letters and a zero.
        let done = unsafe bytes.withUnsafeBytes {
            unsafe EVP_Digest($0.baseAddress, $0.count, &digest, &length, EVP_md5(), nil)
        }
        guard done == 1, length == 16 else { return nil }
        var text = [UInt8](repeating: 0, count: 25)
        let count = unsafe EVP_EncodeBlock(&text, digest, Int32(digest.count))
        return String(decoding: text.prefix(Int(count)), as: UTF8.self)
    }
}
