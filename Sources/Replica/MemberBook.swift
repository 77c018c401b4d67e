// Where nodes are found that came after the settings were written.

public import ByteCoding
public import Vocabulary

/// The addresses of one node, as `host:port`.
public struct MemberAddresses: Hashable, Sendable {
    public var node: NodeID
    /// For the other nodes.
    public var peer: String
    /// As clients are told.
    public var client: String
    public var clientPlaintext: String?
    public var admin: String?

    public init(
        node: NodeID, peer: String, client: String, clientPlaintext: String? = nil, admin: String? = nil
    ) {
        self.node = node
        self.peer = peer
        self.client = client
        self.clientPlaintext = clientPlaintext
        self.admin = admin
    }

    /// Bytes of one address: a host name of 253 bytes, a colon and a port.
    static let lengthMax = 259
}

/// Replicated: written into the log with the configuration that adds a node, and forgotten when the node goes.
public struct MemberBook: Hashable, Sendable {
    /// By node.
    public private(set) var members: [MemberAddresses] = []

    public init() {}

    public subscript(node: NodeID) -> MemberAddresses? { members.first { $0.node == node } }

    mutating func enter(_ addresses: MemberAddresses) {
        members.removeAll { $0.node == addresses.node }
        members.append(addresses)
        members.sort { $0.node < $1.node }
    }

    mutating func keep(_ isMember: (NodeID) -> Bool) { members.removeAll { !isMember($0.node) } }

    // MARK: Bytes. An entry of a membership frame: zero, which is no count of registrations, the tag 2, a count, and
    // for each node its id and its four addresses, each counted; an empty one stands for none.

    /// Zero, and the tag behind it.
    private static let mark: UInt16 = 2 << 8
    private static let countMax = 64

    /// Whether an entry of a membership frame holds addresses, or was meant to.
    public static func isBook(_ entry: RawSpan) -> Bool {
        var reader = ByteReader(entry)
        return (try? reader.integer(UInt16.self, from: entry)) == mark
    }

    public static func encode(_ members: [MemberAddresses]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: mark)
        bytes.append(UInt8(members.count))
        for member in members {
            bytes.append(member.node)
            for text in [member.peer, member.client, member.clientPlaintext ?? "", member.admin ?? ""] {
                bytes.append(counted: Array(text.utf8).rawBytes)
            }
        }
        return bytes
    }

    public static func decode(_ entry: RawSpan) throws(ByteError) -> MemberBook {
        var reader = ByteReader(entry)
        guard isBook(entry) else { throw .invalidValue(at: 0) }
        _ = try reader.integer(UInt16.self, from: entry)
        let count: UInt8 = try reader.integer(from: entry)
        guard count <= countMax else { throw .lengthOverLimit(at: 2, length: UInt64(count), limit: countMax) }
        var book = MemberBook()
        for _ in 0..<count {
            let node = try reader.node(from: entry)
            let (peer, client) = (try text(&reader, entry), try text(&reader, entry))
            let (plaintext, admin) = (try text(&reader, entry), try text(&reader, entry))
            book.enter(
                MemberAddresses(
                    node: node, peer: peer, client: client, clientPlaintext: plaintext.isEmpty ? nil : plaintext,
                    admin: admin.isEmpty ? nil : admin))
        }
        guard reader.isAtEnd else { throw .invalidValue(at: reader.offset) }
        return book
    }

    private static func text(_ reader: inout ByteReader, _ entry: RawSpan) throws(ByteError) -> String {
        let start = reader.offset
        let range = try reader.counted(from: entry)
        guard range.count <= MemberAddresses.lengthMax else {
            throw .lengthOverLimit(at: start, length: UInt64(range.count), limit: MemberAddresses.lengthMax)
        }
        return String(decoding: [UInt8](entry.extracting(range)), as: UTF8.self)
    }
}
