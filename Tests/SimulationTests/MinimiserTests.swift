// Shrinking on made-up failures: what is left still fails, and is small.

import Testing

@testable import Simulation

@Suite struct MinimiserTests {
    /// Faults whose amounts are their numbers, evenly over eighty seconds.
    private func schedule(_ count: Int) -> Schedule {
        let step = count > 0 ? 80_000_000_000 / Int64(count) : 0
        let faults = (0..<count).map {
            Fault(at: Int64($0) * step, kind: .kill, node: 0, amount: UInt64($0), lasts: 1)
        }
        return Schedule(seed: 1, nodes: 3, length: 80_000_000_000, faults: faults)
    }

    @Test(arguments: [[0], [99], [3, 4], [0, 50, 99], [10, 20, 30, 40, 41], []] as [Set<UInt64>])
    func `exactly the faults that it takes are left`(needed: Set<UInt64>) {
        var minimiser = Minimiser(schedule(100)) { needed.isSubset(of: $0.faults.map(\.amount)) }
        let small = minimiser.run()
        #expect(Set(small.faults.map(\.amount)) == needed)
        #expect(small.faults.count == needed.count)
        // No longer than the last one needs, but for one step of a quarter.
        let last = small.faults.map(\.at).max() ?? 0
        #expect(small.length >= last)
        #expect(small.length * 3 / 4 < max(last, 500_000_001))
        #expect(minimiser.runs < 300)
    }

    @Test func `what fails only as it is stays as it is`() {
        let whole = schedule(20)
        var minimiser = Minimiser(whole) { $0 == whole }
        #expect(minimiser.run() == whole)
        #expect(minimiser.runs > 20)
    }

    @Test func `without faults only the length shrinks`() {
        var minimiser = Minimiser(schedule(0)) { $0.length >= 20_000_000_000 }
        let small = minimiser.run()
        #expect(small.faults.isEmpty)
        #expect((20_000_000_000..<27_000_000_000).contains(small.length))
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `what is left of any failure still fails, and came from the whole`(seed: UInt64) {
        let whole = schedule(60)
        // As arbitrary as a run: a few faults matter, and their number does.
        let fails = { (candidate: Schedule) -> Bool in
            let sum = candidate.faults.reduce(seed) { $0 &+ $1.amount &* ($1.amount ^ seed) }
            return candidate == whole || sum % 3 == seed % 3 && candidate.length >= Int64(seed) * 1_000_000_000
        }
        var minimiser = Minimiser(whole, fails: fails)
        let small = minimiser.run()
        #expect(fails(small))
        #expect(small.length <= whole.length)
        #expect(Set(small.faults).isSubset(of: whole.faults))
        #expect(small.seed == whole.seed)
        #expect(small.nodes == whole.nodes)
        // Without any one fault it no longer fails.
        for number in small.faults.indices {
            var less = small
            less.faults.remove(at: number)
            #expect(!fails(less))
        }
    }
}
