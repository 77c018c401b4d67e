// Entries carried out in partitions, beside the same entries one after the other.

import ByteCoding
import RESP
import Testing
import Vocabulary

@testable import Keyspace

struct PartitionTests {
    /// Entries as a log has them: most about one key, some about all, times that now and then go back.
    private struct Log {
        var random: SplitMix64
        var index: UInt64 = 0
        var time: UInt64 = 1_000_000_000

        mutating func number(_ limit: UInt64) -> UInt64 { random.next() % limit }

        mutating func key() -> String { "k\(number(400))" }

        mutating func value() -> String {
            number(20) == 0 ? String(repeating: "v", count: Int(number(9000))) : "v\(number(1000))"
        }

        mutating func line() -> String {
            let (key, word) = (key(), value())
            return switch number(24) {
            case 0...4: "SET \(key) \(word)"
            case 5: "SET \(key) \(word) PX \(1 + number(50))"
            case 6: "APPEND \(key) \(word)"
            case 7: "INCRBY \(key) \(number(9))"
            case 8: "DEL \(key)"
            case 9: "PEXPIRE \(key) \(number(40))"
            case 10: "HSET h\(key) f\(number(90)) \(word)"
            case 11: "HDEL h\(key) f\(number(90))"
            case 12: "RPUSH l\(key) \(word)"
            case 13: "LPOP l\(key)"
            case 14: "SADD s\(key) m\(number(300))"
            case 15: "SPOP s\(key)"
            case 16: "ZADD z\(key) \(number(50)) m\(number(300))"
            case 17: "ZPOPMIN z\(key)"
            case 18: "SETRANGE \(key) \(number(6000)) \(word)"
            case 19: "GETDEL \(key)"
            case 20: "SETNX \(key) \(word)"
            case 21: "PERSIST \(key)"
            case 22: "INCRBYFLOAT \(key) 0.5"
            default: "nonsense"
            }
        }

        mutating func entry() -> [UInt8] {
            index += 1
            time += number(4000)
            if number(300) == 0 { return EntryCoding.tick }
            if number(300) == 0 { return PartitionTests.entry("DEL \(key()) \(key())") }
            if number(2000) == 0 { return PartitionTests.entry("FLUSHALL") }
            return PartitionTests.entry(line())
        }

        /// The clock of a new leader may be behind.
        mutating func stamp() -> Timestamp { Timestamp(microseconds: time - number(3) * 500) }
    }

    /// No entry at all when the command does not exist.
    private static func entry(_ line: String) -> [UInt8] {
        let words = line.split(separator: " ").map(String.init)
        guard let spec = CommandTable.shared.lookup(words[0]) else { return Array(line.utf8) }
        return EntryCoding.encoded(spec.code, words.dropFirst().map { Array($0.utf8) })
    }

    /// A state to which entries are applied as they come, and one to which they are applied in partitions.
    private struct Pair {
        var plain = Keyspace(of: Rig.cluster)
        var parted = Keyspace(of: Rig.cluster)
        var entries: PartitionedEntries
        let runner: SequentialRunner
        var plainNotes: [ChangeNotes] = []
        var partedNotes: [ChangeNotes] = []
        var together = 0
        private var reply = ReplyWriter(version: .two)

        init(width: Int) {
            entries = PartitionedEntries(of: Rig.cluster, width: width)
            runner = SequentialRunner(width: width)
        }

        mutating func apply(_ entry: [UInt8], at time: Timestamp, _ index: LogIndex) {
            plain.apply(entry.rawBytes, at: time, index: index, reply: &reply)
            plainNotes.append(plain.changes)
            let isAdded = entries.add(entry.rawBytes, at: time, index: index)
            guard !isAdded else { return }
            settle()
            parted.apply(entry.rawBytes, at: time, index: index, reply: &reply)
            partedNotes.append(parted.changes)
            reply.bytes.removeAll()
        }

        mutating func settle() {
            together += entries.count
            parted.apply(&entries, on: runner)
            entries.forEachNote { partedNotes.append(copy $0) }
            entries.removeAll()
        }
    }

