// Images of states: out as chunks, in again, and the same state in every respect.

import ByteCoding
import Foundation
import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct ImageTests {
    /// A state of all types and sizes, with indexes, who waits, and outcomes.
    static func state(seed: UInt64, steps: Int, keyCount: Int = 60, lengthMax: Int = 9000) -> (Rig, ImageDraw) {
        var rig = Rig()
        var draw = ImageDraw(random: SplitMix64(seed: seed), keyCount: keyCount, lengthMax: lengthMax)
        rig.run("index.create one on hash prefix h field 1 field 2 type number")
        for step in 0..<steps {
            rig.time += UInt64(draw.number(0...3))
            rig.run(draw.command())
            if step % 50 == 0 { once(&rig, "client\(step % 7)", UInt64(step), "set counted\(step % 3) \(step)") }
            if step % 70 == 0 { wait(&rig, "blpop nothing\(step % 5) other 0") }
        }
        wait(&rig, "bzmpop 0 2 none nowhere min", version: .three)
        rig.run("index.create two on hash field 3")
        return (rig, draw)
    }

    static func entry(_ line: String) -> [UInt8] {
        let words = line.split(separator: " ").map(String.init)
        guard let spec = CommandTable.shared.lookup(words[0]) else { preconditionFailure(line) }
        return EntryCoding.encoded(spec.code, words.dropFirst().map { Array($0.utf8) })
    }

    static func wait(_ rig: inout Rig, _ line: String, version: RESPVersion = .two) {
        var envelope = Envelope(.blocking, version: version)
        envelope.add { $0 += entry(line) }
        apply(envelope, &rig)
    }

    static func once(_ rig: inout Rig, _ client: String, _ number: UInt64, _ line: String) {
        var envelope = Envelope(.single, version: .two)
        envelope.once(Array(client.utf8).rawBytes, number)
        envelope.add { $0 += entry(line) }
        apply(envelope, &rig)
    }

    private static func apply(_ envelope: Envelope, _ rig: inout Rig) {
        var entry: [UInt8] = []
        envelope.encode(to: &entry)
        rig.apply(entry)
    }

    @Test(arguments: [(1, 300, 60, 9000), (2, 4000, 60, 9000), (3, 1500, 900, 300), (4, 400, 12, 700_000)])
    func `what is loaded is the state that was written, in every respect`(
        seed: UInt64, steps: Int, keyCount: Int, lengthMax: Int
    ) throws {
        var (rig, draw) = ImageTests.state(seed: seed, steps: steps, keyCount: keyCount, lengthMax: lengthMax)
        if seed % 2 == 0 { rig.apply(EntryCoding.memoryFull(true)) }
        let written = ImageBytes(rig.keyspace)
        #expect(written.kinds.total == rig.keyspace.count)
        var loaded = Rig()
        (loaded.time, loaded.index) = (rig.time, rig.index)
        loaded.keyspace = try written.loaded(backwards: seed % 2 == 0)
        loaded.keyspace.checkInvariants()
        #expect(loaded.keyspace.digest == rig.keyspace.digest)
        #expect(loaded.keyspace.recomputedDigest() == rig.keyspace.digest)
        #expect(loaded.keyspace.lastAppliedIndex == rig.keyspace.lastAppliedIndex)
        #expect(loaded.keyspace.lastAppliedTime == rig.keyspace.lastAppliedTime)
        #expect(loaded.keyspace.expiredTotal == rig.keyspace.expiredTotal)
        #expect(loaded.keyspace.isMemoryFull == rig.keyspace.isMemoryFull)
        #expect(loaded.keyspace.waiterIndexes == rig.keyspace.waiterIndexes)
        #expect(loaded.keyspace.nextDeadline == rig.keyspace.nextDeadline)
        #expect(loaded.keyspace.memory.payload == rig.keyspace.memory.payload)
        #expect(loaded.keyspace.timedCount == rig.keyspace.timedCount)
        #expect(ImageBytes(loaded.keyspace) == written)
        #expect(versions(loaded.keyspace) == versions(rig.keyspace))
        loaded.keyspace.buildAllIndexes()
        rig.keyspace.buildAllIndexes()
        if seed % 2 == 0 {
            rig.apply(EntryCoding.memoryFull(false))
            loaded.apply(EntryCoding.memoryFull(false))
        }
        for step in 0..<1500 {
            rig.time += UInt64(draw.number(0...3))
            loaded.time = rig.time
            let command = draw.command()
            let (expected, found) = (rig.run(command), loaded.run(command))
            guard expected == found else {
                Issue.record("step \(step): \(command) gave \(found), not \(expected)")
                return
            }
            if step % 100 == 0 {
                for line in ["rpush other \(step)", "scan 0 count 1000", "index.query one 1 > 5", "tick"] {
                    #expect(line == "tick" ? rig.tick() == loaded.tick() : rig.run(line) == loaded.run(line))
                }
                ImageTests.once(&rig, "client\(step % 7)", 100, "incr counter")
                ImageTests.once(&loaded, "client\(step % 7)", 100, "incr counter")
            }
            #expect(rig.keyspace.digest == loaded.keyspace.digest)
        }
        loaded.keyspace.checkInvariants()
        #expect(loaded.keyspace.served.bytes == rig.keyspace.served.bytes)
        #expect(ImageBytes(loaded.keyspace) == ImageBytes(rig.keyspace))
    }

    /// The index of the entry that wrote it, by key.
    private func versions(_ keyspace: Keyspace) -> [[UInt8]: UInt64] {
        var versions: [[UInt8]: UInt64] = [:]
        keyspace.records.forEachRecord { record in versions[record.withKey { [UInt8]($0) }] = record.version }
        return versions
    }

    @Test func `an empty state is a head and no chunk`() throws {
        let written = ImageBytes(Keyspace(of: Rig.cluster))
        #expect(written.chunks.isEmpty)
        let loaded = try written.loaded()
        loaded.checkInvariants()
        #expect(loaded.count == 0)
        #expect(loaded.digest == .empty)
    }

    @Test func `pages that a past has left behind do not show in the bytes`() throws {
        var one = Rig()
        var other = Rig()
        for number in 0..<3000 { one.run("set {s}\(number) value-\(number)") }
        // The same records by the same entries, between others that came and went.
        for number in 0..<3000 {
            for extra in 0..<4 { other.run("set {s}x\(number)-\(extra) \(String(repeating: "x", count: 400))") }
            other.index = LogIndex(UInt64(number))
            other.run("set {s}\(number) value-\(number)")
            for extra in 0..<4 { other.run("del {s}x\(number)-\(extra)") }
        }
        #expect(one.keyspace.memory.total != other.keyspace.memory.total)
        #expect(one.keyspace.digest == other.keyspace.digest)
        #expect(ImageBytes(one.keyspace).chunks == ImageBytes(other.keyspace).chunks)
    }

    @Test func `an image stays what it was while the original changes`() throws {
        var (rig, draw) = ImageTests.state(seed: 21, steps: 1500)
        let image = rig.keyspace.image
        let before = ImageBytes(image)
        for _ in 0..<3000 { rig.run(draw.command()) }
        #expect(ImageBytes(image) == before)
        #expect(try before.loaded().digest == image.digest)
    }

    @Test func `images are written and slots loaded on other threads while the original changes`() throws {
        var (rig, draw) = ImageTests.state(seed: 22, steps: 600)
        let done = DispatchSemaphore(value: 0)
        for _ in 0..<6 {
            for _ in 0..<200 { rig.run(draw.command()) }
            let image = rig.keyspace.image
            Thread {
                let loaded = try? ImageBytes(image).loaded()
                loaded?.checkInvariants()
                #expect(loaded?.digest == image.digest)
                done.signal()
            }.start()
        }
        for _ in 0..<6 { done.wait() }
    }

    @Test(arguments: [31, 32])
    func `a slot of which no change is told has the same chunks`(seed: UInt64) {
        var (rig, draw) = ImageTests.state(seed: seed, steps: 200, keyCount: 300, lengthMax: 500)
        var past: [(index: LogIndex, bytes: ImageBytes)] = []
        var unchanged = 0
        for round in 0..<12 {
            let now = rig.keyspace.image
            let bytes = ImageBytes(now)
            for (index, before) in past {
                for slot in 0..<HashSlot.count where !now.hasChanged(slot: slot, after: index) {
                    let chunks = bytes.chunks.filter { $0.slot == slot }
                    #expect(chunks == before.chunks.filter { $0.slot == slot })
                    unchanged += chunks.count
                }
                for group in 0..<KeyspaceImage.groupCount where !now.hasChanged(group: group, after: index) {
                    let slots = group * KeyspaceImage.groupSize..<(group + 1) * KeyspaceImage.groupSize
                    #expect(slots.allSatisfy { !now.hasChanged(slot: $0, after: index) })
                }
            }
            past.append((rig.index, bytes))
            if past.count > 2 { past.removeFirst() }
            if round == 8 { rig.run("flushall") }
            for _ in 0..<20 { rig.run(draw.command()) }
            while rig.tick() != .integer(0) {}
        }
        #expect(unchanged > 100)
    }

    @Test func `a slot that has become empty has changed, and one that was loaded has not`() throws {
        var rig = Rig()
        rig.run("set a 1")
        rig.run("set b 1")
        let slot = HashSlot.of(Array("a".utf8).rawBytes)
        let before = rig.index
        rig.run("del a")
        #expect(rig.keyspace.image.hasChanged(slot: slot, after: before))
        #expect(!rig.keyspace.image.hasChanged(slot: slot, after: rig.index))
        let loaded = try ImageBytes(rig.keyspace).loaded()
        for slot in 0..<HashSlot.count { #expect(!loaded.image.hasChanged(slot: slot, after: rig.index)) }
        rig.run("flushall")
        #expect((0..<HashSlot.count).allSatisfy { rig.keyspace.image.hasChanged(slot: $0, after: before) })
    }

    @Test func `a record that changes changes one chunk of its slot`() {
        var rig = Rig()
        for number in 0..<5000 { rig.run("set {s}\(number) value-\(number)") }
        let slot = HashSlot.of(Array("s".utf8).rawBytes)
        let before = ImageBytes(rig.keyspace).chunks(ofSlot: slot)
        #expect(before.count == 256)
        rig.run("set {s}77 other")
        let after = ImageBytes(rig.keyspace).chunks(ofSlot: slot)
        #expect(zip(before, after).count { $0 != $1 } == 1)
    }

    @Test func `large values have chunks of their own, of about a quarter of a MiB`() throws {
        var rig = Rig()
        func text(_ word: String) -> [UInt8] { Array(word.utf8) }
        rig.run([text("set"), text("{s}long"), [UInt8](repeating: 1, count: 1_000_000)])
        for number in 0..<4000 {
            let item = [UInt8](repeating: 65, count: 100) + text("\(number)")
            rig.run([text("hset"), text("{s}hash"), item, item])
            rig.run([text("rpush"), text("{s}list"), item])
            rig.run([text("sadd"), text("{s}set"), item])
            rig.run([text("zadd"), text("{s}sorted"), text("\(number)"), item])
        }
        let written = ImageBytes(rig.keyspace)
        #expect(written.chunks[0].bytes.count < 200)
        for chunk in written.chunks { #expect(chunk.bytes.count < 300_000) }
        // 4 of the string, 4 of the hash, 2 of each of the others, and the records'.
        #expect(written.chunks.count == 15)
        let loaded = try written.loaded()
        loaded.checkInvariants()
        #expect(ImageBytes(loaded) == written)
    }
}
