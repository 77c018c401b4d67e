// Whose state counts when replicas' digests differ: a quorum's, whoever leads.

import Testing
import Vocabulary

@testable import Replica

struct StateAgreementTests {
    private let ids = ["n1", "n2", "n3"].compactMap { NodeID($0) }

    private func noted(_ index: UInt64, _ digest: UInt64) -> NotedDigest {
        NotedDigest(index: LogIndex(index), digest: Digest(high: 0, low: digest))
    }

    private func agreement(_ agreement: StateAgreement) -> AgreedDigest? {
        agreement.agreement(as: ids[0]) { says in ids.count(where: says) >= 2 }
    }

    @Test func `two of three agree, whether the leader is one of them or not`() {
        var leader = StateAgreement()
        leader.note(noted(5, 1))
        #expect(agreement(leader) == nil)
        leader.report(noted(5, 2), from: ids[1])
        #expect(agreement(leader) == nil)
        leader.report(noted(5, 2), from: ids[2])
        #expect(agreement(leader) == noted(5, 2))
        #expect(leader.contradiction(of: noted(5, 2))?.own == Digest(high: 0, low: 1))
        leader.report(noted(5, 1), from: ids[1])
        #expect(agreement(leader) == noted(5, 1))
        #expect(leader.contradiction(of: noted(5, 1)) == nil)
    }

    @Test func `what was told is not told again, and what is not remembered contradicts nothing`() {
        var leader = StateAgreement()
        for index in 1...100 { leader.note(noted(UInt64(index), UInt64(index))) }
        leader.report(noted(90, 90), from: ids[1])
        #expect(agreement(leader) == noted(90, 90))
        leader.settle(through: LogIndex(90))
        #expect(agreement(leader) == nil)
        #expect(leader.contradiction(of: noted(3, 99)) == nil)
        #expect(leader.contradiction(of: noted(99, 3)) != nil)
    }

    @Test func `an older report never takes the place of a newer one`() {
        var leader = StateAgreement()
        leader.note(noted(5, 1))
        leader.note(noted(6, 1))
        leader.report(noted(6, 1), from: ids[1])
        leader.report(noted(5, 9), from: ids[1])
        #expect(agreement(leader) == noted(6, 1))
    }
}