    @Test(arguments: [2, 3, 8, 128], 0..<4 as Range<UInt64>)
    func `partitions make the state that entries one after the other make`(width: Int, seed: UInt64) {
        var log = Log(random: SplitMix64(seed: seed))
        var pair = Pair(width: width)
        for _ in 0..<5 {
            for _ in 0..<1500 {
                let entry = log.entry()
                pair.apply(entry, at: log.stamp(), LogIndex(log.index))
            }
            pair.settle()
            pair.parted.checkInvariants()
            #expect(ImageBytes(pair.parted) == ImageBytes(pair.plain))
            #expect(pair.parted.memory == pair.plain.memory)
            #expect(pair.parted.expiredTotal == pair.plain.expiredTotal)
            #expect(pair.parted.lastAppliedTime == pair.plain.lastAppliedTime)
            #expect(pair.parted.nextDeadline == pair.plain.nextDeadline)
        }
        #expect(pair.partedNotes.map(\.hasChanged) == pair.plainNotes.map(\.hasChanged))
        #expect(pair.partedNotes.map(\.items) == pair.plainNotes.map(\.items))
        #expect(pair.together > 5000)
    }

    @Test func `a copy stays what it was while partitions change the original`() {
        var log = Log(random: SplitMix64(seed: 5))
        var pair = Pair(width: 4)
        for _ in 0..<1000 { pair.apply(log.entry(), at: log.stamp(), LogIndex(log.index)) }
        pair.settle()
        let copy = pair.parted
        let before = ImageBytes(copy)
        for _ in 0..<1000 { pair.apply(log.entry(), at: log.stamp(), LogIndex(log.index)) }
        pair.settle()
        #expect(ImageBytes(copy) == before)
        copy.checkInvariants()
        #expect(ImageBytes(pair.parted) == ImageBytes(pair.plain))
    }

    @Test func `what was added last is taken back`() {
        var log = Log(random: SplitMix64(seed: 6))
        var entries = PartitionedEntries(of: Rig.cluster, width: 3)
        var plain = Keyspace(of: Rig.cluster)
        var reply = ReplyWriter(version: .two)
        for index in 1...40 as ClosedRange<UInt64> {
            let entry = Self.entry("SET \(log.key()) \(log.value())")
            let time = Timestamp(microseconds: 1_000_000 + index * 1000)
            let isAdded = entries.add(entry.rawBytes, at: time, index: LogIndex(index))
            #expect(isAdded)
            if index <= 25 { plain.apply(entry.rawBytes, at: time, index: LogIndex(index), reply: &reply) }
        }
        entries.removeLast(15)
        #expect(entries.count == 25)
        var parted = Keyspace(of: Rig.cluster)
        parted.apply(&entries, on: SequentialRunner(width: 3))
        #expect(ImageBytes(parted) == ImageBytes(plain))
        // What was taken back has not moved the clock by which keys end.
        #expect(parted.lastAppliedTime == plain.lastAppliedTime)
    }

    @Test func `only entries about one key are carried out beside others`() {
        var entries = PartitionedEntries(of: Rig.cluster, width: 2)
        func isTaken(_ line: String) -> Bool {
            entries.removeAll()
            return entries.add(Self.entry(line).rawBytes, at: .zero, index: LogIndex(1))
        }
        for line in [
            "SET a b", "DEL a", "UNLINK a", "HSET a b c", "ZADD a 1 b", "LPUSH a b", "EXPIRE a 1", "SETBIT a 1 1",
        ] {
            #expect(isTaken(line), "\(line)")
        }
        for line in [
            "DEL a b", "MSET a b c d", "RENAME a b", "COPY a b", "FLUSHALL", "BLPOP a 0", "LMOVE a b LEFT LEFT",
            "MSET a b", "SINTERSTORE a b", "ZUNIONSTORE a 1 b", "BITOP AND a b", "GET a", "DBSIZE", "SET",
        ] {
            #expect(!isTaken(line), "\(line)")
        }
        let huge: [UInt8] = [255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 1]
        for entry in [EntryCoding.tick, EntryCoding.memoryFull(true), [], huge] {
            let isAdded = entries.add(entry.rawBytes, at: .zero, index: LogIndex(1))
            #expect(!isAdded)
        }
    }

    @Test func `a state with an index, or with somebody who waits, is not divided`() {
        var rig = Rig()
        rig.run("SET a b")
        var isDivisible = rig.keyspace.isDivisible
        #expect(isDivisible)
        var envelope = Envelope(.blocking, version: .two)
        envelope.add { $0 += Self.entry("BLPOP nothing 0") }
        var entry: [UInt8] = []
        envelope.encode(to: &entry)
        rig.apply(entry)
        isDivisible = rig.keyspace.isDivisible
        #expect(!isDivisible)
        var other = Rig()
        other.run("index.create users on hash prefix user: field city")
        isDivisible = other.keyspace.isDivisible
        #expect(!isDivisible)
    }
}
