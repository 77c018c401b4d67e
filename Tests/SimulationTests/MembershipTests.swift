// Members that come and go in simulated worlds: that it happens, that it is judged, and single scenes of it.

import Consensus
import LogFormat
import PeerProtocol
import Testing
import Vocabulary

@testable import Simulation

@Suite struct MembershipTests {
    private static let second: Int64 = 1_000_000_000
    private static let ids = (1...5).compactMap { NodeID("n\($0)") }

    // MARK: What the log says

    @Test func `a judge reads a configuration as it was written`() throws {
        let ids = MembershipTests.ids
        for (voters, outgoing, learners) in [([0, 1, 2], [], []), ([0, 1, 3], [0, 1, 2], [4]), ([4], [], [0, 1])] {
            let configuration = try #require(
                Configuration(
                    voters: voters.map { ids[$0] }, outgoing: outgoing.isEmpty ? nil : outgoing.map { ids[$0] },
                    learners: learners.map { ids[$0] }))
            let bytes = ConfigurationCoding.encode(configuration)
            let members = try #require(MemberImage(bytes))
            #expect(members.voters == configuration.voters.ids)
            #expect(members.outgoing == configuration.outgoing?.ids ?? [])
            #expect(members.learners == configuration.learners)
            #expect(members.all == configuration.members)
            #expect(members.isJoint == configuration.isJoint)
            for length in 0..<bytes.count { #expect(MemberImage(Array(bytes[..<length])) == nil) }
            #expect(MemberImage(bytes + [0]) == nil)
            #expect(MemberImage([1] + bytes.dropFirst()) == nil)
        }
    }

    private func members(_ voters: [Int], _ outgoing: [Int] = [], learners: [Int] = []) -> MemberImage {
        let ids = MembershipTests.ids
        return MemberImage(
            voters: voters.map { ids[$0] }, outgoing: outgoing.map { ids[$0] }, learners: learners.map { ids[$0] })
    }

    @Test func `a majority of the voters to come is none while voters change`() {
        let joint = members([0, 3, 4], [0, 1, 2])
        let ids = MembershipTests.ids
        #expect(!joint.isQuorum { [ids[0], ids[3], ids[4]].contains($0) })
        #expect(!joint.isQuorum { [ids[0], ids[1], ids[2]].contains($0) })
        #expect(joint.isQuorum { [ids[0], ids[1], ids[3]].contains($0) })
        #expect(!members([0, 1], learners: [2]).isQuorum { [ids[0], ids[2]].contains($0) })
        #expect(joint.tolerance == 1)
        #expect(members([0, 1], [0, 1, 2, 3, 4]).tolerance == 0)
    }

    @Test func `voters change by way of both sets, and learners at once`() {
        let three = members([0, 1, 2])
        #expect(three.mayBecome(members([0, 1, 2], learners: [3])))
        #expect(three.mayBecome(members([0, 1, 3], [0, 1, 2])))
        #expect(members([0, 1, 3], [0, 1, 2]).mayBecome(members([0, 1, 3])))
        #expect(!three.mayBecome(members([0, 1, 3])))
        #expect(!three.mayBecome(members([0, 1, 2, 3])))
        #expect(!members([0, 1, 3], [0, 1, 2]).mayBecome(three))
        #expect(!members([0, 1, 3], [0, 1, 2]).mayBecome(members([0, 3, 4], [0, 1, 3])))
    }

    // MARK: Worlds

    @Test func `worlds add and promote members, and remove leaders`() {
        var figures = RunFigures()
        for seed in 0..<60 as Range<UInt64> {
            let schedule = Schedule(seed: seed, length: 10 * MembershipTests.second)
            guard schedule.spares > 0 else { continue }
            let report = schedule.run()
            #expect(report.violation == nil, "seed \(seed)")
            figures += report.figures
        }
        #expect(figures.runs >= 10)
        #expect(figures.changesBegun > figures.runs)
        #expect(figures.changesDone > figures.runs)
        #expect(figures.membersAdded > 10)
        #expect(figures.promotions > 10)
        #expect(figures.removals > 10)
        #expect(figures.leaderRemovals > 5)
        #expect(figures.disksLost > 0)
        #expect(figures.interruptions > 0)
        #expect(RunFigures(line: figures.line) == figures)
    }

