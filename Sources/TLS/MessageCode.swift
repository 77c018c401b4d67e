// A code by which whoever has a secret knows its own words again (HMAC, RFC 2104).

import Hashing

/// HMAC with SHA-256.
public struct MessageCode: Sendable {
    private let key: [UInt8]

    /// With a key that is drawn from a private key's file: everybody who has that file has the same, and `purpose`
    /// keeps it apart from others.
    public init(keyFile: String, purpose: String) throws(TLSError) {
        try PEMFile.checkSecrecy(keyFile)
        key = SHA256.hash(Array(purpose.utf8) + [0] + SHA256.hash(try PEMFile.read(keyFile)))
    }

    public func code(of bytes: [UInt8]) -> [UInt8] { SHA256.code(of: bytes.span.bytes, key: key) }

    /// Whether this is the code of `bytes`. How long that takes tells nothing.
    public func isCode(_ code: [UInt8], of bytes: [UInt8]) -> Bool { ConstantTime.equals(code, self.code(of: bytes)) }
}
