// Schedules: what a seed draws, and the text that a failure is written down as.

import Testing

@testable import Simulation

@Suite struct ScheduleTests {
    private func failure(_ text: String) -> ScheduleError? {
        do throws(ScheduleError) { _ = try Schedule(text: text) } catch { return error }
        return nil
    }

    // MARK: Text

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `a schedule is read as it was written`(seed: UInt64) throws {
        let schedule = Schedule(seed: seed)
        #expect(try Schedule(text: schedule.text) == schedule)
    }

    @Test func `every kind of fault has its word`() throws {
        let faults = Fault.Kind.allCases.enumerated().map { number, kind in
            Fault(at: Int64(number), kind: kind, node: 0, peer: 2, amount: UInt64(number + 1), lasts: 5)
        }
        let schedule = Schedule(seed: .max, nodes: 3, length: 0, faults: faults)
        #expect(try Schedule(text: schedule.text) == schedule)
        #expect(Set(Fault.Kind.allCases.map(\.rawValue)).count == Fault.Kind.allCases.count)
    }

    @Test func `faults are put in the order of their times, and empty lines mean nothing`() throws {
        let schedule = try Schedule(
            text: """
                trireme-schedule 1
                length 9

                fault 7 kill 1 0 0 4
                nodes 3
                fault 3 pause 0 0 0 4
                seed 5
                """)
        #expect(schedule.seed == 5)
        #expect(schedule.length == 9)
        #expect(schedule.faults.map(\.kind) == [.pause, .kill])
    }

    static let head = "trireme-schedule 1\nseed 1\nnodes 3\nlength 9\n"

    @Test(arguments: [
        ("", 1), ("trireme-schedule 2\nseed 1\nnodes 3\nlength 9\n", 1), ("trireme-history 1\n", 1),
        ("trireme-schedule 1\nseed 1\nnodes 3\n", 1), ("trireme-schedule 1\nseed 1\nnodes 0\nlength 9\n", 1),
        ("trireme-schedule 1\nseed 1\nnodes 8\nlength 9\n", 1),
        ("trireme-schedule 1\nseed 1\nnodes 3\nlength 9223372036854775807\n", 1),
        ("trireme-schedule 1\nseed x\nnodes 3\nlength 9\n", 2), ("trireme-schedule 1\nseed -1\n", 2),
        ("trireme-schedule 1\nseed 1 2\n", 2), ("trireme-schedule 1\nseed 1\nnode 3\n", 3),
        (ScheduleTests.head + "fault 1 kill 0 0 0\n", 5), (ScheduleTests.head + "fault 1 kill 0 0 0 1 1\n", 5),
        (ScheduleTests.head + "fault 1 murder 0 0 0 1\n", 5), (ScheduleTests.head + "fault -1 kill 0 0 0 1\n", 5),
        (ScheduleTests.head + "fault 1 kill -1 0 0 1\n", 5), (ScheduleTests.head + "fault 1 kill 0 -1 0 1\n", 5),
        (ScheduleTests.head + "fault 1 kill 0 0 -1 1\n", 5), (ScheduleTests.head + "fault 1 kill 0 0 0 -1\n", 5),
        (ScheduleTests.head + "fault 1 kill 3 0 0 1\n", 1), (ScheduleTests.head + "fault 1 cut 0 3 0 1\n", 1),
        // What no run could carry out.
        (ScheduleTests.head + "fault 1 flap 0 1 0 1\n", 5),
        (ScheduleTests.head + "fault 1 flap 0 1 18446744073709551615 1\n", 5),
        (ScheduleTests.head + "fault 1 kill-at-call 0 0 18446744073709551615 1\n", 5),
        (ScheduleTests.head + "fault 1 drift 0 0 1000000 1\n", 5),
        (ScheduleTests.head + "fault 9223372036854775807 kill 0 0 0 1\n", 5),
        (ScheduleTests.head + "fault 1 kill 0 0 0 9223372036854775807\n", 5),
    ])
    func `a text that is no schedule is refused with its line`(text: String, line: Int) throws {
        let error = try #require(failure(text))
        #expect(error.line == line, "\(error)")
        #expect(!error.what.isEmpty)
        #expect(error.description.hasPrefix("line \(line): "))
    }

    // MARK: Drawing

