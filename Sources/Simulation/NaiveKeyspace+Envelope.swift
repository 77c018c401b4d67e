// The naive twin's transactions, conditions, kept outcomes and waiters.

import ByteCoding
import Keyspace
import Vocabulary

extension NaiveKeyspace {
    /// The reply to a command that stands alone in an entry. None counts when `isParked` is set afterwards.
    mutating func carryOut(_ code: CommandCode, _ words: [[UInt8]]) -> NaiveReply {
        switch code {
        case .envelope: return open(words)
        case .unblock: return unblock(words)
        default: return one(code, words)
        }
    }

    private mutating func one(_ code: CommandCode, _ words: [[UInt8]]) -> NaiveReply {
        NaiveKeyspace.collectionWordCounts(code) == nil ? run(code, words) : runOnCollection(code, words)
    }

    /// A command within an envelope. One that the twin does not know is what no simulated client sends.
    private mutating func nested(_ entry: [UInt8]) -> NaiveReply {
        guard let (code, words) = try? NaiveKeyspace.decoded(entry) else { return .error(Array("ERR malformed".utf8)) }
        return one(code, words)
    }

    // MARK: Envelopes

    /// Form, version, whether a client's name and number follow; conditions; commands (docs/formats/entries.md).
    private mutating func open(_ words: [[UInt8]]) -> NaiveReply {
        guard let header = words.first, header.count >= 3, words.count >= 2 else {
            return .error(Array("ERR malformed".utf8))
        }
        let form = header[0]
        guard header[2] == 1, let (client, number) = NaiveKeyspace.client(in: header) else {
            return carryOut(form, words)
        }
        if let known = outcomes[client], known.number >= number {
            guard known.number > number else { return .raw(known.reply) }
            let text = "ERR request \(number) is older than request \(known.number), whose outcome is kept"
            return .error(Array(text.utf8))
        }
        let reply = carryOut(form, words)
        outcomes[client] = Outcome(number: number, reply: reply.bytes)
        return reply
    }

    private static func client(in header: [UInt8]) -> (name: [UInt8], number: Int64)? {
        let bytes = header.rawBytes
        var reader = ByteReader(offset: 3, end: header.count)
        guard let name = try? reader.counted(from: bytes), let number = try? reader.varint(from: bytes) else {
            return nil
        }
        return (Array(header[name]), Int64(clamping: number))
    }

    private mutating func carryOut(_ form: UInt8, _ words: [[UInt8]]) -> NaiveReply {
        guard holds(words[1]) else { return form == 1 ? .array(nil) : .bulk(nil) }
        if form == 1 { return .array(words[2...].map { nested($0) }) }
        guard form == 2, let (code, inner) = try? NaiveKeyspace.decoded(words[2]) else { return nested(words[2]) }
        do throws(NaiveRefusal) {
            if let reply = try popFirst(code, inner) { return reply }
        } catch { return .error(error.text) }
        waiters.append(Waiter(index: index, code: code, words: inner))
        isParked = true
        return .bulk(nil)
    }

    private mutating func holds(_ conditions: [UInt8]) -> Bool {
        var reader = ByteReader(conditions.rawBytes)
        while !reader.isAtEnd {
            guard let key = try? reader.counted(from: conditions.rawBytes),
                let wanted = try? reader.varint(from: conditions.rawBytes)
            else { return false }
            let record = records[Array(conditions[key])]
            let found = record.map { $0.isOver(at: now) ? 0 : $0.version } ?? 0
            guard found == wanted else { return false }
        }
        return true
    }

    // MARK: Waiters

    /// Whoever waits for a list that the entry has left gets of it, first come first served; which may leave another.
    mutating func serve() {
        var next = 0
        while next < written.count {
            let key = written[next]
            next += 1
            for waiter in waiters where waiter.keys.contains(key) {
                guard case .list? = live(key)?.collection else { break }
                let words = waiter.code == .blmove ? waiter.words : [key, []]
                let reply: NaiveReply
                do throws(NaiveRefusal) {
                    guard let taken = try popFirst(waiter.code, words) else { continue }
                    reply = taken
                } catch { reply = .error(error.text) }
                waiters.removeAll { $0.index == waiter.index }
                served.append((waiter.index, reply.bytes))
            }
        }
    }

    /// Index and reason: `timeout`, `error` or `lost`.
    private mutating func unblock(_ words: [[UInt8]]) -> NaiveReply {
        let index = words[0]
        var reader = ByteReader(index.rawBytes)
        let name = try? reader.varint(from: index.rawBytes)
        guard let place = waiters.firstIndex(where: { $0.index.rawValue == name }) else { return .integer(0) }
        let waiter = waiters.remove(at: place)
        let reply: NaiveReply
        switch String(decoding: words[1], as: UTF8.self) {
        case "error": reply = .error(Array("UNBLOCKED client unblocked via CLIENT UNBLOCK".utf8))
        case "lost":
            let text = "UNBLOCKED this node lost its connection to the leader; nothing was taken, ask again"
            reply = .error(Array(text.utf8))
        default: reply = .array(nil)
        }
        served.append((waiter.index, reply.bytes))
        return .integer(1)
    }

    /// A new leader's term begins: nobody waits any more.
    public mutating func sendWaitersAway() {
        let reply = NaiveReply.error(Array("UNBLOCKED the leader has changed; nothing was taken, ask again".utf8))
        for waiter in waiters { served.append((waiter.index, reply.bytes)) }
        waiters = []
    }
}
