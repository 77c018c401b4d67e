// The commands on the bits of strings, beside a plain model.

import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct BitTests {
    private static func bits(_ bytes: [UInt8]) -> [Int] {
        bytes.flatMap { byte in (0..<8).map { Int(byte >> UInt8(7 - $0) & 1) } }
    }

    @Test(arguments: [30, 3000, 400_000]) func `bits are set, counted and found`(length: Int) {
        var random = SplitMix64(seed: UInt64(length))
        var rig = Rig()
        var model: [UInt8] = []
        for _ in 0..<300 {
            let offset = Int.random(in: 0..<length, using: &random)
            let bit = Int.random(in: 0...1, using: &random)
            if offset >> 3 >= model.count { model += [UInt8](repeating: 0, count: (offset >> 3) + 1 - model.count) }
            let mask: UInt8 = 0x80 >> UInt8(offset & 7)
            let was = model[offset >> 3] & mask == 0 ? 0 : 1
            #expect(rig.run("setbit k \(offset) \(bit)") == .integer(Int64(was)))
            model[offset >> 3] = model[offset >> 3] & ~mask | (bit == 1 ? mask : 0)
        }
        #expect(rig.run("get k") == .bulk(model))
        let bits = Self.bits(model)
        #expect(rig.run("bitcount k") == .integer(Int64(bits.reduce(0, +))))
        for _ in 0..<60 {
            let a = Int.random(in: 0..<bits.count, using: &random)
            let b = Int.random(in: 0..<bits.count, using: &random)
            let range = a <= b ? bits[a...b] : []
            #expect(rig.run("bitcount k \(a) \(b) bit") == .integer(Int64(range.reduce(0, +))))
            #expect(rig.run("getbit k \(a)") == .integer(Int64(bits[a])))
            for bit in 0...1 {
                let place = range.firstIndex(of: bit) ?? -1
                #expect(rig.run("bitpos k \(bit) \(a) \(b) bit") == .integer(Int64(place)))
            }
        }
        rig.keyspace.checkInvariants()
    }

    @Test func `ends and refusals are Redis's`() {
        var rig = Rig()
        rig.run([Array("set".utf8), Array("k".utf8), [0xFF, 0xF0, 0x00]])
        rig.run([Array("set".utf8), Array("full".utf8), [0xFF, 0xFF]])
        rig.run([Array("set".utf8), Array("empty".utf8), []])
        rig.run("sadd s a")
        let offset = Reply.error("ERR bit offset is not an integer or out of range")
        let value = Reply.error("ERR bit is not an integer or out of range")
        let recorded: [(String, Reply)] = [
            ("bitcount k", .integer(12)), ("bitcount k 1 1", .integer(4)), ("bitcount k -2 -1", .integer(4)),
            ("bitcount k -1 -2", .integer(0)), ("bitcount k 5 9", .integer(0)), ("bitcount none x", .integer(0)),
            ("bitcount k 1", .error("ERR syntax error")), ("bitcount k 0 1 word", .error("ERR syntax error")),
            ("bitcount k 5 11 BIT", .integer(7)), ("bitcount s", HashSetModelTests.wrongType),
            ("bitpos k 0", .integer(12)), ("bitpos k 1 2", .integer(-1)), ("bitpos full 0", .integer(16)),
            ("bitpos full 0 0 -1", .integer(-1)), ("bitpos full 0 1", .integer(16)), ("bitpos full 0 5", .integer(-1)),
            ("bitpos none 0", .integer(0)), ("bitpos none 1", .integer(-1)), ("bitpos empty 0", .integer(-1)),
            ("bitpos k 2", .error("ERR The bit argument must be 1 or 0.")),
            ("bitpos k x", .error("ERR value is not an integer or out of range")),
            ("setbit k -1 1", offset), ("setbit k 4294967296 1", offset), ("getbit k x", offset),
            ("setbit k 1 2", value), ("setbit k 1 x", value), ("setbit k x 2", offset),
            ("getbit k 100", .integer(0)), ("getbit none 1", .integer(0)),
            ("bitop foo t k", .error("ERR syntax error")),
            ("bitop not t k k", .error("ERR BITOP NOT must be called with a single source key.")),
            ("bitop and t k s", HashSetModelTests.wrongType),
        ]
        for (line, reply) in recorded { #expect(rig.run(line) == reply, "\(line)") }
    }

    @Test func `strings are combined as if zeros followed them`() {
        var rig = Rig()
        rig.run([Array("set".utf8), Array("a".utf8), [0b1100, 0xFF, 0xFF]])
        rig.run([Array("set".utf8), Array("b".utf8), [0b1010]])
        let results: [(String, [UInt8])] = [
            ("and", [0b1000, 0, 0]), ("or", [0b1110, 0xFF, 0xFF]), ("xor", [0b0110, 0xFF, 0xFF]),
        ]
        for (name, result) in results {
            #expect(rig.run("bitop \(name) t a b") == .integer(3))
            #expect(rig.run("get t") == .bulk(result), "\(name)")
            #expect(rig.run("bitop \(name) t b a") == .integer(3))
            #expect(rig.run("get t") == .bulk(result), "\(name)")
        }
        #expect(rig.run("bitop not t b") == .integer(1))
        #expect(rig.run("get t") == .bulk([0b1111_0101]))
        rig.run("sadd s x")
        #expect(rig.run("bitop or s none none") == .integer(0))
        #expect(rig.run("exists s") == .integer(0))
        #expect(rig.run("bitop and a a none") == .integer(3))
        #expect(rig.run("get a") == .bulk([0, 0, 0]))
    }

    @Test func `a bit that is what it was writes nothing`() throws {
        var rig = Rig()
        rig.run("setbit k 9 1")
        let key = Array("k".utf8)
        func version() -> UInt64? {
            rig.keyspace.records.find(key.rawBytes, at: rig.keyspace.records.place(of: key.rawBytes))?.version
        }
        let before = version()
        rig.run("setbit k 9 1")
        rig.run("setbit k 3 0")
        #expect(version() == before)
        rig.run("setbit k 16 0")
        #expect(version() == rig.index.rawValue)
        #expect(rig.run("strlen k") == .integer(3))
    }
}
