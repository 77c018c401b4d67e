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
        let top = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        for _ in 0..<2 {
            let program = try ChildProcess.run(
                top + "/.build/debug/simulate", ["--seed", String(seed), "--length", "2s"])
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

    /// The segment was sealed by an election between a node's last pass over its log and the judge's look.
    @Test func `damage in what was sealed last is found before the judge looks for it`() throws {
        let schedule = try Schedule(
            text: """
                trireme-schedule 1
                seed 700010389
                nodes 5
                length 90000000000
                fault 2691656837 flip-bit 0 4 473012665547041460 719000000
                fault 3824403094 fail-sync 2 0 7048159203630802916 285000000
                fault 5329994329 fail-sync 2 1 6547823735865996924 4000000
                fault 6120745836 fail-sync 3 0 1660243583512334038 6000000
                fault 6744662782 fail-write 1 3 1897908061927649600 416000000
                fault 8029513906 fail-write 2 3 3763467246521225965 1624000000
                fault 8795732219 flip-bit 1 3 5527861654402834622 90000000
                fault 9058548187 fail-sync 2 1 5768105917195086089 3527000000
                fault 12180043389 clock-jump 0 4 798749658188 2000000
                fault 13863024761 fail-write 1 2 5371887010851137418 1986000000
                fault 19646494276 fail-write 2 3 4056514552322008854 654000000
                fault 19967870215 flip-bit 4 0 947535026848981704 10000000
                fault 20052127202 fail-sync 1 0 2880923268469426382 11000000
                fault 21948424222 flip-bit 1 3 4919640076538080369 15000000
                fault 22780209330 fail-write 3 4 8038982489072917181 2000000
                fault 23031099979 fail-write 0 4 8937422980636027159 2000000
                fault 25073179410 fail-write 4 2 5394370984159875702 844000000
                fault 25410637102 fail-sync 1 3 879980075443933042 37000000
                fault 27821541193 fail-sync 1 0 7079744821584952682 1588000000
                fault 28730984612 flip-bit 1 3 6586924580843850794 1000000
                fault 31644304983 fail-write 4 0 4839251115404448182 969000000
                fault 33678101668 flip-bit 0 3 5178790460836866891 3157000000
                fault 35504000000 fail-sync 2 3 3096358485615506047 1703000000
                fault 37929548401 fail-write 0 2 7710957104515666743 11000000
                fault 38963167679 fail-read 3 4 1356068025647213680 2000000
                fault 40984613056 fail-write 0 1 4991021693049493797 75000000
                fault 41531623276 flip-bit 4 1 2816521886691179625 104000000
                fault 43876030588 fail-read 4 3 1947335590193368349 1678000000
                fault 45401691316 flip-bit 1 4 1823870477755823235 16000000
                fault 48111700306 fail-sync 4 0 178070580320778316 2000000
                fault 49888983121 flip-bit 0 3 1630177893994415650 2000000
                fault 50079188776 fail-sync 2 1 6581497653064927850 24000000
                fault 53174185060 fail-sync 2 1 2679210530814203500 2000000
                fault 55708529416 flip-bit 1 3 9046035855503234424 772000000
                fault 56206681486 fail-sync 4 1 4592316952199892549 2980000000
                fault 56997428359 flip-bit 1 3 8887833402471809940 109000000
                fault 57359627100 fail-sync 2 1 7057800515595689195 229000000
                fault 58578011884 fail-read 3 4 7440731593816501392 1071000000
                fault 59579022877 fail-write 2 0 9010714154899661532 2186000000
                fault 60051472174 fail-sync 2 1 6351672838691189020 11000000
                fault 62243590175 fail-write 2 1 6476030844229282847 6000000
                fault 63984447988 fail-write 0 2 6393628239071432694 103000000
                fault 67467594939 fail-sync 0 1 3676927645175144120 50000000
                fault 68391999921 fail-write 2 4 6860455050660752929 3000000
                fault 70044109292 fail-write 4 3 1967890177616057849 265000000
                fault 71373454977 fail-sync 4 3 1451171418469451581 7000000
                fault 72169394214 fail-write 4 1 2062908239581742844 42000000
                fault 73667211540 flip-bit 2 4 4993155385233163940 829000000
                fault 74267785161 fail-sync 3 1 2229847136988111876 146000000
                fault 77836402407 fail-write 4 0 7954428020044115167 2000000
                fault 78904892718 fail-sync 0 3 5866479463529107079 98000000
                fault 80176695168 fail-write 4 3 6505271802662346378 112000000
                fault 86413645978 fail-write 4 0 3046537108248917200 1000000
                fault 87824830238 fail-read 2 3 5067664438417086337 235000000
                fault 88252288890 fail-sync 0 4 5677558327043582018 60000000

                """)
        #expect(schedule.run().violation == nil)
    }

    @Test func `a leader that finds damage just when the judge looks for one has a successor`() throws {
        let schedule = try Schedule(
            text: """
                trireme-schedule 1
                seed 225899517518
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

    /// Seeds and faults under which the bug shows soon; the release program tries every bug on drawn schedules.
    @Test(arguments: [
        (PlantedBug.syncDoesNothing, Fault.Kind.losePower), (.acknowledgeBeforeQuorum, .losePower),
        (.unknownAsRefusal, .kill),
    ])
    func `a planted bug makes a judge object`(bug: PlantedBug, kind: Fault.Kind) {
        var found: Violation?
        for seed in 0..<12 as Range<UInt64> where found == nil {
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
