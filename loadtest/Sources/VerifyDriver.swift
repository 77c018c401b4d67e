// Reads every key of a ledger from one node's own state, and compares.

import ByteCoding
import Vocabulary

/// One pass over all keys, many reads under way, on a connection that said `READONLY`.
struct VerifyDriver: LoadDriver {
    let ledger: Ledger
    let token: String
    private(set) var faults: [String] = []
    private(set) var checked = 0
    private var next = 0

    init(ledger: Ledger, token: String) {
        self.ledger = ledger
        self.token = token
    }

    func wire(endpoint: Int) -> RedisWire { RedisWire(token: token, readsLocally: true, waits: false) }

    mutating func refill(_ connection: ClientConnection<RedisWire>, now: Instant) {
        while next < ledger.keys, connection.hasRoom {
            let name = ledger.name(of: next)
            connection.submit(tag: UInt64(next), now: now) { RedisWire.append(["GET", name], to: &$1) }
            next += 1
        }
    }

    mutating func answered(
        _ request: ClientConnection<RedisWire>.Pending, _ answer: Answer, reply: RawSpan,
        by connection: ClientConnection<RedisWire>, now: Instant
    ) {
        checked += 1
        let key = Int(request.tag)
        let fault =
            answer.failure.map { "\(ledger.name(of: key)): \($0)" }
            ?? ledger.fault(of: key, found: Ledger.bytes(of: reply))
        if let fault, faults.count < 100 { faults.append(fault) }
    }

    mutating func lost(
        _ requests: [ClientConnection<RedisWire>.Pending], of connection: ClientConnection<RedisWire>, reason: String,
        now: Instant
    ) {
        // Nothing was done to the node: a connection that ends is a finding.
        for request in requests { faults.append("\(ledger.name(of: Int(request.tag))): \(reason)") }
        checked += requests.count
    }

    mutating func turn(_ connections: [ClientConnection<RedisWire>], now: Instant) -> Instant? {
        checked < ledger.keys ? now + .milliseconds(100) : nil
    }
}
