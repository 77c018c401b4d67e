// Who may do what: the bearer tokens of the admin port.

import Hashing

/// The tokens that the admin port accepts. Several of a kind may be valid at once, so that they can be rotated without
/// a refused call. Only their hashes are kept: no core file or log has one, and comparing hashes tells nothing of
/// lengths.
public struct AdminTokens: Sendable {
    /// SHA-256 of the tokens that are allowed everything.
    private let admin: [[UInt8]]
    /// SHA-256 of those that are allowed `/metrics` and nothing else that needs a token.
    private let metrics: [[UInt8]]

    /// Empty tokens are dropped: nobody is an administrator by sending nothing.
    public init(admin: [[UInt8]], metrics: [[UInt8]] = []) {
        self.admin = admin.filter { !$0.isEmpty }.map { SHA256.hash($0) }
        self.metrics = metrics.filter { !$0.isEmpty }.map { SHA256.hash($0) }
    }

    enum Identity: Equatable, Sendable {
        case admin, metrics
        /// No token was sent.
        case nobody
        /// A token was sent that is not valid.
        case unknown
    }

    /// Who sends this request. Every hash is compared, each in constant time, so that time tells nothing.
    func identity(of request: HTTPRequest) -> Identity {
        guard request.fieldCount("authorization") > 0 else { return .nobody }
        guard request.fieldCount("authorization") == 1, let token = AdminTokens.bearer(request) else { return .unknown }
        let hash = SHA256.hash(token)
        var isAdmin = false
        var isMetrics = false
        for candidate in admin where ConstantTime.equals(candidate, hash) { isAdmin = true }
        for candidate in metrics where ConstantTime.equals(candidate, hash) { isMetrics = true }
        return isAdmin ? .admin : isMetrics ? .metrics : .unknown
    }

    /// The token of `Authorization: Bearer TOKEN` (RFC 6750); the scheme's case does not matter.
    private static func bearer(_ request: HTTPRequest) -> [UInt8]? {
        guard let value = request.field("authorization") else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return Array(parts[1].utf8.drop { $0 == UInt8(ascii: " ") })
    }
}
