// The digest: a function of the records, the same whatever way they came.

import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct DigestTests {
    @Test func `golden digests of version 1`() {
        var rig = Rig()
        rig.run("set key value")
        #expect(rig.keyspace.digest.description == "f6db44274d8a776cc9534159eef9d7b2")
        rig.run("pexpireat key 1700000000000")
        #expect(rig.keyspace.digest.description == "8517408e3cdffd78f9133963183dc821")
        rig.run("flushall")
        rig.run([Array("set".utf8), Array("long".utf8), [UInt8](repeating: 120, count: 10_000)])
        #expect(rig.keyspace.digest.description == "abe5e5b347ae7572f0bd2d520a044bb4")
        rig.run("flushall")
        rig.run([Array("set".utf8), [UInt8](repeating: 107, count: 2000), [UInt8](repeating: 120, count: 3_000_000)])
        #expect(rig.keyspace.digest.description == "640fcf0451254465142a0bbec8d89b17")
    }

    @Test func `the order in which records come does not matter`() {
        var random = SplitMix64(seed: 5)
        let numbers = Array(0..<3000)
        var digests: Set<Digest> = []
        for _ in 0..<3 {
            var rig = Rig()
            for number in numbers.shuffled(using: &random) { rig.run("set {a}\(number) \(number) px \(1000 + number)") }
            digests.insert(rig.keyspace.digest)
        }
        #expect(digests.count == 1)
    }

    @Test func `what came and went leaves no trace`() {
        var plain = Rig()
        var busy = Rig()
        for number in 0..<500 { plain.run("set k\(number) \(number)") }
        for number in 0..<2000 { busy.run("set k\(number) x ex 100") }
        for number in 0..<2000 { busy.run("append k\(number) yyyyyyyyyyyyyyyyyyyyyy") }
        for number in 500..<2000 { busy.run("del k\(number)") }
        for number in 0..<500 { busy.run("set k\(number) \(number)") }
        #expect(plain.keyspace.digest == busy.keyspace.digest)
        #expect(plain.contents() == busy.contents())
    }

    @Test func `every part of a record counts`() {
        let variants = [
            "set k v", "set k w", "set kv ", "set l v", "set k v pxat 2000000", "set k v pxat 2000001", "set k vv",
        ]
        var digests: Set<Digest> = []
        for variant in variants {
            var rig = Rig()
            rig.run(variant == "set kv " ? [Array("set".utf8), Array("kv".utf8), []] : words(variant))
            digests.insert(rig.keyspace.digest)
        }
        #expect(digests.count == variants.count)
    }

    private func words(_ line: String) -> [[UInt8]] { line.split(separator: " ").map { Array($0.utf8) } }
}