    /// Milliseconds in nanoseconds.
    private static let millisecond: Int64 = 1_000_000

    @Test func `what a seed draws keeps within its bounds`() {
        var kinds: Set<Fault.Kind> = []
        var sizes: Set<Int> = []
        for seed in 0..<400 as Range<UInt64> {
            let schedule = Schedule(seed: seed)
            #expect([3, 5].contains(schedule.nodes))
            #expect((0...3).contains(schedule.spares))
            #expect(schedule.machines <= Schedule.nodesMax)
            #expect((20_000...100_000).contains(schedule.length / ScheduleTests.millisecond))
            #expect(schedule.faults.map(\.at) == schedule.faults.map(\.at).sorted())
            for fault in schedule.faults {
                #expect((0..<schedule.length).contains(fault.at))
                #expect((0..<schedule.machines).contains(fault.node))
                #expect((0..<schedule.machines).contains(fault.peer))
                #expect(fault.node != fault.peer)
                #expect(schedule.spares > 0 || !Fault.Kind.membership.contains(fault.kind))
                let longest = longest(fault.kind) * ScheduleTests.millisecond
                #expect((ScheduleTests.millisecond...longest).contains(fault.lasts))
                #expect(amounts(of: fault.kind, fault.amount), "\(fault)")
            }
            kinds.formUnion(schedule.faults.map(\.kind))
            sizes.insert(schedule.nodes)
        }
        #expect(kinds.count == Fault.Kind.allCases.count)
        #expect(sizes == [3, 5])
    }

    private func longest(_ kind: Fault.Kind) -> Int64 {
        switch kind {
        case .outage: 30_000
        case .addMember, .promoteMember, .removeMember, .replaceMember, .loseDisk: 20_000
        default: 8000
        }
    }

    @Test func `three in ten seeds have spare machines, and their texts say so`() {
        let shares = (0..<1000 as Range<UInt64>).count { Schedule(seed: $0).spares > 0 }
        #expect((250...350).contains(shares))
        for seed in 0..<50 as Range<UInt64> {
            let schedule = Schedule(seed: seed)
            #expect(schedule.text.contains("\nspares ") == (schedule.spares > 0))
        }
    }

    @Test func `faults may hit spare machines, and no others`() throws {
        let text = "trireme-schedule 1\nseed 1\nnodes 3\nspares 2\nlength 9\nfault 1 add-member 4 0 1 1\n"
        let schedule = try Schedule(text: text)
        #expect(schedule.spares == 2)
        #expect(schedule.text == text)
        #expect(failure(text.replacing("add-member 4", with: "add-member 5"))?.line == 1)
        #expect(failure(text.replacing("spares 2", with: "spares 5"))?.line == 1)
        #expect(failure(text.replacing("spares 2", with: "spares 18446744073709551615"))?.line == 1)
    }

    private func amounts(of kind: Fault.Kind, _ amount: UInt64) -> Bool {
        switch kind {
        case .flap, .lag: (1_000_000...800_000_000).contains(amount)
        case .noise: (1...1000).contains(amount)
        case .slowDisk: (2...100).contains(amount)
        case .drift: (-50_000...50_000).contains(Int64(bitPattern: amount))
        case .fillDisk: amount <= 60_000
        case .killBetweenEffects, .losePowerAtCall, .killAtCall: amount < 60
        default: Int64(bitPattern: amount).magnitude <= UInt64(Int64.max)
        }
    }

    @Test func `a seed draws the same each time, and what is given is kept`() {
        for seed in 0..<20 as Range<UInt64> {
            #expect(Schedule(seed: seed) == Schedule(seed: seed))
            let small = Schedule(seed: seed, nodes: 7, length: 3_000_000_000)
            #expect(small.nodes == 7)
            #expect(small.length == 3_000_000_000)
            #expect(small.faults.allSatisfy { $0.at < 3_000_000_000 && $0.node < 7 && $0.peer < 7 })
        }
        #expect(Set((0..<50).map { Schedule(seed: $0).text }).count == 50)
        #expect(Schedule(seed: 1, nodes: 1, length: 0).faults.isEmpty)
        #expect(Schedule(seed: 1, nodes: 1).faults.allSatisfy { $0.node == 0 && $0.peer == 0 })
    }
}
