// JSON bodies of requests to the admin port.

import AdminAPI
import JSON

extension FuzzTarget {
    /// 1. An error names a place within the bytes.
    /// 2. A value, written anew, is read as the same value.
    static let json = FuzzTarget("json") { bytes throws(Violation) in
        let value: JSONValue
        do throws(JSONError) { value = try JSONReader.value(of: bytes) } catch {
            return try require((0...bytes.count).contains(error.offset), "\(error) in \(bytes.count) bytes")
        }
        let text = value.written
        let again: JSONValue
        do throws(JSONError) { again = try JSONReader.value(of: Array(text.utf8)) } catch {
            throw Violation("\(value) was written as \(text): \(error)")
        }
        try require(again == value, "\(value) was read back as \(again)")
    }
}

extension JSONValue {
    /// As a document of RFC 8259.
    fileprivate var written: String {
        switch self {
        case .null: "null"
        case .flag(let flag): flag ? "true" : "false"
        case .number(let number): "\(number)"
        case .text(let text): JSONValue.quoted(text)
        case .list(let values): "[" + values.map(\.written).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { JSONValue.quoted($0.name) + ":" + $0.value.written }.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
