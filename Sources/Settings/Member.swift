// A member of the cluster, as every node's settings list it.

public import Vocabulary

/// One node of the cluster and where it is reached.
public struct Member: Hashable, Sendable {
    public var id: NodeID
    /// Where the other nodes reach it.
    public var peer: HostPort
    /// What discovery tells clients: a name that its certificate holds.
    public var client: HostPort
    /// The same for clients that came without TLS; nil when there is no such port.
    public var clientPlaintext: HostPort?
    /// Where operators reach it; nil when that is nobody's business.
    public var admin: HostPort?

    public init(
        id: NodeID, peer: HostPort, client: HostPort, clientPlaintext: HostPort? = nil, admin: HostPort? = nil
    ) {
        self.id = id
        self.peer = peer
        self.client = client
        self.clientPlaintext = clientPlaintext
        self.admin = admin
    }

    /// The most nodes that a cluster may have.
    public static let countMax = 7
}

extension SettingForm where Value == [Member] {
    private static var example: String { "[{id: n1, peer: 10.0.0.1:7103, client: n1.example.org:7101}, …]" }

    static var members: SettingForm {
        SettingForm("list of `{id, peer, client, client-plaintext, admin}`") {
            (value: SettingValue) throws(ValueFault) in
            guard case .list(let items) = value else {
                throw ValueFault("is no list of members", "write \(example)")
            }
            guard (1...Member.countMax).contains(items.count) else {
                throw ValueFault(
                    "lists \(items.count) members", "list 1 to \(Member.countMax), an odd number of them")
            }
            var members: [Member] = []
            for (position, item) in items.enumerated() { members.append(try member(item, number: position + 1)) }
            return members.sorted { $0.id < $1.id }
        }
    }

    private static func member(_ value: SettingValue, number: Int) throws(ValueFault) -> Member {
        guard case .map(let fields) = value else {
            throw ValueFault("has no section as member \(number)", "write \(example)")
        }
        let known = ["id", "peer", "client", "client-plaintext", "admin"]
        for field in fields where !known.contains(field.name) {
            let nearest = NearestName.among(known, to: field.name)
            throw ValueFault("member \(number) has an unknown key `\(field.name)`", "did you mean `\(nearest)`?")
        }
        func field<Part>(_ name: String, _ form: SettingForm<Part>) throws(ValueFault) -> Part? {
            guard let field = fields.first(where: { $0.name == name }) else { return nil }
            do {
                return try form.decode(field.value)
            } catch {
                throw ValueFault("member \(number), `\(name)`: \(error.what)", error.remedy)
            }
        }
        func needed<Part>(_ name: String, _ form: SettingForm<Part>) throws(ValueFault) -> Part {
            guard let part = try field(name, form) else {
                throw ValueFault("member \(number) has no `\(name)`", "write \(example)")
            }
            return part
        }
        return Member(
            id: try needed("id", .node), peer: try needed("peer", .address), client: try needed("client", .address),
            clientPlaintext: try field("client-plaintext", .address), admin: try field("admin", .address))
    }
}
