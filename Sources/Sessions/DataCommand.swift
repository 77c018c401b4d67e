// The keyspace's commands as sessions need them: found by name, checked, encoded, described.

import RESP

struct DataCommand {
    let name: String
    let isWrite: Bool

    init?(_ name: RawSpan) {
        return nil
    }

    func check(_ request: borrowing Request, _ reply: inout ReplyWriter) -> Bool { true }

    func encode(_ request: borrowing Request, to bytes: inout [UInt8]) {}

    static let descriptions: [CommandDescription] = []
}
