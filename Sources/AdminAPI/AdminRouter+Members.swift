// Requests that change who the members are: their bodies.

import JSON
import Telemetry
import Vocabulary

extension AdminRouter {
    /// The bodies are objects; docs/ADMIN_API.md lists their fields.
    func members(_ route: Route, _ request: HTTPRequest) -> Outcome {
        do throws(JSONError) {
            var fields = try MemberFields(request.body)
            let order = try AdminRouter.order(route, &fields)
            let isForced = try fields.flag("force")
            try fields.end()
            return .ask(.changeMembers(order, isForced: isForced))
        } catch {
            return AdminRouter.badBody(error, remedy: route.memberExample)
        }
    }

    private static func order(_ route: Route, _ fields: inout MemberFields) throws(JSONError) -> MembershipOrder {
        switch route {
        case .memberAdd:
            let asVoter = try fields.flag("promote")
            return .add(try fields.newMember(), asVoter: asVoter)
        case .memberPromote:
            let isPatient = try fields.flag("when_caught_up")
            return .promote(try fields.node("id"), whenCaughtUp: isPatient)
        case .memberReplace:
            let old = try fields.node("id")
            return .replace(old, with: try fields.nested("with"))
        default: return .remove(try fields.node("id"))
        }
    }
}

/// The fields of a body, taken one by one; none may be left over.
struct MemberFields {
    private var members: [(name: String, value: JSONValue)]
    /// Bytes of an address: a host name of 253 bytes, a colon and a port.
    private static let addressLengthMax = 259

    init(_ body: [UInt8]) throws(JSONError) { members = try AdminRouter.members(of: body) }

    private init(_ members: [(name: String, value: JSONValue)]) { self.members = members }

    private mutating func take(_ name: String) -> JSONValue? {
        guard let position = members.firstIndex(where: { $0.name == name }) else { return nil }
        let value = members.remove(at: position).value
        if case .null = value { return nil }
        return value
    }

    mutating func flag(_ name: String) throws(JSONError) -> Bool {
        switch take(name) {
        case nil: return false
        case .flag(let flag)?: return flag
        default: throw JSONError(what: "\"\(name)\" is neither true nor false", offset: 0)
        }
    }

    mutating func text(_ name: String) throws(JSONError) -> String {
        guard case .text(let text)? = take(name) else { throw JSONError(what: "\"\(name)\" is no text", offset: 0) }
        return text
    }

    /// A whole number of seconds within bounds; nil when it is not given.
    mutating func seconds(_ name: String, _ bounds: ClosedRange<Int>) throws(JSONError) -> Int? {
        guard let value = take(name) else { return nil }
        guard case .number(let number) = value, let seconds = Int(exactly: number), bounds.contains(seconds) else {
            throw JSONError(
                what: "\"\(name)\" is no whole number from \(bounds.lowerBound) to \(bounds.upperBound)", offset: 0)
        }
        return seconds
    }

    mutating func node(_ name: String) throws(JSONError) -> NodeID {
        guard case .text(let text)? = take(name), let node = NodeID(text) else {
            throw JSONError(what: "\"\(name)\" is no node's id", offset: 0)
        }
        return node
    }

    private mutating func address(_ name: String) throws(JSONError) -> String? {
        guard let value = take(name) else { return nil }
        guard case .text(let text) = value, MemberFields.isAddress(text) else {
            throw JSONError(what: "\"\(name)\" is no address HOST:PORT", offset: 0)
        }
        return text
    }

    private static func isAddress(_ text: String) -> Bool {
        guard text.utf8.count <= addressLengthMax, let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else {
            return false
        }
        let host = text.utf8[..<colon]
        let port = UInt16(text[text.index(after: colon)...]) ?? 0
        return !host.isEmpty && host.allSatisfy { $0 > 0x20 && $0 < 0x7F } && port > 0
    }

    mutating func newMember() throws(JSONError) -> NewMember {
        let id = try node("id")
        guard let peer = try address("peer"), let client = try address("client") else {
            throw JSONError(what: "\"peer\" and \"client\" are needed", offset: 0)
        }
        return NewMember(
            id: id, peer: peer, client: client, clientPlaintext: try address("client_plaintext"),
            admin: try address("admin"))
    }

    mutating func nested(_ name: String) throws(JSONError) -> NewMember {
        guard case .object(let members)? = take(name) else {
            throw JSONError(what: "\"\(name)\" is no object", offset: 0)
        }
        var fields = MemberFields(members)
        let member = try fields.newMember()
        try fields.end()
        return member
    }

    func end() throws(JSONError) {
        guard members.isEmpty else { throw JSONError(what: "a field that this request does not have", offset: 0) }
    }
}

extension Route {
    /// A body to begin with.
    fileprivate var memberExample: String {
        switch self {
        case .memberAdd: #"send {"id": "n4", "peer": "HOST:PORT", "client": "HOST:PORT"}"#
        case .memberReplace: #"send {"id": "n3", "with": {"id": "n4", "peer": "HOST:PORT", "client": "HOST:PORT"}}"#
        default: #"send {"id": "n3"}"#
        }
    }

    /// The fields of a body about members, by name and type; nil for other routes.
    var memberFields: KeyValuePairs<String, String>? {
        switch self {
        case .memberAdd:
            [
                "id": "string", "peer": "string", "client": "string", "client_plaintext": "string", "admin": "string",
                "promote": "boolean",
            ]
        case .memberPromote: ["id": "string", "when_caught_up": "boolean", "force": "boolean"]
        case .memberRemove: ["id": "string", "force": "boolean"]
        case .memberReplace: ["id": "string", "with": "object", "force": "boolean"]
        case .memberToken: ["id": "string", "ttl_seconds": "integer", "learner": "boolean"]
        case .join:
            [
                "token": "string", "request": "string", "id": "string", "peer": "string", "client": "string",
                "client_plaintext": "string", "admin": "string",
            ]
        default: nil
        }
    }
}
