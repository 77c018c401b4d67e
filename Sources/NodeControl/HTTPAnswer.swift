// An HTTP/1.1 answer out of its bytes: as much of RFC 9112 as our own admin port speaks.

import ByteCoding

/// One answer, whole.
package struct HTTPAnswer: Hashable, Sendable {
    package let status: Int
    /// Names in lower case, in order.
    package let fields: [Field]
    package let body: [UInt8]

    package struct Field: Hashable, Sendable {
        package let name: String
        package let value: String
    }

    static let headMax = 64 << 10
    static let bodyMax = 16 << 20

    func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// What bytes read so far amount to.
    package enum Progress: Hashable {
        case incomplete
        case whole(HTTPAnswer)
        case malformed(String)
    }

    /// - Parameter isEnded: whether the connection was closed, which ends a body without a length.
    package static func parse(_ bytes: [UInt8], isEnded: Bool) -> Progress {
        guard let headEnd = endOfHead(bytes) else {
            if bytes.count > headMax { return .malformed("a head of more than \(headMax) bytes") }
            return isEnded ? .malformed("the answer broke off") : .incomplete
        }
        let lines = String(decoding: bytes[..<headEnd], as: UTF8.self).split(separator: "\r\n")
        guard let first = lines.first, let status = status(first) else { return .malformed("no HTTP answer") }
        var fields: [Field] = []
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { return .malformed("a header without a colon") }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            fields.append(Field(name: line[..<colon].lowercased(), value: String(value)))
        }
        let body = bytes[(headEnd + 4)...]
        if body.count > bodyMax { return .malformed("a body of more than \(bodyMax) bytes") }
        guard !fields.contains(where: { $0.name == "transfer-encoding" }) else {
            return .malformed("a body in pieces, which this client does not read")
        }
        guard let text = fields.first(where: { $0.name == "content-length" })?.value else {
            return isEnded ? .whole(HTTPAnswer(status: status, fields: fields, body: Array(body))) : .incomplete
        }
        guard let length = Int(text), (0...bodyMax).contains(length) else { return .malformed("a length of \(text)") }
        guard body.count >= length else { return isEnded ? .malformed("the answer broke off") : .incomplete }
        return .whole(HTTPAnswer(status: status, fields: fields, body: Array(body.prefix(length))))
    }

    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        let mark: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A]
        guard bytes.count >= 4 else { return nil }
        return (0...min(bytes.count - 4, headMax)).first { bytes[$0] == 0x0D && Array(bytes[$0..<$0 + 4]) == mark }
    }

    private static func status(_ line: Substring) -> Int? {
        let words = line.split(separator: " ")
        guard words.count >= 2, words[0] == "HTTP/1.1" || words[0] == "HTTP/1.0" else { return nil }
        return Int(words[1]).flatMap { (100...599).contains($0) ? $0 : nil }
    }
}
