// The tokens that log a client in, kept as hashes.

import Hashing
import Sessions
import Settings

/// Compares by SHA-256 and in constant time, so that neither a token's bytes nor its length show in how long it takes.
struct TokenSet: TokenVerifier {
    private let hashes: [[UInt8]]

    init(_ tokens: [[UInt8]]) { hashes = tokens.map { SHA256.hash($0) } }

    /// The client tokens, and the admin tokens, which may do everything.
    static func load(_ settings: AuthenticationSettings) throws(TokenFileError) -> TokenSet {
        var tokens = try TokenFile.read(settings.adminTokenFile)
        if let file = settings.clientTokenFile { tokens += try TokenFile.read(file) }
        return TokenSet(tokens)
    }

    func accepts(_ token: RawSpan) -> Bool {
        let hash = SHA256.hash(token)
        var isAccepted = false
        for known in hashes where ConstantTime.equals(known, hash) { isAccepted = true }
        return isAccepted
    }
}
