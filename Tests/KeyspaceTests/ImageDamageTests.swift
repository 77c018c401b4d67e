// Bytes that are no image: refused whatever they say, or a state that is whole.

import ByteCoding
import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct ImageDamageTests {
    /// A small state with a record of every kind and form.
    private static func small() -> Rig {
        var rig = Rig()
        func text(_ word: String) -> [UInt8] { Array(word.utf8) }
        rig.run("set {s}a value")
        rig.run("set {s}b value px 5000")
        rig.run("hset {s}h f v g w")
        rig.run("sadd {s}m one two three")
        rig.run("zadd {s}z -1.5 one 0 two 7 three")
        rig.run("rpush {s}l one two three")
        rig.run([text("set"), text("{s}") + [UInt8](repeating: 107, count: 1100), text("v")])
        return rig
    }

    /// The same with large values.
    private static func large() -> Rig {
        var rig = Rig()
        func text(_ word: String) -> [UInt8] { Array(word.utf8) }
        rig.run([text("set"), text("{s}long"), [UInt8](repeating: 7, count: 5000)])
        for number in 0..<40 {
            let item = text("item-\(number)-") + [UInt8](repeating: 120, count: 40)
            rig.run([text("hset"), text("{s}h"), item, number == 3 ? [UInt8](repeating: 1, count: 4200) : item])
            rig.run([text("sadd"), text("{s}m"), number == 5 ? [UInt8](repeating: 2, count: 1100) : item])
            rig.run([text("zadd"), text("{s}z"), text("\(number)"), item])
            rig.run([text("rpush"), text("{s}l"), item])
        }
        return rig
    }

    /// Loads the chunks of one slot as a state of nothing else. What is taken must be whole in every respect.
    private func load(_ chunks: [[UInt8]], slot: Int, _ index: LogIndex) throws(ImageError) {
        let loader = SlotLoader(of: Rig.cluster, at: index)
        loader.begin(slot: slot)
        for chunk in chunks { try loader.take(chunk.rawBytes) }
        let loaded = try loader.finish()
        var builder = KeyspaceBuilder(of: Rig.cluster, ImageHead(of: [loaded], at: index))
        try builder.take(loaded)
        let keyspace = try builder.finish()
        keyspace.checkInvariants()
        #expect(keyspace.recomputedDigest() == keyspace.digest)
    }

    private func damages(_ byte: UInt8, isMany: Bool) -> [UInt8] {
        isMany ? [byte ^ 1, byte ^ 0x80, byte &+ 1, 0, 0xFF] : [byte ^ 1, byte ^ 0x80]
    }

    @Test(arguments: [false, true])
    func `every flip and every cut of a slot's chunks is refused or gives a slot that is whole`(isLarge: Bool) {
        let rig = isLarge ? ImageDamageTests.large() : ImageDamageTests.small()
        let slot = HashSlot.of(Array("s".utf8).rawBytes)
        let chunks = ImageBytes(rig.keyspace).chunks(ofSlot: slot)
        #expect(throws: Never.self) { try load(chunks, slot: slot, rig.index) }
        var (taken, refused) = (0, 0)
        func attempt(_ damaged: [[UInt8]]) {
            do throws(ImageError) {
                try load(damaged, slot: slot, rig.index)
                taken += 1
            } catch {
                refused += 1
                #expect(error.slot == slot)
            }
        }
        for part in chunks.indices {
            for offset in chunks[part].indices where !isLarge || offset < 300 || offset % 37 == 0 {
                var damaged = chunks
                for byte in damages(chunks[part][offset], isMany: !isLarge) {
                    damaged[part][offset] = byte
                    attempt(damaged)
                }
                damaged[part] = Array(chunks[part].prefix(offset))
                attempt(damaged)
            }
            attempt(chunks.enumerated().filter { $0.offset != part }.map(\.element))
            attempt(chunks[..<part] + [chunks[part] + [0]] + chunks[(part + 1)...])
            attempt(chunks[..<part] + [chunks[part], chunks[part]] + chunks[(part + 1)...])
            attempt(chunks.reversed())
        }
        #expect(refused > taken)
    }

    @Test func `every flip and every cut of an image gives an error or a state that its head tells of`() {
        var rig = ImageDamageTests.small()
        rig.run("index.create one on hash prefix {s} field f type number")
        ImageTests.wait(&rig, "blpop nothing other 0")
        ImageTests.once(&rig, "client", 7, "set {s}a counted")
        let whole = ImageBytes(rig.keyspace)
        for offset in whole.head.indices {
            for byte in damages(whole.head[offset], isMany: true) {
                var damaged = whole
                damaged.head[offset] = byte
                check(damaged)
            }
            var damaged = whole
            damaged.head = Array(whole.head.prefix(offset))
            #expect(throws: ImageError.self) { try damaged.loaded() }
            for part in whole.chunks.indices where offset < whole.chunks[part].bytes.count {
                damaged = whole
                damaged.chunks[part].bytes[offset] ^= 4
                check(damaged)
            }
        }
        var damaged = whole
        damaged.head.append(0)
        #expect(throws: ImageError.self) { try damaged.loaded() }
        damaged = whole
        damaged.chunks.removeLast()
        #expect(throws: ImageError.self) { try damaged.loaded() }
    }

    private func check(_ bytes: ImageBytes) {
        guard let keyspace = try? bytes.loaded(), let head = try? ImageHead(bytes.head.rawBytes) else { return }
        keyspace.checkInvariants()
        #expect(keyspace.digest == head.digest)
        #expect(keyspace.count == head.count)
    }

    @Test func `an image of another cluster, and a slot twice, are refused`() throws {
        let whole = ImageBytes(ImageDamageTests.small().keyspace)
        #expect(throws: ImageError.self) { try whole.loaded(of: ClusterID(high: 1, low: 1)) }
        let loader = SlotLoader(of: Rig.cluster, at: LogIndex(100))
        loader.begin(slot: whole.chunks[0].slot)
        for chunk in whole.chunks { try loader.take(chunk.bytes.rawBytes) }
        let slot = try loader.finish()
        var builder = KeyspaceBuilder(of: Rig.cluster, ImageHead(of: [slot], at: LogIndex(100)))
        try builder.take(slot)
        do throws(ImageError) {
            try builder.take(slot)
            Issue.record("a slot is taken twice")
        } catch {
            #expect(error.fault == .slotTwice)
        }
    }

    @Test func `the faults are told by name`() {
        let slot = HashSlot.of(Array("a".utf8).rawBytes)
        func fault(_ bytes: [UInt8], slot: Int = slot) -> ImageFault? {
            do throws(ImageError) {
                try load([bytes], slot: slot, LogIndex(9))
                return nil
            } catch {
                return error.fault
            }
        }
        // Kind, count, then flags, lengths, key, value and version.
        let record: [UInt8] = [1, 1, 1, 97, 118, 5]
        #expect(fault([1, 1, 0, 0, 0] + record) == nil)
        #expect(fault([1, 1, 0, 0, 0] + record, slot: 3) == .foreignSlot(slot))
        #expect(fault([1, 2, 0, 0, 0] + record + record) == .notAscending)
        #expect(fault([1, 2, 0, 0, 0] + record) == .truncated)
        #expect(fault([1, 0, 0, 0, 0] + record) == .trailingBytes(6))
        #expect(fault([1, 0xFF, 0xFF, 0xFF, 0xFF] + record) == .truncated)
        #expect(fault([9, 0, 0, 0, 0]) == .unexpectedChunk(9))
        #expect(fault([2, 1, 0, 0, 0, 0]) == .unexpectedChunk(2))
        #expect(fault([1, 1, 0, 0, 0, 6, 1, 1, 97, 118, 5]) == .flags(6))
        #expect(fault([1, 1, 0, 0, 0, 0x81, 1, 1, 97, 118, 5]) == .flags(0x81))
        #expect(fault([1, 1, 0, 0, 0, 1, 0x81, 0, 1, 97, 118, 5]) == .number)
        #expect(fault([1, 1, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]) == .tooLarge(0xFFFF_FFFF))
        #expect(fault([1, 1, 0, 0, 0, 1, 1, 1, 97, 118, 10]) == .versionAhead(10))
        #expect(fault([1, 1, 0, 0, 0, 4, 1, 4, 97, 1, 98, 1, 97, 5]) == .notCanonical)
        // A stub of a set of two members, and no chunk that brings them.
        #expect(fault([1, 1, 0, 0, 0, 0x24, 1, 0, 97, 2, 5]) == .incompleteValue)
        #expect(fault([]) == .truncated)
    }

    @Test func `a head says what it is, and what version`() {
        func fault(_ bytes: [UInt8]) -> ImageFault? {
            do throws(ImageError) {
                _ = try ImageHead(bytes.rawBytes)
                return nil
            } catch {
                return error.fault
            }
        }
        let head = ImageBytes(Keyspace(of: Rig.cluster)).head
        #expect(fault(head) == nil)
        #expect(fault([1] + head.dropFirst()) == .unexpectedChunk(1))
        #expect(fault([5, 2] + head.dropFirst(2)) == .unknownVersion(2))
        #expect(fault(head.dropLast()) == .truncated)
        #expect(fault(head + [0]) == .trailingBytes(1))
    }

    @Test func `the bytes of version 1 stay what they are`() {
        var rig = Rig()
        rig.run("set a v")
        let bytes = ImageBytes(rig.keyspace)
        #expect(bytes.chunks.map(\.bytes) == [[1, 1, 0, 0, 0, 1, 1, 1, 97, 118, 1]])
        #expect(bytes.chunks[0].slot == 15495)
        #expect(bytes.head.count == 54)
        #expect(Array(bytes.head.prefix(26)) == [5, 1, 1] + [UInt8](repeating: 0, count: 7) + time + [1] + zeros)
    }

    private let time: [UInt8] = [0, 0xCA, 0x9A, 0x3B, 0, 0, 0, 0]
    private let zeros = [UInt8](repeating: 0, count: 7)
}
