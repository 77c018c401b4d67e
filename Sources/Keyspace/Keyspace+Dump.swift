// DUMP and RESTORE: a value out of the keyspace as bytes, and in again.

import ByteCoding
import RESP

extension Keyspace {
    func dump(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) {
        let key = arguments[0]
        guard let record = live(key, at: records.place(of: key)) else { return reply.null() }
        reply.bulk(DumpPayload.encoded(record, hashKey: records.hashKey).rawBytes)
    }

    mutating func restore(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let options = try RestoreOptions(arguments)
        let key = arguments[0]
        let place = records.place(of: key)
        let isThere = liveForWrite(key, at: place) != nil
        guard options.replaces || !isThere else { throw .busyKey }
        let deadline = try options.deadline(in: arguments, now: now)
        let payload = arguments[2]
        let (kind, range) = try DumpPayload.body(of: payload)
        let body = payload.extracting(range)
        if kind == .string {
            guard body.byteCount <= Keyspace.stringLengthMax else { throw .dumpFormat }
            store(key, at: place, body, deadline: deadline)
        } else {
            let made = try collection(kind, from: body)
            if deadline > now {
                if !waiters.isEmpty { waiters.signal(key) }
                put(made, at: key, place, deadline: deadline)
            } else {
                drop(made)
                _ = records.remove(key, at: place)
            }
        }
        if deadline > now {
            if !isThere { note(.new, "new", key) }
            note(.generic, "restore", key)
        } else if isThere {
            note(.generic, "del", key)
        }
        reply.ok()
    }

    /// Made beside the keyspace, so that bytes that turn out to be none of a collection have changed nothing.
    private func collection(_ kind: ValueKind, from body: RawSpan) throws(CommandError) -> CollectionEditor {
        var editor = collectionBeside(kind)
        do throws(CommandError) {
            try DumpPayload.read(body, into: &editor)
            return editor
        } catch {
            drop(editor)
            throw error
        }
    }
}
