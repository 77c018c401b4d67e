// The commands on secondary indexes: what they answer, what they refuse, and that a lie of an index is found.

import ByteCoding
import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct IndexTests {
    private static func rig() -> Rig {
        var rig = Rig()
        rig.run("index.create users ON hash PREFIX user: FIELD age TYPE number FIELD city")
        for (number, city) in ["oslo", "rome", "rome", "bern", "oslo"].enumerated() {
            rig.run("hset user:\(number) age \(20 + number) city \(city) name n\(number)")
        }
        rig.run("hset other:1 age 20 city rome")
        return rig
    }

    private static func keys(_ reply: Reply) -> [String] {
        reply.items.count == 2 ? reply.items[1].items.compactMap(\.text) : ["\(reply)"]
    }

    @Test func `records are found by equality, by ranges, and by several fields`() {
        var rig = IndexTests.rig()
        #expect(IndexTests.keys(rig.run("index.query users eq age 22")) == ["user:2"])
        #expect(IndexTests.keys(rig.run("index.query users eq age 22.0")) == ["user:2"])
        #expect(IndexTests.keys(rig.run("index.query users eq city rome")).sorted() == ["user:1", "user:2"])
        #expect(IndexTests.keys(rig.run("index.query users eq city rome range age -inf (22")) == ["user:1"])
        let elders = rig.run("index.query users range age (21 +inf order by age")
        #expect(IndexTests.keys(elders) == ["user:2", "user:3", "user:4"])
        #expect(IndexTests.keys(rig.run("index.query users range city [b (oslo order by age desc")) == ["user:3"])
        #expect(IndexTests.keys(rig.run("index.query users order by age desc limit 2")) == ["user:4", "user:3"])
        #expect(IndexTests.keys(rig.run("index.query users eq city paris")) == [])
        #expect(IndexTests.keys(rig.run("index.query users range city + -")) == [])
    }

    @Test func `an answer has fields when it is asked for them`() {
        var rig = IndexTests.rig()
        let reply = rig.run("index.query users eq age 22 fields 2 name missing")
        #expect(reply == .array([bulk("0"), .array([.array([bulk("user:2"), .array([bulk("n2"), .null])])])]))
    }

    @Test func `pages follow each other, forwards and backwards`() throws {
        var rig = IndexTests.rig()
        for direction in ["asc", "desc"] {
            var keys: [String] = []
            var cursor = "0"
            repeat {
                let reply = rig.run("index.query users order by age \(direction) limit 2 cursor \(cursor)")
                cursor = try #require(reply.items.first?.text)
                keys += IndexTests.keys(reply)
            } while cursor != "0"
            let expected = (0..<5).map { "user:\($0)" }
            #expect(keys == (direction == "asc" ? expected : expected.reversed()))
        }
    }

    @Test func `what cannot be an index or a query is refused`() {
        var rig = IndexTests.rig()
        let long = String(repeating: "x", count: 2000)
        for (line, error) in [
            ("index.create users on hash field a", "ERR there is an index of this name already"),
            ("index.create i on set prefix p field a", "ERR syntax error"),
            ("index.create i on hash prefix p", "ERR syntax error"),
            ("index.create i on hash f", "ERR wrong number of arguments for 'index.create' command"),
            ("index.create i on hash prefix p field", "ERR syntax error"),
            ("index.create i on hash field a type date", "ERR the TYPE of a field is text or number"),
            ("index.create i on hash field a field a", "ERR a field stands twice in the index"),
            ("index.create \(long) on hash field a", "ERR the name of an index has 1 to 128 bytes"),
            ("index.create i on hash prefix \(long) field a", "ERR the prefix of an index has at most 256 bytes"),
            ("index.create i on hash field \(long)", "ERR the name of an index's field has 1 to 256 bytes"),
            ("index.drop nobody", "ERR no such index"),
            ("index.info nobody", "ERR no such index"),
            ("index.query nobody eq a b", "ERR no such index"),
            ("index.query users eq name n1", "ERR no such field in the index: 'name'"),
            ("index.query users eq age old", "ERR the field is one of numbers, and the value is none"),
            ("index.query users range age a b", "ERR min or max is not a float"),
            ("index.query users range city a b", "ERR min or max not valid string range item"),
            ("index.query users eq city \(long)", "ERR an index holds texts of at most 1024 bytes"),
            ("index.query users eq age 1 limit 0", "ERR LIMIT is a number from 1 to 10000"),
            ("index.query users eq age 1 limit x", "ERR value is not an integer or out of range"),
            ("index.query users eq age 1 cursor 7", "ERR invalid cursor"),
            ("index.query users eq age 1 cursor 99.0.00", "ERR invalid cursor"),
            ("index.query users limit 3", "ERR wrong number of arguments for 'index.query' command"),
            ("index.query users limit 3 cursor 0", "ERR syntax error"),
            ("index.query users like age 3", "ERR syntax error"),
        ] { #expect(rig.run(line) == .error(error), "\(line)") }
        let fields = (0..<17).map { "field f\($0)" }.joined(separator: " ")
        #expect(rig.run("index.create i on hash \(fields)") == .error("ERR an index has at most 16 fields"))
        for number in 1..<64 { #expect(rig.run("index.create i\(number) on hash field a") == .simple("OK")) }
        #expect(rig.run("index.create i64 on hash field a") == .error("ERR there are at most 64 indexes"))
        rig.keyspace.checkInvariants()
    }

    @Test func `an index that is not built says how far it is, and answers once it is`() {
        var rig = Rig()
        for number in 0..<100 { rig.run("hset user:\(number) age \(number)") }
        rig.run("index.create users on hash prefix user: field age type number")
        #expect(
            rig.run("index.query users eq age 7")
                == .error("TRYAGAIN the index is being built on this node: 0 of 100 records"))
        rig.keyspace.buildIndexes(records: 40)
        #expect(
            rig.run("index.query users eq age 7")
                == .error("TRYAGAIN the index is being built on this node: 40 of 100 records"))
        while rig.keyspace.hasIndexesToBuild { rig.keyspace.buildIndexes(records: 40) }
        #expect(IndexTests.keys(rig.run("index.query users eq age 7")) == ["user:7"])
    }

    @Test func `a rebuild leaves the index in service, and takes its place`() {
        var rig = IndexTests.rig()
        #expect(rig.keyspace.rebuildIndexes(named: Array("nobody".utf8)) == 0)
        #expect(rig.keyspace.rebuildIndexes(named: Array("users".utf8)) == 1)
        rig.keyspace.buildIndexes(records: 2)
        rig.run("hset user:9 age 22")
        #expect(IndexTests.keys(rig.run("index.query users eq age 22")).sorted() == ["user:2", "user:9"])
        #expect(rig.keyspace.indexReports[0].isBeingBuilt)
        while rig.keyspace.hasIndexesToBuild { rig.keyspace.buildIndexes(records: 2) }
        #expect(rig.keyspace.indexReports[0].rebuilds == 1)
        #expect(IndexTests.keys(rig.run("index.query users eq age 22")).sorted() == ["user:2", "user:9"])
    }

    @Test func `the digest knows which indexes there are and not what is in them`() {
        var (one, other) = (IndexTests.rig(), IndexTests.rig())
        let digest = one.keyspace.digest
        #expect(digest == other.keyspace.digest)
        #expect(digest == one.keyspace.recomputedDigest())
        _ = other.keyspace.rebuildIndexes(named: nil)
        #expect(digest == other.keyspace.digest)
        one.run("index.drop users")
        #expect(digest != one.keyspace.digest)
        other.run("index.drop users")
        #expect(one.keyspace.digest == other.keyspace.digest)
    }

    @Test func `INDEX INFO tells what is in it and what is not`() {
        var rig = IndexTests.rig()
        rig.run("hset user:7 age old city \(String(repeating: "x", count: 1025))")
        #expect(rig.run("index.list") == .array([bulk("users")]))
        let report = rig.keyspace.indexReports[0]
        #expect(report.fields.map(\.entries) == [5, 5])
        #expect(report.fields.map(\.skipped) == [1, 1])
        let info = rig.run("index.info users").items
        #expect(info[6...7] == [bulk("state"), bulk("ready")])
        rig.run("del user:7")
        #expect(rig.keyspace.indexReports[0].fields.map(\.skipped) == [0, 0])
        rig.run("flushall")
        #expect(rig.run("index.list") == .array([bulk("users")]))
        #expect(rig.keyspace.indexReports[0].fields.map(\.entries) == [0, 0])
    }

    @Test func `what an index answers has no place in a transaction`() {
        var rig = IndexTests.rig()
        var envelope = Envelope(.transaction, version: .two)
        envelope.add { $0 += EntryCoding.encoded(.indexQuery, ["users", "eq", "age", "22"].map { Array($0.utf8) }) }
        var entry: [UInt8] = []
        envelope.encode(to: &entry)
        #expect(rig.apply(entry) == .array([.error("ERR a command that can not stand within another one")]))
    }

    // MARK: Faults

    /// Damages the index of `rig` in the way of `damage`, and says whether a proof finds it.
    private static func isFound(_ damage: (inout IndexTable) -> Void) -> Bool {
        var rig = rig()
        var proof = IndexProof(of: rig.keyspace)
        guard proof.finish().allSatisfy({ $0.isEqual }) else { return false }
        damage(&rig.keyspace.records.indexes)
        proof = IndexProof(of: rig.keyspace)
        return proof.finish().contains { !$0.isEqual }
    }

    @Test func `a proof finds an element that is missing`() {
        #expect(IndexTests.isFound { $0.plant(0, 0) { field in field.tree.withElement(at: 2) { [UInt8]($0) } } })
    }

    @Test func `a proof finds an element of another value`() {
        #expect(
            IndexTests.isFound { indexes in
                indexes.plant(0, 1) { field in field.tree.withElement(at: 0) { [UInt8]($0) } }
                var element = Array("paris".utf8) + [0, 0]
                element += [UInt8](repeating: 0, count: 8) + Array("user:3".utf8)
                indexes.add(element, 0, 1)
            })
    }

    @Test func `a proof finds a record that is left out of the count`() {
        #expect(IndexTests.isFound { $0.skip(0, 0) })
    }

    @Test func `an index that lacks what its record has is built anew, and says so`() {
        var rig = IndexTests.rig()
        rig.keyspace.records.indexes.plant(0, 0) { field in field.tree.withElement(at: 2) { [UInt8]($0) } }
        for number in 1...9 { rig.run("hset user:\(number) age \(70 + number)") }
        #expect(rig.keyspace.indexReports[0].faults == 1)
        #expect(rig.keyspace.hasIndexesToBuild)
        while rig.keyspace.hasIndexesToBuild { rig.keyspace.buildIndexes(records: 1) }
        let report = rig.keyspace.indexReports[0]
        #expect(report.faults == 1 && report.rebuilds == 1)
        var proof = IndexProof(of: rig.keyspace)
        #expect(proof.finish().allSatisfy { $0.isEqual })
    }

    @Test func `an index that was built anew goes into service when it is proved, and goes when it is not`() {
        for isProved in [true, false] {
            var rig = IndexTests.rig()
            let users = Array("users".utf8)
            _ = rig.keyspace.rebuildIndexes(named: users, awaitsProof: true)
            while rig.keyspace.hasIndexesToBuild { rig.keyspace.buildIndexes(records: 2) }
            #expect(rig.keyspace.hasIndexesToProve)
            #expect(rig.keyspace.indexReports[0].rebuilds == 0 && rig.keyspace.indexReports[0].isBeingBuilt)
            // Both follow the records while the proof is made.
            rig.run("hset user:9 age 22")
            #expect(IndexTests.keys(rig.run("index.query users eq age 22")).sorted() == ["user:2", "user:9"])
            var proof = IndexProof(of: rig.keyspace, isOfReplacements: true)
            let verdicts = proof.finish()
            #expect(verdicts.count == 2 && verdicts.allSatisfy { $0.isEqual && $0.elements.entries > 0 })
            rig.keyspace.judgeIndex(named: users, isProved: isProved)
            let report = rig.keyspace.indexReports[0]
            #expect(report.rebuilds == (isProved ? 1 : 0) && !report.isBeingBuilt && !report.awaitsProof)
            #expect(report.exchange == (isProved ? IndexExchange(before: 11, after: 11) : nil))
            #expect(IndexTests.keys(rig.run("index.query users eq age 22")).sorted() == ["user:2", "user:9"])
            rig.keyspace.checkInvariants()
        }
    }

    @Test func `the slots are named in which an index differs from its records`() {
        var rig = IndexTests.rig()
        #expect(rig.keyspace.differingIndexRegions == [])
        rig.keyspace.records.indexes.plant(0, 0) { field in field.tree.withElement(at: 2) { [UInt8]($0) } }
        let regions = rig.keyspace.differingIndexRegions
        #expect(regions.map(\.field) == [Array("age".utf8)])
        let slot = HashSlot.of(Array("user:2".utf8).rawBytes)
        #expect(regions.allSatisfy { $0.slots.contains(slot) && $0.entries + 1 == $0.expected })
    }

    @Test func `a proof names nothing that is not asked for`() {
        let rig = IndexTests.rig()
        var proof = IndexProof(of: rig.keyspace, named: Array("nobody".utf8))
        #expect(proof.finish() == [])
    }
}

extension IndexTable {
    /// Takes an element out of a field's tree behind the records' back.
    fileprivate mutating func plant(_ index: Int, _ field: Int, _ element: (IndexContents.Field) -> [UInt8]) {
        edit(index) { contents in
            let element = element(contents.fields[field])
            let isThere = contents.fields[field].remove(element.rawBytes, TreeHint())
            #expect(isThere)
        }
    }

    fileprivate mutating func add(_ element: [UInt8], _ index: Int, _ field: Int) {
        edit(index) { $0.fields[field].insert(element.rawBytes, TreeHint()) }
    }

    fileprivate mutating func skip(_ index: Int, _ field: Int) {
        edit(index) { $0.fields[field].skipped += 1 }
    }

    private mutating func edit(_ index: Int, _ body: (inout IndexContents) -> Void) {
        var contents = takeUnfinished(index)
        body(&contents)
        _ = giveBack(contents, index)
    }
}
