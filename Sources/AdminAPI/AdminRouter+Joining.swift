// Requests about nodes that are to join: their bodies.

import JSON
import Telemetry
import Vocabulary

/// A token that an operator wants.
struct TokenOrder: Equatable, Sendable {
    var node: NodeID
    var asVoter: Bool
    var lifetime: Duration
}

/// A node that wants to be let in.
struct JoinRequest: Equatable, Sendable {
    var token: JoinToken
    var member: NewMember
    /// The signing request for its key, in PEM.
    var pem: String

    /// The hosts of all its addresses, which its certificate is to be for.
    var hosts: [String] {
        let addresses = [member.peer, member.client, member.clientPlaintext, member.admin].compactMap { $0 }
        var hosts: [String] = []
        for address in addresses {
            guard let colon = address.lastIndex(of: ":") else { continue }
            let host = String(address[..<colon].drop { $0 == "[" }.prefix { $0 != "]" })
            if !hosts.contains(host) { hosts.append(host) }
        }
        return hosts
    }
}

/// What is asked of the office.
enum OfficeOrder: Equatable, Sendable {
    case authority
    case token(TokenOrder)
    case join(JoinRequest)
}

extension AdminRouter {
    /// The body is `{"id": "n4"}`, perhaps with `"ttl_seconds"` and `"learner"`.
    func memberToken(_ request: HTTPRequest) -> Outcome {
        do throws(JSONError) {
            var fields = try MemberFields(request.body)
            let node = try fields.node("id")
            let isLearner = try fields.flag("learner")
            let seconds = try fields.seconds("ttl_seconds", 1...Int(JoinOffice.lifetimeMax.components.seconds))
            try fields.end()
            let lifetime = seconds.map { Duration.seconds($0) } ?? JoinOffice.lifetime
            return .office(.token(TokenOrder(node: node, asVoter: !isLearner, lifetime: lifetime)))
        } catch {
            return AdminRouter.badBody(error, remedy: #"send {"id": "n4"}, perhaps with "ttl_seconds": 900"#)
        }
    }

    /// The body is what `nodectl join` sends; docs/ADMIN_API.md lists its fields.
    func join(_ request: HTTPRequest) -> Outcome {
        do throws(JSONError) {
            var fields = try MemberFields(request.body)
            let text = try fields.text("token")
            let pem = try fields.text("request")
            let member = try fields.newMember()
            try fields.end()
            guard let token = JoinToken(text: text) else {
                return .unauthorized(JoinOffice.invalidToken, isFailure: true)
            }
            return .office(.join(JoinRequest(token: token, member: member, pem: pem)))
        } catch {
            return AdminRouter.badBody(error, remedy: "use `nodectl join`")
        }
    }
}
