// Whole runs: a seed decides everything, in this process and in others; and a planted bug makes a judge object.

import Platform
import Testing

@testable import Simulation

@Suite struct WorldTests {
    private static let second: Int64 = 1_000_000_000

    @Test(arguments: [1, 9] as [UInt64])
    func `the same seed gives the same run, here and in other processes`(seed: UInt64) throws {
        let schedule = Schedule(seed: seed, length: 2 * WorldTests.second)
        let first = schedule.run()
        let again = schedule.run(traceLines: 10)
        #expect(first.violation == nil)
        #expect(first.hash == again.hash)
        #expect(first.figures == again.figures)
        #expect(first.history == again.history)
        #expect(first.trace.isEmpty)
        #expect(!again.trace.isEmpty)
        #expect(first.figures.operations > 10)
        #expect(first.figures.runs == 1)
        // Sets and dictionaries have another order in each process.
        let beside = FileSystem.parent(of: ThisProcess.executablePath) + "/simulate"
        for _ in 0..<2 {
            let program = try ChildProcess.run(beside, ["--seed", String(seed), "--length", "2s"])
            let lines = String(decoding: program.output, as: UTF8.self).split(separator: "\n")
            #expect(lines.last.map(String.init) == first.summary)
            #expect(program.status == .exited(code: 0))
        }
    }

    @Test func `another seed is another run, and a fault more is too`() {
        let empty = Schedule(seed: 3, nodes: 3, length: WorldTests.second, faults: [])
        var other = empty
        other.seed = 4
        var faulty = empty
        faulty.faults = [Fault(at: WorldTests.second / 2, kind: .kill, node: 1, lasts: 1_000_000)]
        let reports = [empty, other, faulty].map { $0.run() }
        #expect(Set(reports.map(\.hash)).count == 3)
        #expect(reports.allSatisfy { $0.violation == nil })
        #expect(reports[0].figures.crashes == 0)
        #expect(reports[2].figures.crashes == 1)
        #expect(reports[2].figures.starts == 4)
        #expect(reports[0].summary.hasPrefix("seed 3 trace ") && reports[0].summary.hasSuffix(" ok"))
    }

    /// The wake-up that fell into the pause was dropped, so that the log never looked for space again.
    @Test func `a node that was paused while its disk was full goes on writing when there is space`() {
        let faults = [
            Fault(at: 6_116_776_759, kind: .fillDisk, node: 2, amount: 3270, lasts: 3_176_000_000),
            Fault(at: 8_343_722_681, kind: .pause, node: 2, lasts: 652_000_000),
        ]
        let schedule = Schedule(seed: 341_432_513_257, nodes: 3, length: 10_441_406_250, faults: faults)
        #expect(schedule.run().violation == nil)
    }

    /// What a repair that was cut short had left behind its damage had newer state numbers than what was written since.
    @Test func `a node that lost a segment after a repair that was cut short knows its vote`() throws {
        let schedule = try Schedule(
            text: """
                trireme-schedule 1
                seed 628841748522
                nodes 3
                length 20882812500
                fault 11685145679 lose-power-everywhere 1 2 5335111413739806007 7000000
                fault 12096749615 lose-power-everywhere 2 1 2804726550140887707 1080000000
                fault 12728584230 lost-sector 1 0 5934537555491391232 1293000000
                fault 13130862751 fail-sync 1 0 4377432648300132815 5000000
                fault 13701933497 fail-sync 0 2 5972318365796134892 11000000
                fault 16886398545 lost-sector 1 2 5063276262695444242 8000000
                fault 17562432017 lose-power-everywhere 1 2 418295146390184745 26000000
                fault 18049695654 lose-power-everywhere 1 0 5269778592563912023 1110000000
                fault 18315205301 lose-file 1 2 3480272537124913603 3294000000

                """)
        #expect(schedule.run().violation == nil)
    }

