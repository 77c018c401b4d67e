// Transactions, conditions and kept outcomes, as the log has them.

import ByteCoding
import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct EnvelopeTests {
    private static func command(_ line: String) -> [UInt8] {
        let words = line.split(separator: " ").map { Array($0.utf8) }
        guard let spec = CommandTable.shared.lookup(line.split(separator: " ").first.map(String.init) ?? "") else {
            preconditionFailure("\(line)")
        }
        return EntryCoding.encoded(spec.code, Array(words.dropFirst()))
    }

    private static func envelope(
        _ form: Envelope.Form, _ lines: [String], version: RESPVersion = .two,
        _ change: (inout Envelope) -> Void = { _ in }
    ) -> [UInt8] {
        var envelope = Envelope(form, version: version)
        for line in lines { envelope.add { $0 += command(line) } }
        change(&envelope)
        var bytes: [UInt8] = []
        envelope.encode(to: &bytes)
        return bytes
    }

    @Test func `a transaction answers for each command and is one entry`() {
        var rig = Rig()
        let entry = EnvelopeTests.envelope(.transaction, ["set a 1", "incr a", "get a", "incr b"])
        #expect(rig.apply(entry) == .array([.simple("OK"), .integer(2), bulk("2"), .integer(1)]))
        #expect(rig.run("version a b c") == .array([.integer(1), .integer(1), .integer(0)]))
    }

    @Test func `a command that fails leaves the others as they are`() {
        var rig = Rig()
        rig.run("set a text")
        let reply = rig.apply(EnvelopeTests.envelope(.transaction, ["incr a", "set b 1"]))
        #expect(reply == .array([.error("ERR value is not an integer or out of range"), .simple("OK")]))
        #expect(rig.run("get b") == bulk("1"))
    }

    @Test func `a condition on a version holds until the key is written, removed or over`() {
        for change in ["set a 1", "append a x", "del a", "expire a 100", "pexpire a 0", "flushall", "rename a b"] {
            var rig = Rig()
            rig.run("set a 1")
            let version = rig.index.rawValue
            func attempt() -> Reply {
                rig.apply(
                    EnvelopeTests.envelope(.transaction, ["set done 1"]) {
                        $0.require(Array("a".utf8).rawBytes, version: version)
                        $0.require(Array("nothing".utf8).rawBytes, version: 0)
                    })
            }
            #expect(attempt() == .array([.simple("OK")]))
            rig.run("get a")
            rig.run("setnx a 2")
            #expect(attempt() == .array([.simple("OK")]))
            rig.run(change)
            #expect(attempt() == .null, "\(change)")
        }
    }

    @Test func `a single command under a condition that does not hold is null`() {
        var rig = Rig()
        let key = Array("a".utf8)
        let create = EnvelopeTests.envelope(.single, ["set a 1"]) { $0.require(key.rawBytes, version: 0) }
        #expect(rig.apply(create) == .simple("OK"))
        #expect(rig.apply(create) == .null)
        #expect(rig.run("get a") == bulk("1"))
    }

    @Test func `a request that is repeated has its first outcome`() {
        var rig = Rig()
        func increment(_ number: UInt64, by client: String = "me", version: RESPVersion = .two) -> Reply {
            rig.apply(
                EnvelopeTests.envelope(.single, ["incr a"], version: version) {
                    $0.once(Array(client.utf8).rawBytes, number)
                })
        }
        #expect(increment(1) == .integer(1))
        #expect(increment(1) == .integer(1))
        #expect(increment(1, by: "you") == .integer(2))
        #expect(increment(5) == .integer(3))
        #expect(increment(5) == .integer(3))
        #expect(increment(1) == .error("ERR request 1 is older than request 5, whose outcome is kept"))
        #expect(rig.run("get a") == bulk("3"))
    }

    @Test func `outcomes that fail are kept too, and long ones are told of`() {
        var rig = Rig()
        rig.run("set a text")
        let failing = EnvelopeTests.envelope(.single, ["incr a"]) { $0.once(Array("me".utf8).rawBytes, 1) }
        let error = rig.apply(failing)
        rig.run("set a 1")
        #expect(rig.apply(failing) == error)
        let long = EnvelopeTests.envelope(.single, ["getset long x"]) { $0.once(Array("me".utf8).rawBytes, 2) }
        rig.run([Array("set".utf8), Array("long".utf8), [UInt8](repeating: 1, count: 70_000)])
        _ = rig.apply(long)
        #expect(rig.apply(long) == .error("ERR the request was carried out, and its reply was too long to be kept"))
        #expect(rig.run("get long") == bulk("x"))
    }

    @Test func `so many clients are remembered, those heard of last`() {
        var table = OnceTable()
        let reply = [UInt8](repeating: 1, count: 3000)
        for number in 0..<OnceTable.clientsMax + 500 {
            table.record(Array("c\(number)".utf8), 1, reply.rawBytes.extracting(0..<10), at: UInt64(2 * number))
            // This one is heard of again and again.
            let busy = reply.rawBytes.extracting(0..<10)
            table.record(Array("busy".utf8), UInt64(number), busy, at: UInt64(2 * number + 1))
        }
        #expect(table.count == OnceTable.clientsMax)
        guard case .known = table.find(Array("busy".utf8), UInt64(OnceTable.clientsMax + 499)) else {
            Issue.record("the busy client was forgotten")
            return
        }
        guard case .new = table.find(Array("c0".utf8), 1) else {
            Issue.record("the oldest client is remembered")
            return
        }
        for number in 0..<20_000 {
            table.record(Array("d\(number)".utf8), 1, reply.rawBytes, at: UInt64(1_000_000 + number))
        }
        #expect(table.count < OnceTable.bytesMax / 3000 + 1)
        table.checkInvariants()
    }

    /// Its requests were remembered one by one, without a bound, until ten thousand others came.
    @Test func `one busy client takes no more memory than its newest outcome`() {
        var table = OnceTable()
        for number in 0..<100_000 as Range<UInt64> {
            table.record(Array("busy".utf8), number, [1, 2, 3].rawBytes, at: number)
        }
        #expect(table.count == 1)
        table.checkInvariants()
    }

    @Test func `what clients were answered is part of the digest`() {
        func digest(_ name: String, _ number: UInt64, _ line: String, first: String = "set k 1") -> Digest {
            var rig = Rig()
            rig.run(first)
            _ = rig.apply(EnvelopeTests.envelope(.single, [line]) { $0.once(Array(name.utf8).rawBytes, number) })
            rig.keyspace.checkInvariants()
            return rig.keyspace.digest
        }
        var plain = Rig()
        plain.run("set k 1")
        plain.run("get k")
        let base = digest("me", 1, "get k")
        #expect(base == digest("me", 1, "get k"))
        #expect(base != plain.keyspace.digest)
        #expect(base != digest("you", 1, "get k"))
        #expect(base != digest("me", 2, "get k"))
        #expect(base != digest("me", 1, "strlen k"))
        #expect(digest("me", 1, "exists k") == digest("me", 1, "exists k"))
        // Forgotten ones have no part in it: a client's newest outcome is in the place of the one before.
        var twice = Rig()
        twice.run("set k 1")
        for number in [1, 2] as [UInt64] {
            _ = twice.apply(EnvelopeTests.envelope(.single, ["get k"]) { $0.once(Array("me".utf8).rawBytes, number) })
        }
        twice.keyspace.checkInvariants()
    }

    @Test func `what is no envelope, or stands in one and must not, is refused`() {
        var rig = Rig()
        for arguments in [[], [[0]], [[0, 2, 0], []], [[9, 2, 0], [], [1, 0]], [[0, 2, 1, 200], [], [1, 0]]]
            as [[[UInt8]]]
        {
            let reply = rig.apply(EntryCoding.encoded(.envelope, arguments))
            guard case .error = reply else {
                Issue.record("\(arguments) gave \(reply)")
                continue
            }
        }
        let inner = EnvelopeTests.envelope(.single, ["set a 1"])
        let nested = EntryCoding.encoded(.envelope, [[1, 2, 0], [], inner, EntryCoding.tick, [255], [4, 0]])
        guard case .array(let replies) = rig.apply(nested) else {
            Issue.record("no array")
            return
        }
        #expect(replies.count == 4)
        for reply in replies { if case .error = reply {} else { Issue.record("\(reply)") } }
        #expect(rig.keyspace.count == 0)
    }

    @Test func `replies that were known before stand in their place`() {
        var rig = Rig()
        let entry = EnvelopeTests.envelope(.transaction, ["set a 1"]) {
            $0.add(reply: Array("+PONG\r\n".utf8).rawBytes)
        }
        #expect(rig.apply(entry) == .array([.simple("OK"), .simple("PONG")]))
    }
}
