// Tokens by which nodes join: asked of a node that can sign their certificates.

import JSON
import Platform
import Telemetry
import Vocabulary

/// A token that was made.
public struct IssuedToken: Decodable, Hashable, Sendable {
    public let token: String
    public let id: String
    public let role: String
    public let expiresAt: String

    enum CodingKeys: String, CodingKey {
        case token, id, role
        case expiresAt = "expires_at"
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("token", token)
            writer.member("id", id)
            writer.member("role", role)
            writer.member("expires_at", expiresAt)
        }
        return writer.bytes + [0x0A]
    }
}

extension ClusterView {
    /// Asks the leader for a token, since it is the leader that takes it.
    ///
    /// - Parameter lifetime: how long it is good, in whole seconds.
    public func token(
        for node: String, asLearner: Bool, lifetime: Duration
    ) throws(ControlError) -> IssuedToken {
        guard NodeID(node) != nil else { throw .usage("`\(node)` is no node name") }
        let (view, asked) = explore()
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("id", node)
            writer.member("ttl_seconds", UInt64(max(1, lifetime.components.seconds)))
            if asLearner { writer.member("learner", true) }
        }
        let answer = try view.askLeader(
            to: "/v1/members/tokens", body: writer.bytes, knowing: asked, until: MonotonicClock.now() + .seconds(10))
        return try client(answer.node).decoded(answer.body, orSay: "its answer holds no token")
    }
}
