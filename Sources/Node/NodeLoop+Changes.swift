// The change feed between clients, the replica and the thread that reads the log.

import PeerProtocol
import RESP
import Replica
import Sessions
import Vocabulary

extension NodeLoop {
    /// Goes on with those for whom something was applied. Called when a turn's entries are.
    func followChanges(at now: Moment) {
        guard !feed.isEmpty else { return }
        if stopping?.isDraining == true { feed.dismissAll() }
        feed.advance(replica, at: now.instant, into: &effects.replies)
        for (token, job) in feed.takeJobs() { changeReader.post(ChangeReaderThread.Order(token: token, job: job)) }
    }

    func take(_ letter: ChangeReaderThread.Letter, at now: Moment) {
        if let error = letter.error {
            if case .unreadable(let damage) = error { takeDamage(damage, at: now) }
            logger.error("log can not be read for the change feed", metadata: ["reason": "\(error)"])
        }
        feed.take(letter.result, for: letter.token, applied: replica.appliedIndex, into: &effects.replies)
    }

    /// Takes new requests, before their clients may turn out to be gone.
    func takeChangeOrders(at now: Moment) {
        for (token, version, order) in clients.changeOrders {
            guard let start = order.start else {
                tellOfChanges(token, version)
                continue
            }
            var from = replica.appliedIndex.next
            if case .index(let index) = start { from = LogIndex(max(1, index)) }
            let query = ChangeQuery(from: from, countMax: order.countMax, pattern: order.pattern, version: version)
            feed.ask(token, query, ChangePatience(milliseconds: order.block, at: now.instant))
        }
        clients.changeOrders.removeAll(keepingCapacity: true)
    }

    /// `CHANGES INFO`.
    private func tellOfChanges(_ token: UInt64, _ version: RESPVersion) {
        effects.replies.answer(token, version: version) { reply in
            func field(_ name: String, _ value: UInt64) {
                reply.bulk(text: name)
                reply.integer(Int64(clamping: value))
            }
            reply.mapHeader(5)
            field("first-index", (replica.changes.first ?? replica.appliedIndex.next).rawValue)
            field("last-index", replica.appliedIndex.rawValue)
            field("last-time", replica.keyspace.lastAppliedTime.rawValue)
            field("consumers-waiting", UInt64(feed.count))
            field("memory", UInt64(replica.changes.bytes.rawValue))
        }
    }
}

extension ChangePatience {
    /// Nil for none, 0 for ever.
    init(milliseconds: UInt64?, at now: Instant) {
        switch milliseconds {
        case nil: self = .none
        case 0: self = .endless
        case let milliseconds?: self = .until(now + .milliseconds(Int64(clamping: milliseconds)))
        }
    }
}
