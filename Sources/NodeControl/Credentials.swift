// Whom a tool trusts and how it logs in: read from files, kept out of everything that is printed.

import Settings
import TLS

/// What the admin port wants to see. Has no description, so that no token reaches a message.
public struct Credentials: Sendable {
    let context: TLSContext
    /// What stands behind `Bearer`.
    let token: [UInt8]

    /// For what needs no token, or has one of its own.
    init(context: TLSContext, token: [UInt8]) {
        self.context = context
        self.token = token
    }

    /// - Parameters:
    ///   - authorityFile: certificates of those who sign the nodes' certificates.
    ///   - tokenFile: of mode 0600; its first token is used.
    public init(authorityFile: String, tokenFile: String) throws(ControlError) {
        do throws(TokenFileError) {
            token = try TokenFile.read(tokenFile).first ?? []
        } catch {
            throw .tokens(error)
        }
        context = try secured { () throws(TLSError) in
            try TLSContext.client(nil, authorityFile: authorityFile)
        }
    }
}
