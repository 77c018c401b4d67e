// Commands that read one key or several.

import ByteCoding
import RESP
import Vocabulary

extension Keyspace {
    /// The record's string as a bulk string, or null.
    static func writeValue(of record: Record?, _ reply: inout ReplyWriter) {
        guard let record else { return reply.null() }
        writeBulk(of: record, 0..<record.valueLength, &reply)
    }

    private static func writeBulk(of record: Record, _ range: Range<Int>, _ reply: inout ReplyWriter) {
        guard record.hasLargeValue else {
            return record.block.withBytes(record.valueOffset + range.lowerBound, range.count) { reply.bulk($0) }
        }
        reply.bytes.append(UInt8(ascii: "$"))
        reply.bytes.append(decimal: Int64(range.count))
        reply.bytes.append(contentsOf: [13, 10])
        record.forEachPiece(of: range) { reply.bytes.append(bytes: $0) }
        reply.bytes.append(contentsOf: [13, 10])
    }

    func live(_ key: RawSpan) -> Record? { live(key, at: records.place(of: key)) }

    /// The string at a key. Refused when the key holds something else.
    func liveString(_ key: RawSpan) throws(CommandError) -> Record? {
        guard let record = live(key) else { return nil }
        guard record.kind == .string else { throw .wrongType }
        return record
    }

    func get(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        Keyspace.writeValue(of: try liveString(arguments[0]), &reply)
    }

    func mget(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) {
        reply.arrayHeader(arguments.count)
        var cursor = arguments.first
        for _ in 0..<arguments.count {
            let record = live(arguments.next(&cursor))
            Keyspace.writeValue(of: record?.kind == .string ? record : nil, &reply)
        }
    }

    func strlen(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        reply.integer(Int64(try liveString(arguments[0])?.valueLength ?? 0))
    }

    func getrange(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let (start, end) = (try arguments.integer(1), try arguments.integer(2))
        guard let record = try liveString(arguments[0]),
            let range = Keyspace.range(from: start, through: end, of: record.valueLength)
        else { return reply.bulk(arguments[0].extracting(first: 0)) }
        Keyspace.writeBulk(of: record, range, &reply)
    }

    /// Redis's ranges: both ends inside, negative ones counted from the end, cut to what there is. Nil when empty.
    static func range(from start: Int64, through end: Int64, of length: Int) -> Range<Int>? {
        guard !(start < 0 && end < 0 && start > end) else { return nil }
        func resolved(_ place: Int64) -> Int {
            place < 0 ? max(0, length + Int(clamping: max(place, Int64(-length)))) : Int(clamping: place)
        }
        let first = resolved(start)
        let last = min(resolved(end), length - 1)
        return first <= last ? first..<last + 1 : nil
    }

    func exists(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) {
        var found: Int64 = 0
        var cursor = arguments.first
        for _ in 0..<arguments.count where live(arguments.next(&cursor)) != nil { found += 1 }
        reply.integer(found)
    }

    func type(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) {
        reply.simple(live(arguments[0])?.kind.name ?? "none")
    }

    func timeToLive(
        _ code: CommandCode, _ arguments: borrowing Arguments, _ clock: Timestamp, _ reply: inout ReplyWriter
    ) {
        guard let record = live(arguments[0]) else { return reply.integer(-2) }
        guard record.isTimed else { return reply.integer(-1) }
        let isAbsolute = code == .expiretime || code == .pexpiretime
        let from = isAbsolute ? 0 : max(now, clock.milliseconds)
        let time = record.deadline > from ? Int64(clamping: record.deadline - from) : 0
        let isSeconds = code == .ttl || code == .expiretime
        reply.integer(isSeconds ? time / 1000 + (time % 1000 >= 500 ? 1 : 0) : time)
    }

    // MARK: OBJECT

    func object(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let name = try Keyspace.objectSubcommand(arguments)
        guard name != "help" else { return Keyspace.writeObjectHelp(&reply) }
        guard let record = live(arguments[1]) else { return reply.null() }
        switch name {
        case "encoding": reply.bulk(text: record.encodingName)
        case "freq": throw .frequencyNotTracked
        case "idletime": reply.integer(0)
        default: reply.integer(1)
        }
    }

    /// What `OBJECT` is asked for, in lower case. Refused when there is no such thing, or not with so many words.
    static func objectSubcommand(_ arguments: borrowing Arguments) throws(CommandError) -> String {
        let word = arguments[0]
        let known: [StaticString] = ["encoding", "freq", "help", "idletime", "refcount"]
        guard let name = known.first(where: { word.isWord($0) })?.description else {
            throw .unknownSubcommand([UInt8](word))
        }
        guard arguments.count == (name == "help" ? 1 : 2) else { throw .subcommandArity(name) }
        return name
    }

    private static func writeObjectHelp(_ reply: inout ReplyWriter) {
        let lines: [StaticString] = [
            "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", "ENCODING <key>",
            "    Return the kind of internal representation used in order to store the value",
            "    associated with a <key>.", "FREQ <key>",
            "    Not offered: how often keys are used is not counted.", "IDLETIME <key>",
            "    Always 0: when keys were used is not kept.", "REFCOUNT <key>", "    Always 1.", "HELP",
            "    Print this help.",
        ]
        reply.arrayHeader(lines.count)
        for line in lines { reply.simple(line) }
    }
}

extension ValueKind {
    /// The name that Redis gives to the representation that resembles a tree of this kind most.
    fileprivate var treeEncodingName: String {
        switch self {
        case .list: "quicklist"
        case .sortedSet: "skiplist"
        default: "hashtable"
        }
    }

    /// As `TYPE` names it.
    var name: StaticString {
        switch self {
        case .string: "string"
        case .hash: "hash"
        case .list: "list"
        case .set: "set"
        case .sortedSet: "zset"
        }
    }
}

extension Record {
    /// The name that Redis would give the representation of such a value when it was just set.
    fileprivate var encodingName: String {
        guard kind == .string else { return hasLargeValue ? kind.treeEncodingName : "listpack" }
        if !hasLargeValue, block.withBytes(valueOffset, valueLength, { DecimalText.integer(in: $0) }) != nil {
            return "int"
        }
        return valueLength <= 44 ? "embstr" : "raw"
    }
}
