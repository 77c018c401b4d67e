// A keyspace with a clock and a log index, that takes commands as words and gives replies as values.

import ByteCoding
import RESP
import Vocabulary

@testable import Keyspace

struct Rig {
    static let cluster = ClusterID(high: 0x7472_6972_656D_6500, low: 0x6B65_7973_7061_6365)
    var keyspace = Keyspace(of: Rig.cluster)
    /// Log time, in milliseconds.
    var time: UInt64 = 1_000_000
    var index = LogIndex.zero
    var version = RESPVersion.two

    /// Runs a request as a session and a replica do: checked, encoded, then applied or read.
    @discardableResult
    mutating func run(_ words: [[UInt8]]) -> Reply {
        var request: [UInt8] = []
        var ranges: [Range<Int>] = []
        for word in words {
            ranges.append(request.count..<request.count + word.count)
            request += word
        }
        var writer = ReplyWriter(version: version)
        let name = words[0]
        guard let spec = CommandTable.shared.lookup(name.rawBytes) else { return .error("unknown") }
        if Keyspace.precheck(spec, Arguments(request.rawBytes, words: ranges), reply: &writer) {
            var entry: [UInt8] = []
            EntryCoding.encode(spec.code, request.rawBytes, words: ranges, to: &entry)
            if spec.route == .write {
                apply(entry, &writer)
            } else {
                keyspace.read(entry.rawBytes, clock: Timestamp(microseconds: time * 1000), reply: &writer)
            }
        }
        return Rig.decoded(writer.bytes)
    }

    @discardableResult
    mutating func run(_ line: String) -> Reply { run(line.split(separator: " ").map { Array($0.utf8) }) }

    /// Without the check before the log.
    mutating func apply(_ code: CommandCode, _ arguments: [String]) -> Reply {
        var writer = ReplyWriter(version: version)
        apply(EntryCoding.encoded(code, arguments.map { Array($0.utf8) }), &writer)
        return Rig.decoded(writer.bytes)
    }

    /// An entry as it would stand in the log.
    @discardableResult
    mutating func apply(_ entry: [UInt8]) -> Reply {
        var writer = ReplyWriter(version: version)
        apply(entry, &writer)
        return Rig.decoded(writer.bytes)
    }

    @discardableResult
    mutating func tick() -> Reply { apply(.tick, []) }

    private mutating func apply(_ entry: [UInt8], _ writer: inout ReplyWriter) {
        index = index.next
        keyspace.apply(entry.rawBytes, at: Timestamp(microseconds: time * 1000), index: index, reply: &writer)
    }

    static func decoded(_ bytes: [UInt8]) -> Reply {
        var decoder = ReplyDecoder()
        guard let extent = try? decoder.next(in: bytes.rawBytes), extent.consumed == bytes.count,
            let reply = try? ReplyDecoder.value(of: bytes.rawBytes)
        else { return .error("not one reply: \(String(decoding: bytes, as: UTF8.self))") }
        return reply
    }

    /// Every key with its value and deadline, as the keyspace holds them.
    func contents() -> [[UInt8]: Held] { Rig.contents(of: keyspace) }

    static func contents(of keyspace: Keyspace) -> [[UInt8]: Held] {
        var all: [[UInt8]: Held] = [:]
        keyspace.records.forEachRecord { record in
            var value: [UInt8] = []
            record.forEachPiece(of: 0..<record.valueLength) { value.append(bytes: $0) }
            let key = record.withKey { [UInt8]($0) }
            precondition(all[key] == nil, "a key twice")
            all[key] = Held(value: value, deadline: record.isTimed ? record.deadline : nil)
        }
        return all
    }
}

/// What a model knows of a record.
struct Held: Hashable {
    var value: [UInt8]
    var deadline: UInt64?
}

func bulk(_ text: String) -> Reply { .bulk(Array(text.utf8)) }
