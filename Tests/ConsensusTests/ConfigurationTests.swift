// Configurations and their history against naive twins, over all small cases.

import Testing
import Vocabulary

@testable import Consensus

struct ConfigurationTests {
    private static let nodes = QuorumTests.nodes(5)

    /// All sets of nodes, as lists, that are not empty.
    private static let sets = (1..<1 << nodes.count).map { bits in
        nodes.indices.filter { bits >> $0 & 1 == 1 }.map { nodes[$0] }
    }

    @Test func `a joint decision needs a majority of the old voters and one of the new`() {
        for old in ConfigurationTests.sets.prefix(15) {
            for new in ConfigurationTests.sets {
                let joint = Configuration(voters: new, outgoing: old)!
                for yes in ConfigurationTests.sets + [[]] {
                    let (ofOld, ofNew) = (old.count(where: yes.contains), new.count(where: yes.contains))
                    let expected = ofOld * 2 > old.count && ofNew * 2 > new.count
                    #expect(joint.hasQuorum(where: yes.contains) == expected)
                    #expect(joint.reached { yes.contains($0) ? 7 : 0 } == (expected ? 7 : 0))
                    var tally = VoteTally()
                    for node in yes { tally.record(node, granted: true, in: joint) }
                    #expect((tally.outcome(in: joint) == .won) == expected)
                    var refusals = VoteTally()
                    for node in yes { refusals.record(node, granted: false, in: joint) }
                    let isLost = (old.count - ofOld) * 2 <= old.count || (new.count - ofNew) * 2 <= new.count
                    #expect((refusals.outcome(in: joint) == .lost) == isLost)
                }
            }
        }
    }

    /// What joint consensus is for: a majority of one side alone never decides while the other may.
    @Test func `a quorum of a joint configuration meets every quorum of what comes before and after it`() {
        for old in ConfigurationTests.sets {
            for new in ConfigurationTests.sets.suffix(16) {
                let joint = Configuration(voters: new, outgoing: old)!
                let before = Configuration(voters: old)!
                let quorums = ConfigurationTests.sets.filter { joint.hasQuorum(where: $0.contains) }
                for simple in [before, joint.settled] {
                    let others = ConfigurationTests.sets.filter { simple.hasQuorum(where: $0.contains) }
                    for quorum in quorums {
                        #expect(others.allSatisfy { $0.contains(where: quorum.contains) })
                    }
                }
            }
        }
    }

    @Test func `a configuration refuses what none can be`() {
        let n = QuorumTests.nodes(16)
        #expect(Configuration(voters: [n[0]], outgoing: []) == nil)
        #expect(Configuration(voters: [], outgoing: [n[0]]) == nil)
        #expect(Configuration(voters: [n[0]], learners: [n[0]]) == nil)
        #expect(Configuration(voters: [n[0]], outgoing: [n[1]], learners: [n[1]]) == nil)
        #expect(Configuration(voters: [n[0]], learners: [n[1], n[1]]) == nil)
        #expect(Configuration(voters: Array(n[0..<9]), outgoing: Array(n[4..<15])) != nil)
        #expect(Configuration(voters: Array(n[0..<9]), outgoing: Array(n[4..<16])) == nil)
        #expect(Configuration(voters: Array(n[0..<9]), outgoing: Array(n[4..<15]), learners: [n[15]]) == nil)
        #expect(Configuration(voters: [n[0]], learners: [n[2], n[1]])?.learners == [n[1], n[2]])
        #expect(Configuration(voters: [n[2], n[0]], outgoing: [n[1]])?.members == Array(n[0..<3]))
    }

    @Test func `steps lead from one configuration to the next`() {
        let n = QuorumTests.nodes(5)
        let start = Configuration(voters: Array(n[0..<3]), learners: [n[3]])!
        let joint = start.joint(adding: n[3], removing: n[0])!
        #expect(joint == Configuration(voters: Array(n[1..<4]), outgoing: Array(n[0..<3]))!)
        #expect(joint.settled == Configuration(voters: Array(n[1..<4]))!)
        #expect(joint.joint(adding: n[4], removing: nil) == nil)
        #expect(start.adding(learner: n[3]) == nil)
        #expect(start.adding(learner: n[4])?.learners == [n[3], n[4]])
        #expect(start.removing(learner: n[3])?.learners == [])
        #expect(Configuration(voters: [n[0]])!.joint(adding: nil, removing: n[0]) == nil)
    }

    @Test func `the history answers like a list that forgets nothing`() {
        let initial = Configuration(voters: [ConfigurationTests.nodes[0]])!
        for seed in 0..<200 as Range<UInt64> {
            var random = TestRandom(seed)
            var history = ConfigurationHistory(initial: initial, changes: [], commitIndex: .zero)
            var list = [ConfigurationChange(index: .zero, configuration: initial)]
            var (last, commit) = (UInt64(0), UInt64(0))
            for _ in 0..<60 {
                switch random.below(4) {
                case 0, 1:
                    last += 1 + UInt64(random.below(3))
                    let voters = ConfigurationTests.sets[random.below(ConfigurationTests.sets.count)]
                    let change = ConfigurationChange(
                        index: LogIndex(last), configuration: Configuration(voters: voters)!)
                    history.append(change)
                    list.append(change)
                case 2:
                    commit += UInt64(random.below(Int(last - commit) + 1))
                    history.commit(through: LogIndex(commit))
                default:
                    let cut = commit + 1 + UInt64(random.below(Int(last - commit) + 1))
                    history.truncate(from: LogIndex(cut))
                    list.removeAll { $0.index >= LogIndex(cut) }
                    last = min(last, cut - 1)
                }
                history.checkInvariants(commitIndex: LogIndex(commit), lastIndex: LogIndex(last))
                let committed = list.last { $0.index <= LogIndex(commit) }
                #expect(history.current == list.last)
                #expect(history.base == committed)
                #expect(history.isCommitted == (committed == list.last))
                // A restart finds the same, from the list as from what is left of it.
                for changes in [Array(list.dropFirst()), history.all.filter { $0.index > .zero }] {
                    let again = ConfigurationHistory(
                        initial: initial, changes: changes, commitIndex: LogIndex(commit))
                    #expect(again == history)
                }
            }
        }
    }
}