    /// They stood in a file that was used again, and had LSNs behind the log's end.
    @Test func `what a repair that was cut short has left is no damage in the log that goes on`() throws {
        let schedule = try Schedule(
            text: """
                trireme-schedule 1
                seed 767
                nodes 3
                length 21750000000
                fault 432000000 drift 1 0 30029 32000000
                fault 981132148 corrupt-state 2 0 3486099245955278712 5000000
                fault 3646691251 fail-write 1 0 5052932917653690481 4000000
                fault 10287145116 lose-power-everywhere 1 2 5095264746952368050 380000000
                fault 10741467039 lost-sector 0 1 1195949576499327339 2000000
                fault 12659503522 kill 0 1 225756334949185912 11000000
                fault 12665277401 kill-at-call 0 1 21 1000000
                fault 12840154114 fail-sync 0 2 5817258636187181455 25000000
                fault 19073765254 lose-power-at-call 0 1 1 49000000

                """)
        #expect(schedule.run().violation == nil)
    }

    /// The segment was sealed by an election between a node's last pass over its log and the judge's look.
    @Test func `damage in what was sealed last is found before the judge looks for it`() {
        var schedule = Schedule(seed: 700_010_389)
        schedule.mayHaveArchive = false
        #expect(schedule.run().violation == nil)
    }

    @Test func `a leader that finds damage just when the judge looks for one has a successor`() throws {
        let schedule = try Schedule(
            text: """
                trireme-schedule 1
                seed 225899517519
                nodes 3
                length 56000000000
                fault 28156281678 kill-between-effects 1 0 6 773000000
                fault 29248572597 fail-sync 0 2 2958855267940751028 431000000
                fault 38408743631 fail-sync 0 2 5115501479678447627 2927000000
                fault 38979252791 slow-disk 2 1 69 203000000
                fault 41549651503 kill-between-effects 1 0 4 15000000
                fault 43298843064 flip-bit 0 1 8678046784344210026 2000000
                fault 52916355488 kill-between-effects 2 1 11 138000000
                fault 53869827853 kill-between-effects 0 1 2 12000000
                fault 54332275780 fail-sync 1 2 5415574429222179634 8000000
                fault 54685495241 misplaced-sector 0 2 3138094534760477454 138000000

                """)
        let report = schedule.run()
        #expect(report.violation == nil)
        #expect(report.figures.scrubFindings > 0)
    }

    /// Each pass ends at the segment before the one that a snapshot has just sealed.
    @Test func `a log of which every scheduled snapshot seals a segment has been read again all the same`() throws {
        let schedule = try Schedule(
            text: """
                trireme-schedule 1
                seed 281264253601
                nodes 3
                spares 1
                length 32625000000
                fault 10590645051 lose-power-everywhere 0 3 4775488841567674117 3000000
                fault 12699463728 snapshot 3 2 7976231334755667242 169000000
                fault 13817368887 kill-at-call 1 0 2 12000000
                fault 15238312154 snapshot 2 0 2451055189187029100 3000000
                fault 19515000000 replace-member 0 1 3 7181000000

                """)
        #expect(schedule.run().violation == nil)
    }

    /// Seeds and faults under which the bug shows soon; the release program tries every bug on drawn schedules.
    @Test(arguments: [
        (PlantedBug.syncDoesNothing, Fault.Kind.losePower), (.acknowledgeBeforeQuorum, .losePower),
        (.unknownAsRefusal, .losePower),
    ])
    func `a planted bug makes a judge object`(bug: PlantedBug, kind: Fault.Kind) {
        var found: Violation?
        for seed in 0..<30 as Range<UInt64> where found == nil {
            var schedule = Schedule(seed: seed, nodes: 3, length: 3 * WorldTests.second, faults: [])
            for number in 0..<6 as Range<Int64> {
                schedule.faults.append(
                    Fault(
                        at: (500 + 400 * number) * 1_000_000, kind: kind, node: Int(number % 3), lasts: 50_000_000))
            }
            let report = schedule.run(bug: bug)
            found = report.violation
            if let found { #expect(report.summary.hasSuffix(" FAILED \(found.judge.rawValue)")) }
        }
        #expect(found != nil)
    }
}
