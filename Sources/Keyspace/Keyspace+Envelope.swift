// Entries around entries: transactions, conditions on versions, outcomes that are kept.

import ByteCoding
import RESP

extension Keyspace {
    /// The index of the entry that wrote the key's record; 0 when there is none.
    func version(of key: RawSpan) -> UInt64 { live(key, at: records.place(of: key))?.version ?? 0 }

    /// `VERSION key [key …]`: a version for each key.
    func versions(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) {
        reply.arrayHeader(arguments.count)
        var cursor = arguments.first
        for _ in 0..<arguments.count { reply.integer(Int64(clamping: version(of: arguments.next(&cursor)))) }
    }

    /// A reply that the session knew when the command was queued.
    func literal(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        var decoder = ReplyDecoder()
        let known = arguments[0]
        guard arguments.count == 1, let extent = try? decoder.next(in: known), extent.consumed == known.byteCount else {
            throw .envelope
        }
        reply.bytes.append(bytes: arguments[0])
    }

    mutating func open(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        guard arguments.count >= 2 else { throw .envelope }
        let header = try EnvelopeHeader(arguments[0])
        guard header.form == .transaction || arguments.count == 3 else { throw .envelope }
        reply.version = header.version
        // Who waits has no outcome yet that could be kept.
        guard header.form != .blocking || header.client == nil else { throw .envelope }
        guard let range = header.client else {
            try checkMemory(arguments, header.form)
            return try carryOut(arguments, header, &reply)
        }
        let client = [UInt8](arguments[0].extracting(range))
        switch outcomes.find(client, header.number) {
        case .known(let kept?): reply.bytes.append(contentsOf: kept)
        case .known(nil): throw .outcomeTooLong
        case .past(let newest): throw .outcomePast(asked: header.number, newest: newest)
        case .new:
            // A refusal for want of memory is no outcome: the same request may succeed later.
            try checkMemory(arguments, header.form)
            let start = reply.bytes.count
            try carryOut(arguments, header, &reply)
            let outcome = reply.bytes.rawBytes.extracting(start..<reply.bytes.count)
            outcomes.record(client, header.number, outcome, at: lastAppliedIndex.rawValue)
        }
    }

    private mutating func carryOut(
        _ arguments: borrowing Arguments, _ header: EnvelopeHeader, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        guard try holds(arguments[1]) else {
            return header.form == .transaction ? reply.nullArray() : reply.null()
        }
        if header.form == .blocking {
            if carryOutOrPark(arguments[2], &reply) { parked() }
            return
        }
        if header.form == .transaction { reply.arrayHeader(arguments.count - 2) }
        var cursor = arguments.first
        for position in 0..<arguments.count {
            let entry = arguments.next(&cursor)
            guard position >= 2 else { continue }
            let (before, start) = (records.changes, changes.items.count)
            carryOut(entry, isNested: true, &reply)
            changes.nested(position - 2, hasChanged: records.changes != before, since: start)
        }
    }

    /// Whether every condition holds: counted key, varint version, and so on.
    private func holds(_ conditions: RawSpan) throws(CommandError) -> Bool {
        var reader = ByteReader(conditions)
        while !reader.isAtEnd {
            guard let key = try? reader.counted(from: conditions), let wanted = try? reader.varint(from: conditions)
            else { throw .envelope }
            guard version(of: conditions.extracting(key)) == wanted else { return false }
        }
        return true
    }
}