    /// From three to five and back, the leader first, and nothing else happens.
    @Test func `a cluster grows and shrinks, and those that were removed disturb nobody`() {
        let moves: [(Fault.Kind, Int, UInt64)] = [
            (.addMember, 3, 0), (.addMember, 4, 0), (.removeMember, 0, 1), (.removeMember, 1, 0),
        ]
        let faults = moves.enumerated().map { number, move in
            Fault(
                at: (2 + 2 * Int64(number)) * MembershipTests.second, kind: move.0, node: move.1, amount: move.2,
                lasts: 10 * MembershipTests.second)
        }
        let schedule = Schedule(
            seed: 12, nodes: 3, spares: 2, length: 12 * MembershipTests.second, faults: faults)
        let report = schedule.run()
        #expect(report.violation == nil)
        #expect(report.figures.changesDone == 4)
        #expect(report.figures.membersAdded == 2)
        #expect(report.figures.promotions == 2)
        #expect(report.figures.removals == 2)
        #expect(report.figures.leaderRemovals >= 1)
        // One hands over when it goes; the others had no reason to vote again.
        #expect(report.figures.elections <= 4)
    }

    @Test func `a voter whose disk is lost comes again with an empty one, or another one comes in its stead`() {
        for amount in [0, 1] as [UInt64] {
            let fault = Fault(
                at: 3 * MembershipTests.second, kind: .loseDisk, node: 1, peer: 3, amount: amount,
                lasts: MembershipTests.second)
            let schedule = Schedule(
                seed: 5, nodes: 3, spares: 1, length: 8 * MembershipTests.second, faults: [fault])
            let report = schedule.run()
            #expect(report.violation == nil)
            #expect(report.figures.disksLost == 1)
            #expect(report.figures.promotions == 1)
            #expect(report.figures.removals == 1)
        }
    }

    @Test func `a change of voters in one step makes a judge object`() {
        var schedule = Schedule(seed: 131)
        schedule.mayHaveArchive = false
        #expect(schedule.run(bug: .singleStepMembership).violation != nil)
        #expect(schedule.run().violation == nil)
    }

    /// n1 has never been there. With n2 removed by force the cluster would be n1 and n3, and n1 has no vote before it
    /// has a leader's log.
    @Test func `a node whose last vote may be lost hears a member that was removed meanwhile`() throws {
        let schedule = try Schedule(
            text: """
                trireme-schedule 1
                seed 105825
                nodes 3
                spares 2
                length 22000000000
                fault 1383000000 misplaced-sector 1 2 3726839395358842898 25000000
                fault 3591000000 replace-member 3 0 1 14745000000
                fault 3961453218 cut 0 1 3175466104429574131 2661000000
                fault 13375503003 fail-sync 1 2 7595740965832100401 1000000

                """)
        #expect(schedule.run().violation == nil)
    }

    @Test func `no removal, forced or not, leaves a cluster that waits for the vote of a node that never took part`()
        throws
    {
        let absent = try Schedule(
            text: """
                trireme-schedule 1
                seed 608478638311
                nodes 3
                spares 3
                length 5161376952
                fault 38000000 outage 0 5 83844610527814750 13223000000
                fault 4830000000 remove-member 5 3 3 15683000000

                """)
        #expect(absent.run().violation == nil)
        // It was connected, and so is registered, but died before it was fed.
        let connectedOnce = try Schedule(
            text: """
                trireme-schedule 1
                seed 511554797152
                nodes 3
                spares 3
                length 5873291015
                fault 117000000 pause 2 0 3837897850648077807 261000000
                fault 298947757 outage 2 1 1906311796162081984 4765000000
                fault 5032000000 remove-member 5 4 3 3710000000

                """)
        #expect(connectedOnce.run().violation == nil)
    }
}
