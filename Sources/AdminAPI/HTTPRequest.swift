// One HTTP request as the routes see it, after the parser has believed it.

/// A header field, its name in lower case.
package struct HTTPField: Equatable, Sendable {
    package var name: String
    package var value: String
}

/// A whole request: head and body. `path` begins with a slash and has no query.
package struct HTTPRequest: Equatable, Sendable {
    /// As sent; methods are case-sensitive (RFC 9110, section 9.1).
    package var method: String
    package var path: String
    /// The text behind the first question mark; empty when there is none.
    package var query: String
    package var fields: [HTTPField]
    package var body: [UInt8] = []
    /// Whether the client wants the connection to go on after the answer.
    package var keepsAlive: Bool

    /// The value of a field that may stand once; nil when it is missing. A repeated one gives its first value, so
    /// whoever asks must not decide on security by it: `authorization` is counted by its reader.
    func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    package func fieldCount(_ name: String) -> Int { fields.count { $0.name == name } }

    /// The value of a parameter in the query, without percent decoding: no route has one that needs it.
    func parameter(_ name: String) -> Substring? {
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts[0] == name { return parts.count > 1 ? parts[1] : "" }
        }
        return nil
    }
}
