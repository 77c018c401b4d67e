// Blocking commands as the log has them: who waits, who is served with what, and who is sent away.

import ByteCoding
import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct WaitingTests {
    /// A keyspace in which clients wait, by the index of their entries.
    private struct Hall {
        var rig = Rig()
        /// What became of those who waited.
        var served: [UInt64: Reply] = [:]

        mutating func run(_ line: String) -> Reply {
            defer { collect() }
            return rig.run(line)
        }

        /// The request of a client that may wait: its reply, or nil when it waits. Its name is the index.
        mutating func ask(_ line: String, version: RESPVersion = .two) -> Reply? {
            let words = line.split(separator: " ").map { Array($0.utf8) }
            guard let spec = CommandTable.shared.lookup(line.split(separator: " ").first.map(String.init) ?? "") else {
                preconditionFailure(line)
            }
            var envelope = Envelope(.blocking, version: version)
            envelope.add { $0 += EntryCoding.encoded(spec.code, Array(words.dropFirst())) }
            return apply(envelope)
        }

        mutating func apply(_ envelope: Envelope) -> Reply? {
            defer { collect() }
            var entry: [UInt8] = []
            envelope.encode(to: &entry)
            var writer = ReplyWriter(version: .two)
            rig.index = rig.index.next
            let time = Timestamp(microseconds: rig.time * 1000)
            let outcome = rig.keyspace.apply(entry.rawBytes, at: time, index: rig.index, reply: &writer)
            #expect((outcome == .parked) == writer.bytes.isEmpty)
            return outcome == .parked ? nil : Rig.decoded(writer.bytes)
        }

        mutating func collect() {
            for item in rig.keyspace.served.items {
                served[item.waiter.rawValue] = Rig.decoded(Array(rig.keyspace.served.bytes[item.range]))
            }
            rig.keyspace.served.removeAll()
            rig.keyspace.checkInvariants()
        }
    }

    private static func pair(_ key: String, _ element: String) -> Reply { .array([bulk(key), bulk(element)]) }

    @Test func `a key that a command names several times is waited for once`() {
        var hall = Hall()
        #expect(hall.ask("blpop k j k k 0") == nil)
        let first = hall.rig.index.rawValue
        #expect(hall.ask("blpop k j 0") == nil)
        let second = hall.rig.index.rawValue
        _ = hall.run("rpush k 1")
        #expect(hall.served == [first: WaitingTests.pair("k", "1")])
        _ = hall.run("rpush j 2 3")
        #expect(hall.served == [first: WaitingTests.pair("k", "1"), second: WaitingTests.pair("j", "2")])
    }

    @Test func `what is there is taken at once`() {
        var hall = Hall()
        _ = hall.run("rpush b 1 2 3")
        #expect(hall.ask("blpop a b 0") == WaitingTests.pair("b", "1"))
        #expect(hall.ask("brpop a b 0") == WaitingTests.pair("b", "3"))
        #expect(hall.ask("blmove b c left right 0") == bulk("2"))
        #expect(hall.ask("brpoplpush c d 0") == bulk("2"))
        _ = hall.run("zadd z 1 one 2 two 3 three")
        #expect(hall.ask("bzpopmin z 0") == .array([bulk("z"), bulk("one"), bulk("1")]))
        #expect(hall.ask("bzpopmax y z 0") == .array([bulk("z"), bulk("three"), bulk("3")]))
        #expect(hall.ask("bzmpop 0 2 y z max") == .array([bulk("z"), .array([.array([bulk("two"), bulk("2")])])]))
        _ = hall.run("rpush e 1 2 3")
        #expect(hall.ask("blmpop 0 1 e right count 2") == .array([bulk("e"), .array([bulk("3"), bulk("2")])]))
        #expect(hall.rig.keyspace.waiterCount == 0)
    }

    @Test func `who came first is served first, whatever is brought`() {
        var hall = Hall()
        for _ in 0..<3 { #expect(hall.ask("blpop a 0") == nil) }
        #expect(hall.run("rpush a 1 2") == .integer(2))
        #expect(hall.served == [1: WaitingTests.pair("a", "1"), 2: WaitingTests.pair("a", "2")])
        #expect(hall.run("exists a") == .integer(0))
        _ = hall.run("lpush a 3")
        #expect(hall.served[3] == WaitingTests.pair("a", "3"))
        #expect(hall.rig.keyspace.waiterCount == 0)
    }

    @Test func `who waits is part of the digest, and no part of it afterwards`() {
        var hall = Hall()
        let empty = hall.rig.keyspace.digest
        #expect(hall.ask("blpop a 0") == nil)
        let one = hall.rig.keyspace.digest
        #expect(one != empty)
        #expect(hall.ask("blpop a 0") == nil)
        #expect(hall.rig.keyspace.digest != one)
        // Another command, another place in the log, another protocol: another state.
        for line in ["blpop b 0", "brpop a 0", "blpop a 1"] {
            var other = Hall()
            #expect(other.ask(line) == nil)
            #expect(other.rig.keyspace.digest != one)
        }
        var third = Hall()
        #expect(third.ask("blpop a 0", version: .three) == nil)
        #expect(third.rig.keyspace.digest != one)
        var later = Hall()
        _ = later.run("set b 1")
        _ = later.run("del b")
        #expect(later.ask("blpop a 0") == nil)
        #expect(later.rig.keyspace.digest != one)
        _ = hall.run("rpush a 1 2")
        #expect(hall.rig.keyspace.digest == empty)
        #expect(hall.ask("blpop a 0") == nil)
        hall.rig.keyspace.sendWaitersAway()
        hall.collect()
        #expect(hall.rig.keyspace.digest == empty)
    }

    /// A set that is put together beside the keyspace woke nobody.
    @Test func `who waits is served by what commands on several keys leave`() {
        var hall = Hall()
        _ = hall.run("zadd from 1 one 2 two")
        for line in ["zunionstore to 1 from", "zrangestore to from 0 0", "zinterstore to 1 from", "copy from to"] {
            let index = hall.rig.index.next.rawValue
            #expect(hall.ask("bzpopmin to 0") == nil)
            _ = hall.run(line)
            #expect(hall.served[index] == .array([bulk("to"), bulk("one"), bulk("1")]), "\(line)")
            _ = hall.run("del to")
        }
    }

    @Test func `who waits at several keys is served at the one that was written`() {
        var hall = Hall()
        #expect(hall.ask("blpop a b c 0") == nil)
        _ = hall.run("set a text")
        _ = hall.run("rpush c x")
        #expect(hall.served == [1: WaitingTests.pair("c", "x")])
        #expect(hall.ask("blpop b b 0") == nil)
        _ = hall.run("rpush b x y")
        #expect(hall.served[4] == WaitingTests.pair("b", "x"))
        #expect(hall.run("lrange b 0 -1") == .array([bulk("y")]))
    }

    @Test func `a transaction is seen as a whole`() {
        var hall = Hall()
        #expect(hall.ask("blpop a 0") == nil)
        func transaction(_ commands: [(CommandCode, [String])]) -> Envelope {
            var envelope = Envelope(.transaction, version: .two)
            for (code, words) in commands {
                envelope.add { $0 += EntryCoding.encoded(code, words.map { Array($0.utf8) }) }
            }
            return envelope
        }
        // What comes and goes within it is not seen.
        #expect(hall.apply(transaction([(.lpush, ["a", "1"]), (.del, ["a"])])) == .array([.integer(1), .integer(1)]))
        #expect(hall.served.isEmpty)
        // The newest element is at the front when it ends; and blocking commands within it do not wait.
        let reply = hall.apply(
            transaction([(.blpop, ["a", "0"]), (.lpush, ["a", "1"]), (.lpush, ["a", "2"]), (.brpop, ["b", "0"])]))
        #expect(reply == .array([.null, .integer(1), .integer(2), .null]))
        #expect(hall.served == [1: WaitingTests.pair("a", "2")])
    }

    @Test func `a client that is served may serve another`() {
        var hall = Hall()
        #expect(hall.ask("blmove a b left right 0") == nil)
        #expect(hall.ask("blmove b c left right 0") == nil)
        #expect(hall.ask("blpop c 0") == nil)
        _ = hall.run("rpush a x")
        #expect(hall.served == [1: bulk("x"), 2: bulk("x"), 3: WaitingTests.pair("c", "x")])
        #expect(hall.rig.keyspace.count == 0)
        // In a circle, until nobody waits.
        #expect(hall.ask("blmove a b left right 0") == nil)
        #expect(hall.ask("blmove b a left right 0") == nil)
        _ = hall.run("rpush a y")
        #expect(hall.run("lrange a 0 -1") == .array([bulk("y")]))
        #expect(hall.rig.keyspace.waiterCount == 0)
    }

    @Test func `an element that cannot be put where it belongs stays, and the client is told`() {
        var hall = Hall()
        #expect(hall.ask("blmove a b left right 0") == nil)
        _ = hall.run("set b text")
        _ = hall.run("rpush a x")
        #expect(hall.served[1]?.isError == true)
        #expect(hall.run("lrange a 0 -1") == .array([bulk("x")]))
    }

    @Test func `sorted sets and lists have queues of their own, and renaming brings something too`() {
        var hall = Hall()
        #expect(hall.ask("bzpopmin a 0") == nil)
        #expect(hall.ask("blpop a 0") == nil)
        _ = hall.run("rpush a x")
        #expect(hall.served == [2: WaitingTests.pair("a", "x")])
        _ = hall.run("zadd b 1 m")
        _ = hall.run("rename b a")
        #expect(hall.served[1] == .array([bulk("a"), bulk("m"), bulk("1")]))
    }

    @Test func `whoever is sent away gets nothing, and gives way`() {
        var hall = Hall()
        #expect(hall.ask("blpop a 0") == nil)
        #expect(hall.ask("blmove a b left left 0") == nil)
        #expect(hall.ask("blpop a 0", version: .three) == nil)
        #expect(hall.rig.apply(Keyspace.unblocking(LogIndex(1), "timeout")) == .integer(1))
        hall.collect()
        #expect(hall.rig.apply(Keyspace.unblocking(LogIndex(1), "timeout")) == .integer(0))
        #expect(hall.rig.apply(Keyspace.unblocking(LogIndex(2), "error")) == .integer(1))
        hall.collect()
        #expect(hall.served == [1: .null, 2: .error("UNBLOCKED client unblocked via CLIENT UNBLOCK")])
        _ = hall.run("rpush a x")
        #expect(hall.served[3] == WaitingTests.pair("a", "x"))
    }

    /// As Redis has it: also those that would have got one element, and tell its null within a transaction.
    @Test(arguments: [
        "blpop a 1", "blmove a b left left 1", "brpoplpush a b 1", "blmpop 1 1 a left", "bzpopmin a 1",
        "bzmpop 1 1 a min",
    ])
    func `who waited in vain gets the null of an array`(line: String) {
        var hall = Hall()
        #expect(hall.ask(line) == nil)
        _ = hall.rig.apply(Keyspace.unblocking(LogIndex(1), "timeout"))
        let served = hall.rig.keyspace.served
        #expect(served.items.map { Array(served.bytes[$0.range]) } == [Array("*-1\r\n".utf8)])
    }

    @Test func `a new leader sends everybody away`() {
        var hall = Hall()
        #expect(hall.ask("blpop a 0") == nil)
        #expect(hall.ask("bzpopmax b 0") == nil)
        hall.rig.keyspace.sendWaitersAway()
        hall.collect()
        #expect(hall.served.count == 2 && hall.served.values.allSatisfy(\.isError))
        _ = hall.run("rpush a x")
        #expect(hall.run("lrange a 0 -1") == .array([bulk("x")]))
    }

    @Test func `how long a request waits stands in its entry`() {
        func timeout(_ line: String) -> Duration? {
            let words = line.split(separator: " ").map { Array($0.utf8) }
            var envelope = Envelope(.blocking, version: .two)
            let spec = CommandTable.shared.lookup(line.split(separator: " ").first.map(String.init) ?? "")
            envelope.add { $0 += EntryCoding.encoded(spec?.code ?? .get, Array(words.dropFirst())) }
            var entry: [UInt8] = []
            envelope.encode(to: &entry)
            return Keyspace.timeout(of: entry.rawBytes)
        }
        #expect(timeout("blpop a 1.5") == .milliseconds(1500))
        #expect(timeout("blpop a b 0.0001") == .milliseconds(1))
        #expect(timeout("blmove a b left right 2") == .seconds(2))
        #expect(timeout("bzmpop 3 1 a min") == .seconds(3))
        #expect(timeout("blpop a 0") == nil)
        #expect(timeout("get a") == nil)
    }

    @Test(arguments: [
        ("blpop a x", "ERR timeout is not a float or out of range"), ("blpop a -1", "ERR timeout is negative"),
        ("blpop a 1e300", "ERR timeout is out of range"), ("blmove a b up left 0", "ERR syntax error"),
        ("bzpopmin a inf", "ERR timeout is out of range"),
    ])
    func `a wrong time is refused`(line: String, refusal: String) {
        var hall = Hall()
        #expect(hall.run(line) == .error(refusal))
        #expect(hall.ask(line) == .error(refusal))
    }
}
