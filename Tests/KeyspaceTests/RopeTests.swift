// Ropes beside byte arrays.

import ByteCoding
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct RopeTests {
    @Test(arguments: 0..<6) func `random appends and overwrites do what they do to an array`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var rope = Rope([UInt8](repeating: 9, count: 5000).rawBytes)
        var model = [UInt8](repeating: 9, count: 5000)
        var shared: [(rope: Rope, bytes: [UInt8])] = []
        for step in 0..<200 {
            let length = Int.random(in: 0...(step % 10 == 0 ? 60_000 : 300), using: &random)
            let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: step), count: length)
            if Bool.random(using: &random) || length > model.count {
                rope.append(bytes.rawBytes)
                model += bytes
            } else {
                let place = Int.random(in: 0...model.count - length, using: &random)
                rope.overwrite(at: place, bytes.rawBytes)
                model.replaceSubrange(place..<place + length, with: bytes)
            }
            if step % 40 == 0 {
                rope.root.retain()
                shared.append((rope, model))
            }
        }
        #expect(rope.count == model.count)
        #expect(rope.gathered() == model)
        let holds = rope.holds(model.rawBytes)
        #expect(holds)
        for old in shared {
            #expect(old.rope.gathered() == old.bytes)
            old.rope.root.release()
        }
        let fresh = Rope(model.rawBytes)
        #expect(fresh.digest == rope.digest)
        fresh.root.release()
        rope.root.release()
    }

    @Test func `a rope of two levels of nodes reads and changes`() {
        let size = Rope.segmentSize * Rope.fanout
        var model = [UInt8](repeating: 3, count: size)
        var rope = Rope(model.rawBytes)
        rope.append([1, 2, 3, 4, 5])
        model += [1, 2, 3, 4, 5]
        rope.overwrite(at: size - 2, [8, 8, 8, 8])
        model.replaceSubrange(size - 2..<size + 2, with: [8, 8, 8, 8])
        #expect(RopeNode(rope.root).level == 2)
        #expect(rope.gathered() == model)
        let fresh = Rope(model.rawBytes)
        #expect(fresh.digest == rope.digest)
        fresh.root.release()
        rope.root.release()
    }
}

extension Rope {
    fileprivate mutating func append(_ bytes: [UInt8]) { append(bytes.rawBytes) }
    fileprivate mutating func overwrite(at place: Int, _ bytes: [UInt8]) { overwrite(at: place, bytes.rawBytes) }
}
