// `loadtest records copying`: what an image of a state costs whoever writes: to take it, and the first write behind it.

import Keyspace
import Platform

extension RecordsCommand {
    /// Images that are taken of each state, each followed by one write while it is held.
    private static let rounds = 2000
    /// Bytes of the long string.
    private static let stringSize = 100_000_000

    private enum Holder: String, CaseIterable {
        case records, hash, sortedSet, list, append, setrange
    }

    func measureCopying() {
        for holder in Holder.allCases {
            var bench = KeyspaceBench()
            fill(&bench, holder)
            var (images, writes): ([Duration], [Duration]) = ([], [])
            for round in 0..<RecordsCommand.rounds {
                let began = ThreadClock.processorTime()
                let image = bench.keyspace.image
                let taken = ThreadClock.processorTime()
                write(&bench, holder, round)
                let written = ThreadClock.processorTime()
                images.append(taken - began)
                writes.append(written - taken)
                withExtendedLifetime(image) {}
            }
            print("\(holder.rawValue): image \(told(images)); first write behind it \(told(writes))")
        }
    }

    private func fill(_ bench: inout KeyspaceBench, _ holder: Holder) {
        switch holder {
        case .records:
            let value = [UInt8](repeating: UInt8(ascii: "v"), count: valueSize)
            for number in 0..<count { bench.apply(.set, [RecordsCommand.key(number, size: keySize), value]) }
        case .hash: bench.fill(.hset, count)
        case .sortedSet: bench.fill(.zadd, count)
        case .list: bench.fill(.rpush, count)
        case .append, .setrange:
            bench.apply(.set, [Array("big".utf8), [UInt8](repeating: 120, count: RecordsCommand.stringSize)])
        }
    }

    /// Somewhere else each time: a multiplier without a common factor visits all places.
    private func write(_ bench: inout KeyspaceBench, _ holder: Holder, _ round: Int) {
        let number = round * 7_654_321 % count
        let (big, value) = (Array("big".utf8), Array("another".utf8))
        let member = RecordsCommand.key(number, size: 20)
        switch holder {
        case .records: bench.apply(.set, [RecordsCommand.key(number, size: keySize), value])
        case .hash: bench.apply(.hset, [big, member, value])
        case .sortedSet: bench.apply(.zadd, [big, Array("\(round)".utf8), member])
        case .list: bench.apply(.rpush, [big, member])
        case .append: bench.apply(.append, [big, value])
        case .setrange:
            let offset = round * 7_654_321 % RecordsCommand.stringSize
            bench.apply(.setrange, [big, Array("\(offset)".utf8), value])
        }
    }

    private func told(_ times: [Duration]) -> String {
        let sorted = times.sorted().map { Report.decimal(Double($0.inNanoseconds) / 1000, places: 1) }
        let longest = sorted.suffix(2).joined(separator: " and ")
        return "median \(sorted[sorted.count / 2]), longest \(longest) us"
    }
}
