// A record as the commands that make it: what `redis-cli --pipe` and any other client of Redis can send.

import ByteCoding
import Keyspace
import RESP

enum CommandText {
    /// Elements to a command: a large collection takes several.
    private static let elementsMax = 500

    /// Whatever had the key is replaced. The time to live is given as the time at which it ends, so that a record whose
    /// time is over by then is gone at once.
    static func commands(_ record: StoredRecord) -> [UInt8] {
        var writer = ReplyWriter(version: .two)
        for words in words(record) {
            writer.arrayHeader(words.count)
            for word in words { writer.bulk(word.rawBytes) }
        }
        return writer.bytes
    }

    /// The same, as words.
    static func words(_ record: StoredRecord) -> [[[UInt8]]] {
        let key = record.key
        var commands: [[[UInt8]]] = []
        if case .string(let bytes) = record.value {
            commands.append(["SET".bytes, key, bytes])
        } else {
            commands.append(["DEL".bytes, key])
            let (command, elements, width) = parts(of: record.value)
            let step = elementsMax * width
            for start in stride(from: 0, to: elements.count, by: step) {
                commands.append([command.bytes, key] + elements[start..<min(start + step, elements.count)])
            }
        }
        if let deadline = record.deadline { commands.append(["PEXPIREAT".bytes, key, "\(deadline)".bytes]) }
        return commands
    }

    /// The command that adds elements, those, and how many words belong together.
    private static func parts(of value: StoredValue) -> (String, [[UInt8]], Int) {
        switch value {
        case .string(let bytes): ("SET", [bytes], 1)
        case .list(let elements): ("RPUSH", elements, 1)
        case .set(let members): ("SADD", members, 1)
        case .hash(let fields): ("HSET", fields.flatMap { [$0.name, $0.value] }, 2)
        case .sortedSet(let members):
            ("ZADD", members.flatMap { [ByteText.score($0.score).bytes, $0.member] }, 2)
        }
    }
}
