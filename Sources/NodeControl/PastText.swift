// Records of the past, for people and for scripts: any byte can be in a key or a value.

import ArchiveRestore
import Foundation
import JSON

enum PastText {
    /// What a terminal takes: bytes that are no plain text as `redis-cli` shows them, and no more than `limit` of them.
    static func quoted(_ bytes: [UInt8], limit: Int = 60) -> String {
        var text = ""
        for byte in bytes.prefix(limit) {
            switch byte {
            case 0x22, 0x5C: text += "\\" + String(UnicodeScalar(byte))
            case 0x20...0x7E: text += String(UnicodeScalar(byte))
            default:
                let digits = String(byte, radix: 16)
                text += "\\x" + (digits.count < 2 ? "0" : "") + digits
            }
        }
        return "\"" + text + "\"" + (bytes.count > limit ? "… (\(bytes.count) bytes)" : "")
    }

    static func summary(_ record: PastRecord?) -> String {
        guard let record else { return "none" }
        switch record.value {
        case .string(let bytes): return quoted(bytes)
        case .hash(let pairs), .sortedSet(let pairs):
            return members(
                pairs.prefix(4).map { quoted($0.name, limit: 20) + ": " + quoted($0.value, limit: 20) }, pairs.count)
        case .list(let list), .set(let list): return members(list.prefix(4).map { quoted($0, limit: 20) }, list.count)
        }
    }

    private static func members(_ shown: [String], _ count: Int) -> String {
        shown.joined(separator: ", ") + (count > shown.count ? ", … (\(count))" : "")
    }
}

extension JSONWriter {
    /// A string, or where that can not hold the bytes `{"base64": …}`.
    mutating func value(bytes: [UInt8]) {
        if let text = String(validating: bytes, as: UTF8.self) { return value(text) }
        object { $0.member("base64", Data(bytes).base64EncodedString()) }
    }

    mutating func member(_ name: String, bytes: [UInt8]) { member(name) { $0.value(bytes: bytes) } }

    /// `{"key", "type", "expires_at_ms", "value"}`, or null.
    mutating func value(record: PastRecord?) {
        guard let record else { return value(String?.none) }
        object { json in
            json.member("key", bytes: record.key)
            json.member("type", record.typeName)
            json.member("expires_at_ms", record.expiry)
            json.member("value") { $0.value(of: record.value) }
        }
    }

    private mutating func value(of value: PastRecord.Value) {
        switch value {
        case .string(let bytes): self.value(bytes: bytes)
        case .list(let members), .set(let members):
            array { json in for member in members { json.value(bytes: member) } }
        case .hash(let pairs), .sortedSet(let pairs):
            // Pairs, since a field may be no text.
            array { json in
                for pair in pairs {
                    json.array { json in
                        json.value(bytes: pair.name)
                        json.value(bytes: pair.value)
                    }
                }
            }
        }
    }
}
