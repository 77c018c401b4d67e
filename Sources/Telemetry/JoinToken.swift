// The word by which one new node is let in: whose it is, until when, and how to know the cluster by it.

public import Vocabulary

/// Made by a node that can sign certificates, for one node that is to join. As text it is one line without spaces,
/// base64url (RFC 4648, section 5) of lines.
///
/// What it promises stands in `terms`, and `code` is what nobody else can make of those.
public struct JoinToken: Hashable, Sendable {
    public let node: NodeID
    /// Whether the node becomes a voter when it has caught up.
    public let asVoter: Bool
    /// The last moment in which it is good.
    public let expiry: Timestamp
    /// Of the authority's certificate, as 64 hex characters.
    public let fingerprint: String
    /// Two tokens of one node are told apart by it.
    public let number: UInt64
    /// Where members are asked: `HOST:PORT` of admin ports, the leader's first.
    public let addresses: [String]
    public let code: [UInt8]

    public static let textLengthMax = 8192
    public static let addressesMax = 15
    private static let version = "trireme-join-1"
    private static let codeLength = 32

    /// Nil when a field is not what it can be.
    public init?(
        node: NodeID, asVoter: Bool, expiry: Timestamp, fingerprint: String, number: UInt64, addresses: [String],
        code: (_ terms: [UInt8]) -> [UInt8]
    ) {
        guard fingerprint.utf8.count == 64, fingerprint.utf8.allSatisfy(JoinToken.isHex) else { return nil }
        guard (1...JoinToken.addressesMax).contains(addresses.count) else { return nil }
        guard addresses.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2C } })
        else {
            return nil
        }
        let terms = JoinToken.terms(node, asVoter, expiry, fingerprint, number, addresses)
        self.init(node, asVoter, expiry, fingerprint, number, addresses, code(terms))
    }

    private init(
        _ node: NodeID, _ asVoter: Bool, _ expiry: Timestamp, _ fingerprint: String, _ number: UInt64,
        _ addresses: [String], _ code: [UInt8]
    ) {
        self.node = node
        self.asVoter = asVoter
        self.expiry = expiry
        self.fingerprint = fingerprint
        self.number = number
        self.addresses = addresses
        self.code = code
    }

    /// What `code` was made of.
    public var terms: [UInt8] { JoinToken.terms(node, asVoter, expiry, fingerprint, number, addresses) }

    private static func terms(
        _ node: NodeID, _ asVoter: Bool, _ expiry: Timestamp, _ fingerprint: String, _ number: UInt64,
        _ addresses: [String]
    ) -> [UInt8] {
        let lines = [
            version, node.description, asVoter ? "voter" : "learner", String(expiry.rawValue), String(number),
            fingerprint, addresses.joined(separator: ","),
        ]
        return Array(lines.joined(separator: "\n").utf8)
    }

    // MARK: Text

    public var text: String {
        Base64URL.encode(terms + Array("\n".utf8) + Array(code.map(JoinToken.hex).joined().utf8))
    }

    /// Nil for what is no token. Takes exactly what `text` gives, apart from blanks around it.
    public init?(text: String) {
        let trimmed = text.split(whereSeparator: \.isWhitespace)
        guard trimmed.count == 1, text.utf8.count <= JoinToken.textLengthMax,
            let bytes = Base64URL.decode(trimmed[0]), let lines = String(validating: bytes, as: UTF8.self)
        else { return nil }
        let parts = lines.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 8, parts[0] == JoinToken.version, let node = NodeID(parts[1]),
            ["voter", "learner"].contains(parts[2]), let expiry = UInt64(parts[3]), let number = UInt64(parts[4]),
            let code = JoinToken.bytes(hex: parts[7]), code.count == JoinToken.codeLength
        else { return nil }
        self.init(
            node: node, asVoter: parts[2] == "voter", expiry: Timestamp(microseconds: expiry), fingerprint: parts[5],
            number: number, addresses: parts[6].split(separator: ",").map(String.init), code: { _ in code })
        guard self.text == trimmed[0] else { return nil }
    }

    private static func isHex(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) }

    private static func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

    private static func bytes(hex text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 2 == 0, digits.allSatisfy(isHex) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
    }
}

/// Base64 with the letters that may stand in addresses and shells, without padding.
enum Base64URL {
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var (bits, count) = (UInt32(0), 0)
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(letters[Int(bits >> UInt32(count) & 63)])
            }
        }
        if count > 0 { text.append(letters[Int(bits << UInt32(6 - count) & 63)]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil when a letter is none of them, or when bits are left over that are not zero.
    static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        var (bits, count) = (UInt32(0), 0)
        for letter in text.utf8 {
            guard let value = letters.firstIndex(of: letter) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
        }
        guard count < 6, bits & (1 << UInt32(count) - 1) == 0 else { return nil }
        return bytes
    }
}
