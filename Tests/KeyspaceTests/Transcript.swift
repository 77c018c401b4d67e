// Recorded exchanges: lines of commands, and the replies to them as text.

import RESP
import Testing

@testable import Keyspace

enum Transcript {
    /// Runs the lines in an empty keyspace, and expects the replies as `text` writes them.
    static func check(
        version: RESPVersion, _ lines: [(line: String, reply: String)],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var rig = Rig()
        rig.version = version
        for (line, reply) in lines {
            let count = rig.keyspace.digest
            let found = rig.run(line)
            #expect(text(found) == reply, "\(line)", sourceLocation: sourceLocation)
            if found.isError {
                #expect(rig.keyspace.digest == count, "\(line) changed something", sourceLocation: sourceLocation)
            }
        }
        rig.keyspace.checkInvariants()
    }

    /// `+` before a simple string, `!` before an error, `:` before an integer, `,` before a double, brackets around an
    /// array, and a bulk string as it is.
    static func text(_ reply: Reply) -> String {
        switch reply {
        case .simple(let text): "+\(text)"
        case .error(let text): "!\(text)"
        case .integer(let value): ":\(value)"
        case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
        case .null: "nil"
        case .array(let elements): "[" + elements.map(text).joined(separator: " ") + "]"
        case .double(let value): "," + String(decoding: [UInt8](double: value), as: UTF8.self)
        default: "\(reply)"
        }
    }
}

extension [UInt8] {
    init(double value: Double) {
        self = []
        append(double: value)
    }
}
