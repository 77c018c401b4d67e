// Who may do what: the bearer tokens of the admin port.

import ByteCoding

/// The tokens that the admin port accepts. Several of a kind may be valid at once, so that they can be rotated without a
/// refused call. Nothing here is ever logged or shown: the type has no description.
public struct AdminTokens: Sendable {
    /// Allowed everything.
    let admin: [[UInt8]]
    /// Allowed `/metrics` and nothing else that needs a token.
    let metrics: [[UInt8]]

    /// Empty tokens are dropped: nobody is an administrator by sending nothing.
    public init(admin: [[UInt8]], metrics: [[UInt8]] = []) {
        self.admin = admin.filter { !$0.isEmpty }
        self.metrics = metrics.filter { !$0.isEmpty }
    }

    enum Identity: Equatable, Sendable {
        case admin, metrics
        /// No token was sent.
        case nobody
        /// A token was sent that is not valid.
        case unknown
    }

    /// Who sends this request. Every token is compared, each in constant time by `equal`, so that time tells nothing.
    func identity(of request: HTTPRequest, equal: (RawSpan, RawSpan) -> Bool) -> Identity {
        guard request.fieldCount("authorization") > 0 else { return .nobody }
        guard request.fieldCount("authorization") == 1, let token = AdminTokens.bearer(request) else { return .unknown }
        var isAdmin = false
        var isMetrics = false
        for candidate in admin where equal(candidate.rawBytes, token.rawBytes) { isAdmin = true }
        for candidate in metrics where equal(candidate.rawBytes, token.rawBytes) { isMetrics = true }
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
