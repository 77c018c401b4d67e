// The byte queue does what an array with a naive front would, and does not keep memory for ever.

import ByteCoding
import Testing
import Vocabulary

@Suite struct ByteQueueTests {
    private func content(_ queue: ByteQueue) -> [UInt8] { queue.withBytes { [UInt8]($0) } }

    @Test(arguments: UInt64(1)...20)
    func `random appends and removals agree with an array`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var queue = ByteQueue()
        var model: [UInt8] = []
        for step in 0..<2000 {
            // Runs of growing and runs of shrinking, so that all fillings come about.
            let isGrowing = (step / 100) % 2 == 0
            let count = Int(random.next() % (random.next() % 10 == 0 ? 2000 : 40))
            if random.next() % 4 < (isGrowing ? 3 : 1) {
                append(count, to: &queue, &model, &random)
            } else {
                let taken = min(count, model.count)
                queue.consume(taken)
                model.removeFirst(taken)
            }
            if random.next() % 50 == 0 { queue.trim(to: 100) }
            guard content(queue) == model, queue.count == model.count, queue.isEmpty == model.isEmpty else {
                Issue.record("step \(step): \(queue.count) bytes, where \(model.count) are right")
                return
            }
        }
    }

    private func append(
        _ count: Int, to queue: inout ByteQueue, _ model: inout [UInt8], _ random: inout SplitMix64
    ) {
        let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        model += bytes
        queue.append(bytes.rawBytes)
    }

    @Test func `space in front is used again: a steady queue does not grow`() {
        var queue = ByteQueue()
        let piece = [UInt8](repeating: 7, count: 1000)
        queue.append(piece.rawBytes)
        for _ in 0..<10_000 {
            queue.append(piece.rawBytes)
            queue.consume(1000)
        }
        #expect(queue.count == 1000)
        #expect(queue.storage.count <= 4000)
    }

    @Test func `an emptied queue begins at the front again`() {
        var queue = ByteQueue()
        queue.append([1, 2, 3].rawBytes)
        queue.consume(2)
        #expect(queue.head == 2)
        queue.consume(1)
        #expect(queue.head == 0)
        #expect(queue.storage.isEmpty)
        queue.consume(0)
        #expect(queue.isEmpty)
    }

    @Test func `memory is given back only by an empty queue that holds too much`() {
        var queue = ByteQueue()
        queue.append([UInt8](repeating: 1, count: 100_000).rawBytes)
        queue.trim(to: 1000)
        #expect(queue.count == 100_000)
        queue.consume(100_000)
        queue.trim(to: 1 << 20)
        #expect(queue.storage.capacity >= 100_000)
        queue.trim(to: 1000)
        #expect(queue.storage.capacity == 0)
    }

    @Test func `more than there is cannot be consumed`() async {
        await #expect(processExitsWith: .failure) {
            var queue = ByteQueue()
            queue.append([1, 2].rawBytes)
            queue.consume(3)
        }
    }
}
