// The output queue gives back what was put in, in order, whatever the sizes, and never moves what it holds.

import ByteCoding
import Testing
import Vocabulary

@Suite struct OutputQueueTests {
    private static let sizes = [0, 1, 7, 40, 99, 100, 101, 300]

    @Test(arguments: UInt64(1)...20)
    func `random appends and removals agree with an array`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var queue = OutputQueue(chunkSize: 100)
        var appended: UInt64 = 0
        var consumed: UInt64 = 0
        for step in 0..<1000 {
            if random.next() % 5 < ((step / 100) % 2 == 0 ? 4 : 1) {
                appended += append(from: appended, to: &queue, &random)
            } else {
                consumed += consume(from: consumed, &queue, &random)
            }
            if random.next() % 50 == 0 { queue.trim(to: 100) }
            guard queue.count == Int(appended - consumed), queue.isEmpty == (appended == consumed) else {
                Issue.record("step \(step): \(queue.count) bytes, where \(appended - consumed) are right")
                return
            }
        }
        while !queue.isEmpty { consumed += consume(from: consumed, &queue, &random) }
        #expect(consumed == appended)
    }

    /// The byte at each place of the whole stream.
    private func byte(at place: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: place &* 0x9E37_79B9 >> 7) }

    private func append(from place: UInt64, to queue: inout OutputQueue, _ random: inout SplitMix64) -> UInt64 {
        let size = OutputQueueTests.sizes[Int(random.next() % UInt64(OutputQueueTests.sizes.count))]
        let bytes = (0..<size).map { byte(at: place + UInt64($0)) }
        if random.next() % 2 == 0 {
            queue.append(bytes.rawBytes)
        } else {
            #expect(
                queue.append {
                    $0 += bytes; return size
                } == size)
        }
        return UInt64(size)
    }

    /// Takes some of the first bytes, all of which must be right. None are offered only by an empty queue.
    private func consume(from place: UInt64, _ queue: inout OutputQueue, _ random: inout SplitMix64) -> UInt64 {
        let first = queue.withFirst { [UInt8]($0) }
        #expect(first.isEmpty == queue.isEmpty)
        let isRight = first.indices.allSatisfy { first[$0] == byte(at: place + UInt64($0)) }
        #expect(isRight)
        let taken = random.next() % 3 == 0 ? Int(random.next() % UInt64(first.count + 1)) : first.count
        queue.consume(taken)
        return UInt64(taken)
    }

    @Test func `no chunk of small pieces outgrows its size`() {
        var queue = OutputQueue(chunkSize: 2500)
        let piece = [UInt8](repeating: 7, count: 1000)
        for _ in 0..<1000 { queue.append(piece.rawBytes) }
        while !queue.isEmpty {
            let size = queue.withFirst { $0.byteCount }
            #expect(size == 2000)
            queue.consume(size)
        }
    }

    @Test func `more than the first chunk has cannot be consumed`() async {
        await #expect(processExitsWith: .failure) {
            var queue = OutputQueue()
            queue.append([1, 2].rawBytes)
            queue.consume(3)
        }
    }
}
