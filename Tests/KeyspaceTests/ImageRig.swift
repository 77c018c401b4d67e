// Images taken, loaded and laid side by side.

import ByteCoding
import Testing
import Vocabulary

@testable import Keyspace

/// An image as its bytes.
struct ImageBytes: Hashable {
    struct Chunk: Hashable {
        let slot: Int
        var bytes: [UInt8]
    }

    var head: [UInt8] = []
    var chunks: [Chunk] = []
    var kinds = KindCounts()

    init(_ image: KeyspaceImage) {
        image.appendHead(to: &head)
        for slot in 0..<HashSlot.count where image.count(inSlot: slot) > 0 {
            var writer = image.chunks(ofSlot: slot)
            var bytes: [UInt8] = []
            var part = 0
            while let chunk = writer.next(into: &bytes) {
                #expect(chunk.slot == slot && chunk.part == part)
                chunks.append(Chunk(slot: slot, bytes: bytes))
                kinds.add(chunk.kinds)
                bytes.removeAll(keepingCapacity: true)
                part += 1
            }
            #expect(bytes.isEmpty)
        }
    }

    init(_ keyspace: Keyspace) { self.init(keyspace.image) }

    func chunks(ofSlot slot: Int) -> [[UInt8]] { chunks.filter { $0.slot == slot }.map(\.bytes) }

    /// Loads it, in the order of the slots or against it.
    func loaded(of cluster: ClusterID = Rig.cluster, backwards: Bool = false) throws(ImageError) -> Keyspace {
        try loaded(of: cluster, wanted: nil, backwards: backwards).keyspace
    }

    /// With the records of these keys only, and what was let go.
    func loaded(
        of cluster: ClusterID = Rig.cluster, wanted: TouchedKeys?, backwards: Bool = false
    ) throws(ImageError) -> (keyspace: Keyspace, omitted: OmittedRecords) {
        let bytes = head
        let head = try ImageHead(bytes.rawBytes)
        let loader = SlotLoader(of: cluster, at: head.index, wanted: wanted)
        var builder = KeyspaceBuilder(of: cluster, head)
        var slots: [LoadedSlot] = []
        var position = 0
        while position < chunks.count {
            let slot = chunks[position].slot
            loader.begin(slot: slot)
            while position < chunks.count, chunks[position].slot == slot {
                let chunk = chunks[position].bytes
                try loader.take(chunk.rawBytes)
                position += 1
            }
            slots.append(try loader.finish())
        }
        for slot in backwards ? slots.reversed() : slots { try builder.take(slot) }
        let omitted = builder.omitted
        return (try builder.finish(), omitted)
    }
}

/// Draws commands of all types, some on values of every size.
struct ImageDraw {
    var random: SplitMix64
    let keyCount: Int
    /// Values up to this length are drawn now and then.
    let lengthMax: Int

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    mutating func bytes(_ count: Int) -> [UInt8] {
        let seed = UInt8.random(in: 0...255, using: &random)
        return (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) ^ seed }
    }

    mutating func value() -> [UInt8] { bytes(number(0...(number(0...12) == 0 ? lengthMax : 60))) }

    mutating func word() -> [UInt8] {
        number(0...40) == 0 ? bytes(number(1000...1400)) : Array(String(number(0...100_000)).utf8)
    }

    mutating func key(_ type: String) -> [UInt8] {
        let place = number(0...keyCount)
        if place % 31 == 0 { return Array("\(type)\(place)".utf8) + [UInt8](repeating: 107, count: 1000 + place % 60) }
        return Array((place % 2 == 0 ? "{one}\(type)\(place)" : "\(type)\(place)").utf8)
    }

    mutating func command() -> [[UInt8]] {
        func text(_ word: String) -> [UInt8] { Array(word.utf8) }
        let many = number(0...30) == 0 ? 300 : 3
        switch number(0...20) {
        case 0...3: return [text("set"), key("s"), value()]
        case 4: return [text("set"), key("s"), value(), text("px"), text("\(number(1...2000))")]
        case 5: return [text("append"), key("s"), value()]
        case 6...7: return [text("hset"), key("h")] + (0..<many).flatMap { _ in [word(), value()] }
        case 8...9: return [text("sadd"), key("m")] + (0..<many).map { _ in word() }
        case 10...11:
            return [text("zadd"), key("z")] + (0..<many).flatMap { _ in [text("\(number(-9...9))"), word()] }
        case 12: return [text("rpush"), key("l")] + (0..<many).map { _ in value() }
        case 13: return [text("lpush"), key("l")] + (0..<many).map { _ in value() }
        case 14: return [text("del"), key(["s", "h", "m", "z", "l"][number(0...4)])]
        case 15: return [text("pexpire"), key(["h", "m", "z", "l"][number(0...3)]), text("\(number(1...5000))")]
        case 16: return [text("hdel"), key("h"), word(), word()]
        case 17: return [text("lpop"), key("l"), text("\(number(1...9))")]
        case 18: return [text("zpopmin"), key("z"), text("\(number(1...9))")]
        case 19: return [text("spop"), key("m"), text("\(number(1...9))")]
        default: return [text("setrange"), key("s"), text("\(number(0...lengthMax))"), value()]
        }
    }
}
