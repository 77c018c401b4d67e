// Sharded tables and queues beside a dictionary and an array.

import Testing
import Vocabulary

@testable import Keyspace

@Suite struct ShardedTableTests {
    @Test func `a table does what a dictionary does, and a copy stays`() {
        var random = SplitMix64(seed: 1)
        var (table, model) = (ShardedTable<UInt64, [Int]>(), [UInt64: [Int]]())
        var copies: [(ShardedTable<UInt64, [Int]>, [UInt64: [Int]])] = []
        for step in 0..<5000 {
            let key = UInt64.random(in: 0..<500, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: #expect(table.removeValue(forKey: key) == model.removeValue(forKey: key))
            case 1: (table[key], model[key]) = ([step], [step])
            case 2: (table[key], model[key]) = (nil, nil)
            default:
                table[key, default: []].append(step)
                model[key, default: []].append(step)
            }
            if step % 500 == 0 { copies.append((table, model)) }
        }
        for (table, model) in copies + [(table, model)] {
            #expect(table.count == model.count && table.isEmpty == model.isEmpty)
            #expect(table.keys.sorted() == model.keys.sorted())
            #expect((0..<500).allSatisfy { table[$0] == model[$0] })
        }
    }

    @Test func `a queue does what an array does, and a copy stays`() {
        var random = SplitMix64(seed: 2)
        var (queue, model) = (ShardedQueue<Int>(), [Int]())
        var copies: [(ShardedQueue<Int>, [Int])] = []
        for step in 0..<20_000 {
            if Int.random(in: 0..<(step < 10_000 ? 3 : 5), using: &random) > 1 {
                #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
            } else {
                queue.append(step)
                model.append(step)
            }
            if step % 5000 == 0 { copies.append((queue, model)) }
        }
        for (queue, model) in copies + [(queue, model)] {
            var found: [Int] = []
            queue.forEach { found.append($0) }
            #expect(found == model && queue.count == model.count)
            #expect(queue.first == model.first && queue.last == model.last)
            #expect(queue.filter { $0 % 3 == 0 }.count == model.count { $0 % 3 == 0 })
        }
    }
}
