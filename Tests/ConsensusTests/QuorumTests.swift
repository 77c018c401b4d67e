// Majority arithmetic against naive twins, over all small cases.

import Testing
import Vocabulary

@testable import Consensus

struct QuorumTests {
    /// Calls `body` with every array of `length` values below `base`.
    static func forAll(length: Int, base: Int, _ body: ([Int]) -> Void) {
        var values = [Int](repeating: 0, count: length)
        while true {
            body(values)
            guard let place = values.firstIndex(where: { $0 < base - 1 }) else { return }
            values[place] += 1
            for i in 0..<place { values[i] = 0 }
        }
    }

    static func nodes(_ count: Int) -> [NodeID] { (0..<count).map { NodeID("n\($0)")! } }

    @Test func `what a quorum has reached is the majority's rank in sorted order`() {
        for count in 1...6 {
            QuorumTests.forAll(length: count, base: 4) { values in
                let reached = Quorum.reached(count: count) { UInt64(values[$0]) }
                let sorted = values.sorted(by: >)
                #expect(reached == UInt64(sorted[count / 2]), "\(values)")
            }
        }
        #expect(Quorum.reached(count: 0) { _ in 9 } == 0)
    }

    @Test func `two quorums of one set share a member and a minority is none`() {
        for count in 1...7 {
            let quorums = (0..<1 << count).filter { set in Quorum.holds(count: count) { set >> $0 & 1 == 1 } }
            for a in quorums {
                #expect(a.nonzeroBitCount * 2 > count)
                #expect(quorums.allSatisfy { $0 & a != 0 })
                let complement = (1 << count) - 1 - a
                #expect(!quorums.contains(complement))
            }
            #expect(quorums.count == (0..<1 << count).count { $0.nonzeroBitCount >= Quorum.majority(of: count) })
        }
        #expect(!Quorum.holds(count: 0) { _ in true })
    }

    @Test func `a tally is won by a majority of grants and lost when none is possible`() {
        for count in 1...6 {
            let nodes = QuorumTests.nodes(count)
            let configuration = Configuration(voters: nodes)!
            QuorumTests.forAll(length: count, base: 3) { answers in
                var tally = VoteTally()
                for (node, answer) in zip(nodes, answers) where answer > 0 {
                    tally.record(node, granted: answer == 1, in: configuration)
                }
                let grants = answers.count { $0 == 1 }
                let open = answers.count { $0 == 0 }
                let expected: VoteTally.Outcome =
                    grants * 2 > count ? .won : (grants + open) * 2 > count ? .pending : .lost
                #expect(tally.outcome(in: configuration) == expected, "\(answers)")
            }
        }
    }

    @Test func `only a voter's first answer counts`() {
        let nodes = QuorumTests.nodes(3)
        let configuration = Configuration(voters: nodes)!
        var tally = VoteTally()
        tally.record(nodes[0], granted: true, in: configuration)
        tally.record(nodes[0], granted: true, in: configuration)
        tally.record(NodeID("stranger")!, granted: true, in: configuration)
        #expect(tally.outcome(in: configuration) == .pending)
        tally.record(nodes[1], granted: false, in: configuration)
        tally.record(nodes[1], granted: true, in: configuration)
        #expect(tally.outcome(in: configuration) == .pending)
        tally.record(nodes[2], granted: true, in: configuration)
        #expect(tally.outcome(in: configuration) == .won)
    }

    @Test func `a configuration is sorted and refuses none, duplicates and too many`() {
        let nodes = QuorumTests.nodes(5)
        #expect(Configuration(voters: nodes.reversed())?.voters.ids == nodes)
        #expect(Configuration(voters: []) == nil)
        #expect(Configuration(voters: [nodes[0], nodes[1], nodes[0]]) == nil)
        #expect(Configuration(voters: QuorumTests.nodes(VoterSet.countMax)) != nil)
        #expect(Configuration(voters: QuorumTests.nodes(VoterSet.countMax + 1)) == nil)
        #expect(Configuration(voters: nodes)?.isVoter(NodeID("n9")!) == false)
    }

    @Test func `copies commit only entries of the leader's own term`() {
        for first in 1...5 as ClosedRange<UInt64> {
            let rule = CommitRule(firstOwnIndex: LogIndex(first))
            for match in 0...6 as ClosedRange<UInt64> {
                for committed in 0...6 as ClosedRange<UInt64> {
                    let index = rule.commitIndex(quorumMatch: LogIndex(match), committed: LogIndex(committed))
                    #expect(index == (match >= first && match > committed ? LogIndex(match) : nil))
                    #expect(rule.knowsCommitted(LogIndex(committed)) == (committed >= first))
                }
            }
        }
    }
}
