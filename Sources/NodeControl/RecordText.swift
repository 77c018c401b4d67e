// Records of a keyspace for people, and as JSON that is exact to the byte.

import ByteCoding
import JSON
import Keyspace
import RESP
import Vocabulary

/// Bytes of clients: mostly text, and nobody promises that.
enum ByteText {
    /// In quotes, as redis-cli writes them; cut behind so many bytes, with the number of those left out.
    static func quoted(_ bytes: [UInt8], limit: Int = .max) -> String {
        var text = "\""
        for byte in bytes.prefix(limit) {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += "\\" + String(UnicodeScalar(byte))
            case 0x20..<0x7F: text += String(UnicodeScalar(byte))
            case 0x0A: text += "\\n"
            case 0x0D: text += "\\r"
            case 0x09: text += "\\t"
            default: text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return text + "\"" + (bytes.count > limit ? "… (\(bytes.count - limit) more bytes)" : "")
    }

    /// Text that is UTF-8 as a string, and all else as `{"base64": "…"}`.
    static func write(_ bytes: [UInt8], to writer: inout JSONWriter) {
        if let text = String(validating: bytes, as: UTF8.self) { return writer.value(text) }
        writer.object { $0.member("base64", base64(bytes)) }
    }

    /// RFC 4648, section 4.
    static func base64(_ bytes: [UInt8]) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            var word = part.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            word <<= UInt32(8 * (3 - part.count))
            for place in 0..<4 {
                text.append(
                    place <= part.count ? letters[Int(word >> UInt32(18 - 6 * place)) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The shortest text that a double is read back from, or what Redis calls infinity.
    static func score(_ score: Double) -> String {
        score.isInfinite ? (score < 0 ? "-inf" : "inf") : score.description
    }
}

extension StoredRecord {
    var expiry: String { deadline.map(StoredRecord.time) ?? "never" }

    /// The last millisecond that RFC 3339 can name.
    private static let timeMax: UInt64 = 253_402_300_799_999

    static func time(_ milliseconds: UInt64) -> String {
        milliseconds > timeMax
            ? "\(milliseconds) ms" : Timestamp(microseconds: milliseconds * 1000).description
    }

    /// - Parameter time: the state's; times to live count from there.
    func write(at time: Timestamp, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("key") { ByteText.write(key, to: &$0) }
            writer.member("type", value.kind.typeName)
            writer.member("expires", deadline.map(StoredRecord.time))
            writer.member("expires_ms", deadline)
            writer.member("ttl_ms", deadline.map { $0 > time.milliseconds ? $0 - time.milliseconds : 0 })
            writer.member("value") { value.write(to: &$0) }
        }
    }
}

extension StoredValue {
    /// A string and elements as `ByteText.write` has them; fields and members of sorted sets as objects.
    func write(to writer: inout JSONWriter) {
        switch self {
        case .string(let bytes): ByteText.write(bytes, to: &writer)
        case .list(let items), .set(let items):
            writer.array { writer in for item in items { ByteText.write(item, to: &writer) } }
        case .hash(let fields):
            writer.array { writer in
                for field in fields {
                    writer.object { writer in
                        writer.member("field") { ByteText.write(field.name, to: &$0) }
                        writer.member("value") { ByteText.write(field.value, to: &$0) }
                    }
                }
            }
        case .sortedSet(let members):
            writer.array { writer in
                for member in members {
                    writer.object { writer in
                        writer.member("member") { ByteText.write(member.member, to: &$0) }
                        writer.member("score", ByteText.score(member.score))
                    }
                }
            }
        }
    }

    /// A line: what there is of it up to about so many bytes.
    func line(limit: Int) -> String {
        guard case .string(let bytes) = self else {
            let items = lines(limit: limit / 4)
            let shown = items.prefix(3).joined(separator: ", ")
            return "\(count): " + shown + (items.count > 3 ? ", …" : "")
        }
        return ByteText.quoted(bytes, limit: limit)
    }

    /// A line for each item.
    func lines(limit: Int = .max) -> [String] {
        switch self {
        case .string(let bytes): [ByteText.quoted(bytes, limit: limit)]
        case .list(let items), .set(let items): items.map { ByteText.quoted($0, limit: limit) }
        case .hash(let fields):
            fields.map { ByteText.quoted($0.name, limit: limit) + " = " + ByteText.quoted($0.value, limit: limit) }
        case .sortedSet(let members):
            members.map { ByteText.score($0.score) + " " + ByteText.quoted($0.member, limit: limit) }
        }
    }
}
