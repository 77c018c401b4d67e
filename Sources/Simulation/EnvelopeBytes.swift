// Where the parts of an envelope lie in an entry, for planting bugs in them.

import ByteCoding
import Keyspace
import RESP
import Vocabulary

/// The parts as docs/formats/entries.md has them.
struct EnvelopeBytes {
    private let header: Range<Int>
    private let conditions: Range<Int>
    /// With its count.
    private let conditionsStart: Int

    /// Nil when the entry is no envelope.
    init?(_ entry: [UInt8]) {
        let bytes = entry.rawBytes
        var reader = ByteReader(bytes)
        guard (try? reader.varint(from: bytes)) == UInt64(CommandCode.envelope.rawValue),
            let count = try? reader.varint(from: bytes), count >= 2, let header = try? reader.counted(from: bytes)
        else { return nil }
        conditionsStart = header.upperBound
        guard let conditions = try? reader.counted(from: bytes), header.count >= 3 else { return nil }
        self.header = header
        self.conditions = conditions
    }

    /// Marks the name of a client whose outcome is to be kept, if there is one.
    func rename(_ entry: inout [UInt8], _ mark: UInt8) {
        guard entry[header.lowerBound + 2] == 1 else { return }
        // Behind form, version, flag and the name's length.
        entry[header.lowerBound + 4] = mark
    }

    /// What waits when it finds nothing does not wait.
    func unblock(_ entry: inout [UInt8]) {
        if entry[header.lowerBound] == Envelope.Form.blocking.rawValue {
            entry[header.lowerBound] = Envelope.Form.single.rawValue
        }
    }

    func dropConditions(_ entry: inout [UInt8]) {
        entry.replaceSubrange(conditionsStart..<conditions.upperBound, with: [0])
    }

    /// Whether a node's keyspace has the versions that the conditions ask for.
    func holds(_ entry: [UInt8], _ keyspace: borrowing Keyspace) -> Bool {
        var reader = ByteReader(offset: conditions.lowerBound, end: conditions.upperBound)
        while !reader.isAtEnd {
            guard let key = try? reader.counted(from: entry.rawBytes),
                let wanted = try? reader.varint(from: entry.rawBytes)
            else { return false }
            var writer = ReplyWriter(version: .two)
            let question = EntryCoding.encoded(.version, [Array(entry[key])])
            keyspace.read(question.rawBytes, clock: .zero, reply: &writer)
            guard writer.bytes == Array("*1\r\n:\(wanted)\r\n".utf8) else { return false }
        }
        return true
    }
}
