// Pages, branches, slots: growth under every shape of load, and the memory that it takes.

import RESP
import Testing

@testable import Keyspace

@Suite struct StructureTests {
    @Test func `an empty keyspace takes next to nothing`() {
        let keyspace = Keyspace(of: Rig.cluster)
        #expect(keyspace.memory.total.rawValue < 4096)
        #expect(keyspace.memory.payload == .zero)
        #expect(keyspace.digest == .empty)
        #expect(keyspace.nextDeadline == nil)
        keyspace.checkInvariants()
    }

    @Test func `a slot of many records is a tree, and an empty slot is nothing again`() {
        var rig = Rig()
        let empty = rig.keyspace.memory.total
        for number in 0..<8_000 { rig.run("set {hot}\(number) value-of-\(number)") }
        rig.keyspace.checkInvariants()
        let slot = HashSlot.of(Array("hot".utf8).rawBytes)
        #expect(rig.keyspace.count(inSlot: slot) == 8_000)
        #expect(rig.keyspace.digest(ofSlot: slot) == rig.keyspace.digest)
        for number in 0..<8_000 { #expect(rig.run("get {hot}\(number)") == bulk("value-of-\(number)")) }
        for number in 0..<8_000 { rig.run("del {hot}\(number)") }
        rig.keyspace.checkInvariants()
        #expect(rig.keyspace.count == 0)
        #expect(rig.keyspace.digest == .empty)
        // One branch of slots stays.
        #expect(rig.keyspace.memory.total.rawValue - empty.rawValue < 4096)
    }

    @Test func `a record costs less than 40 bytes beside its key and value`() {
        var rig = Rig()
        let value = String(repeating: "v", count: 100)
        for number in 0..<8_000 { rig.run("set {\(number % 33)}-\(1_000_000_000 + number) \(value)") }
        let memory = rig.keyspace.memory
        #expect((memory.total.rawValue - memory.payload.rawValue) / 8_000 < 40)
        for round in 0..<4 {
            for number in 0..<8_000 where number % 4 == round {
                rig.run("append {\(number % 33)}-\(1_000_000_000 + number) wwwwwwww")
            }
        }
        rig.keyspace.checkInvariants()
        let later = rig.keyspace.memory
        #expect((later.total.rawValue - later.payload.rawValue) / 8_000 < 48)
    }

    @Test func `pages are given up as their records go`() {
        var rig = Rig()
        for number in 0..<10_000 { rig.run("set {s}\(number) \(String(repeating: "x", count: 200))") }
        let full = rig.keyspace.memory.total.rawValue
        for number in 0..<10_000 where number % 50 != 0 { rig.run("del {s}\(number)") }
        rig.keyspace.checkInvariants()
        #expect(rig.keyspace.memory.total.rawValue < full / 10)
    }

    @Test func `keys and values of every length around the limits are kept`() {
        var rig = Rig()
        let lengths = [0, 1, 127, 128, 1023, 1024, 1025, 4095, 4096, 4097, 8191, 8192, 8193, 16_384, 40_000]
        for length in lengths {
            let long = [UInt8](repeating: 7, count: length)
            rig.run([Array("set".utf8), long, Array("v".utf8)])
            rig.run([Array("set".utf8), Array("k\(length)".utf8), long])
        }
        rig.keyspace.checkInvariants()
        for length in lengths {
            let long = [UInt8](repeating: 7, count: length)
            #expect(rig.run([Array("get".utf8), long]) == bulk("v"))
            #expect(rig.run([Array("get".utf8), Array("k\(length)".utf8)]) == .bulk(long))
        }
        #expect(rig.keyspace.recomputedDigest() == rig.keyspace.digest)
    }

    @Test func `many long values in one slot spread over pages, so that a copy retains few of them`() {
        var rig = Rig()
        let value = [UInt8](repeating: 1, count: 5000)
        for number in 0..<3000 { rig.run([Array("set".utf8), Array("{s}\(number)".utf8), value]) }
        rig.keyspace.checkInvariants()
        var most = 0
        func visit(_ block: Block) {
            guard block.kind == .branch else { return most = max(most, Page(block).references) }
            Branch(block).forEachChild(visit)
        }
        visit(rig.keyspace.records.root.branch.block)
        #expect(most <= 200)
    }

    @Test func `what a flush removes is freed by later commands`() {
        var rig = Rig()
        for number in 0..<5000 { rig.run("set key:\(number) \(number)") }
        let copy = rig.keyspace
        rig.run("flushall")
        #expect(rig.keyspace.count == 0)
        for number in 0..<500 { rig.run("set key:\(number) new") }
        rig.keyspace.checkInvariants()
        copy.checkInvariants()
        #expect(copy.count == 5000)
    }

    @Test func `warming takes any bytes and changes nothing`() {
        var rig = Rig()
        for number in 0..<3000 { rig.run("set {s}\(number) \(number)") }
        rig.run("set other \(String(repeating: "v", count: 5000))")
        let before = rig.keyspace.digest
        var bytes: [UInt8] = []
        var entries: [Range<Int>] = []
        func add(_ entry: [UInt8]) {
            entries.append(bytes.count..<bytes.count + entry.count)
            bytes += entry
        }
        for number in 0..<20 { add(EntryCoding.encoded(.get, [Array("{s}\(number * 200)".utf8)])) }
        for entry in [[], [1], [16, 1, 200], [255, 255], EntryCoding.tick] as [[UInt8]] { add(entry) }
        for key in ["other", "none", ""] { add(EntryCoding.encoded(.set, [Array(key.utf8), [1]])) }
        for _ in 0..<20 { add(EntryCoding.encoded(.dbsize, [])) }
        rig.keyspace.lookUp(bytes.rawBytes, entries)
        Keyspace(of: Rig.cluster).lookUp(bytes.rawBytes, entries)
        #expect(rig.keyspace.digest == before)
        rig.keyspace.checkInvariants()
    }

    @Test func `the slots are those of Redis Cluster`() {
        func slot(_ key: String) -> Int { HashSlot.of(Array(key.utf8).rawBytes) }
        #expect(slot("123456789") == 0x31C3)
        #expect(slot("foo") == 12182)
        #expect(slot("") == 0)
        #expect(slot("{user1000}.following") == slot("{user1000}.followers"))
        #expect(slot("foo{}{bar}") == 8363)
        #expect(slot("foo{{bar}}zap") == slot("{bar"))
        #expect(slot("foo{bar}{zap}") == slot("bar"))
        #expect(slot("foo{bar") != slot("bar"))
    }
}
