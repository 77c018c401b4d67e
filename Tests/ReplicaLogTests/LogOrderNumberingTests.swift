// Under which ticket each of a replica's writes reaches its log.

import Consensus
import LogStore
import Replica
import ReplicaLog
import Testing
import Vocabulary

@Suite struct LogOrderNumberingTests {
    @Test func `an order that nobody waits for goes under the ticket before it`() {
        var numbering = LogOrderNumbering()
        let first = numbering.orders(for: [
            LogWrite(.raiseFence(LogIndex(7)), ticket: nil),
            LogWrite(.ballot(Term(1), votedFor: nil), ticket: WriteTicket(1)),
        ])
        let second = numbering.orders(for: [
            LogWrite(.clearFence, ticket: nil), LogWrite(.truncate(from: LogIndex(3)), ticket: WriteTicket(2)),
        ])
        #expect(first.map(\.ticket.rawValue) == [0, 1])
        #expect(second.map(\.ticket.rawValue) == [1, 2])
    }
}
