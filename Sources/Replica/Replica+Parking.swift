// Blocking requests of this node's own clients, from the entry that parks them to the one that ends their waiting.

import ByteCoding
import Keyspace
import PeerProtocol
import RESP
import Vocabulary

extension Replica {
    /// Clients of this node that wait for an element.
    public var blockedClients: Int { parked.count }

    /// A request of one of our clients waits at `index`, as the log or the leader says.
    mutating func park(
        _ index: LogIndex, _ token: UInt64, _ version: RESPVersion, _ timeout: Duration?, at now: Moment,
        into effects: inout ReplicaEffects
    ) {
        let deadline = timeout.map { now.instant + $0 }
        if let reply = parked.park(index, token: token, deadline: deadline) {
            guard !reply.isEmpty else { return }
            return effects.replies.answer(token, version: version) { $0.bytes.append(contentsOf: reply) }
        }
        // It waits no more, and what became of it was applied here too long ago.
        guard index <= appliedIndex, !keyspace.isWaiting(index) else { return }
        guard let token = parked.settle(index, []) else { return }
        figures.unknownResults += 1
        answer(token, .ownClient, version, .unknown, into: &effects)
    }

    /// The request of a peer's client waits at `index`, which this leader has logged.
    mutating func parkGuest(_ index: LogIndex, of origin: Origin) {
        guard raft.role == .leader, case .peer(let peer, let conversation) = origin else { return }
        let isLost = self.conversation(with: peer) != conversation
        parked.parkGuest(index, peer, isLost: isLost)
    }

    /// The client of a request that may wait is gone, or is to go on.
    mutating func dismiss(
        _ token: UInt64, _ dismissal: ParkedRequests.Dismissal, at now: Moment, _ effects: borrowing ReplicaEffects
    ) {
        // Its answer may be on its way already.
        guard !effects.replies.items.contains(where: { $0.token == token }) else { return }
        let patience = options.holdTimeout + options.resultTimeout + options.resultTimeout
        parked.dismiss(token, dismissal, at: now.instant, patience: patience)
    }

    /// Hands on what the entry that was just applied has brought to those who waited.
    mutating func answerServed(into effects: inout ReplicaEffects) {
        for item in keyspace.served.items {
            let reply = keyspace.served.bytes[item.range]
            guard let token = parked.settle(item.waiter, reply) else { continue }
            effects.replies.answer(token, version: .two) { $0.bytes.append(contentsOf: reply) }
        }
        keyspace.served.removeAll()
    }

    /// Asks the log to send away those who have waited for long enough, as any client would ask: through the leader.
    mutating func sendAwayOverdue(at now: Moment, into effects: inout ReplicaEffects) {
        guard let next = parked.nextDeadline, next <= now.instant else { return }
        let due = parked.takeDue(at: now.instant, patience: options.resultTimeout)
        for token in due.helpless {
            figures.unknownResults += 1
            answer(token, .ownClient, .two, .unknown, into: &effects)
        }
        guard !due.away.isEmpty else { return }
        var batch = RequestBatch()
        for (index, reason) in due.away {
            batch.append(token: Replica.nobody, kind: .write, version: .two) { bytes in
                bytes.append(contentsOf: Keyspace.unblocking(index, reason))
            }
        }
        inbox.add(Arrival(origin: .ownClient, batch: batch, arrivedAt: now.instant))
    }

    /// The token of this replica's own requests, whose answers nobody waits for. No client's request may have it.
    public static let nobody = UInt64.max
}
