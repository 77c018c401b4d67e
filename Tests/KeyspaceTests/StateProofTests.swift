// Memory that does not hold what was written to it is found, wherever the bit is.

import ByteCoding
import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct StateProofTests {
    private static func text(_ word: String) -> [UInt8] { Array(word.utf8) }

    /// A state with a record of every kind and form.
    private static func rig() -> Rig {
        var rig = Rig()
        rig.run("set {s}a value")
        rig.run("set b value px 5000")
        rig.run("hset {s}h f v g w")
        rig.run([text("set"), [UInt8](repeating: 107, count: 1100), text("v")])
        rig.run([text("set"), text("long"), [UInt8](repeating: 7, count: 50_000)])
        for number in 0..<40 {
            let item = text("item-\(number)-") + [UInt8](repeating: 120, count: 40)
            rig.run([text("hset"), text("{s}hash"), item, number == 3 ? [UInt8](repeating: 1, count: 4200) : item])
            rig.run([text("zadd"), text("z"), text("\(number)"), item])
            rig.run([text("rpush"), text("list"), item])
        }
        return rig
    }

    private static func damages(_ keyspace: Keyspace, step: Int = 1) -> [StateDamage] {
        var proof = StateProof(of: keyspace.image)
        var found: [StateDamage] = []
        while !proof.isThrough { proof.step(step).map { found.append($0) } }
        return found
    }

    /// Flips a bit of the first byte that `body` leads to, in the record of a key.
    private static func flip(_ key: String, in rig: Rig, _ body: (Record) -> (Block, Int)?) throws {
        let (block, offset) = try #require(body(record(key, of: rig)))
        block[UInt8.self, offset] ^= 4
    }

    private static func flipped(_ key: String, in rig: inout Rig) -> Bool {
        rig.keyspace.flipBitForTest(text(key))
    }

    private static func record(_ key: String, of rig: Rig) -> Record {
        let records = rig.keyspace.records
        let name = text(key)
        return records.find(name.rawBytes, at: records.place(of: name.rawBytes))!
    }

    private static func slot(of key: String) -> Int { HashSlot.of(text(key).rawBytes) }

    @Test(arguments: [1, 7, 1000])
    func `a state as commands have made it is proved, whatever the steps`(step: Int) {
        #expect(StateProofTests.damages(StateProofTests.rig().keyspace, step: step).isEmpty)
        #expect(StateProofTests.damages(Keyspace(of: Rig.cluster), step: step).isEmpty)
    }

    @Test func `a bit of a value that has changed is found, with its slot`() {
        var rig = StateProofTests.rig()
        #expect(StateProofTests.flipped("b", in: &rig))
        let found = StateProofTests.damages(rig.keyspace)
        #expect(found.map(\.slot) == [StateProofTests.slot(of: "b")])
        #expect(rig.keyspace.image.damage(inSlot: StateProofTests.slot(of: "b")) == found.first)
        #expect(rig.keyspace.image.damage(inSlot: StateProofTests.slot(of: "{s}a")) == nil)
    }

    @Test func `a flip for tests leaves an earlier image as it was, and finds no string where there is none`() {
        var rig = StateProofTests.rig()
        let image = rig.keyspace.image
        #expect(StateProofTests.flipped("{s}a", in: &rig))
        #expect(image.damage(inSlot: StateProofTests.slot(of: "{s}a")) == nil)
        #expect(!StateProofTests.flipped("none", in: &rig))
        #expect(!StateProofTests.flipped("list", in: &rig))
        #expect(!StateProofTests.flipped("long", in: &rig))
    }

    @Test func `a bit of a long string is found`() throws {
        let rig = StateProofTests.rig()
        try StateProofTests.flip("long", in: rig) { record in
            record.valueRope.map { (RopeNode($0.root).child(3), Segment.headerSize + 100) }
        }
        #expect(StateProofTests.damages(rig.keyspace).map(\.slot) == [StateProofTests.slot(of: "long")])
    }

    @Test func `a bit of a large collection's field, or of the long value of one, is found`() throws {
        for isLong in [false, true] {
            let rig = StateProofTests.rig()
            try StateProofTests.flip("{s}hash", in: rig) { record in
                var place: (Block, Int)?
                RecordTree.forEachRecord(below: record.collection!.fields!, hashKey: rig.keyspace.records.hashKey) {
                    if !isLong, $0.valueRope == nil { place = ($0.block, $0.valueOffset) }
                    if isLong, let rope = $0.valueRope { place = (rope.root, Segment.headerSize) }
                }
                return place
            }
            #expect(StateProofTests.damages(rig.keyspace).map(\.slot) == [StateProofTests.slot(of: "{s}hash")])
        }
    }

    @Test func `a fingerprint that is not the list's is found`() throws {
        let rig = StateProofTests.rig()
        let list = try #require(StateProofTests.record("list", of: rig).collection)
        list.fingerprint = ListFingerprint(of: StateProofTests.text("other").rawBytes)
        #expect(StateProofTests.damages(rig.keyspace).map(\.slot) == [StateProofTests.slot(of: "list")])
    }
}
