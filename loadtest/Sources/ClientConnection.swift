// One connection of the load test: its socket, its bytes in both directions, and what it waits for.

import ByteCoding
import Platform
import Vocabulary

/// A connection and its requests under way. The loop moves its bytes; the driver gives it requests.
final class ClientConnection<Dialect: Wire> {
    enum Phase {
        /// Closed; to be opened at this moment.
        case waiting(until: Instant)
        /// The kernel, or TLS, shakes hands since this moment.
        case opening(since: Instant)
        /// The greeting is under way since this moment.
        case greeting(since: Instant)
        case open
    }

    /// A request under way.
    struct Pending {
        var sentAt: Instant
        /// The driver's own note on the request.
        var tag: UInt64
    }

    let number: Int
    /// Which of the endpoints it is connected to.
    var endpoint: Int
    var phase: Phase
    var wire: Dialect
    var channel: Channel?
    var registration: Registration?
    var input = ByteQueue()
    var output = OutputQueue()
    var greetingsLeft = 0

    /// Requests by ticket, modulo its size, a power of two.
    private var pending: [Pending]
    private(set) var sent = 0
    private(set) var answered = 0

    init(number: Int, endpoint: Int, wire: Dialect, requestsMax: Int) {
        self.number = number
        self.endpoint = endpoint
        self.wire = wire
        phase = .waiting(until: Instant(nanoseconds: 0))
        var size = 1
        while size < requestsMax { size *= 2 }
        pending = Array(repeating: Pending(sentAt: Instant(nanoseconds: 0), tag: 0), count: size)
    }

    /// Requests that were sent and not answered.
    var underWay: Int { sent - answered }
    var isOpen: Bool { if case .open = phase { true } else { false } }
    var hasRoom: Bool { underWay < pending.count && wire.hasRoom }

    /// Sends a request: `write` appends its bytes.
    func submit(tag: UInt64 = 0, now: Instant, _ write: (inout Dialect, inout [UInt8]) -> Void) {
        precondition(hasRoom, "\(underWay) requests under way")
        pending[sent & (pending.count - 1)] = Pending(sentAt: now, tag: tag)
        sent += 1
        output.append { write(&wire, &$0) }
    }

    /// Takes note of an answer and gives the request that it belongs to.
    func finish(ticket: Int) -> Pending {
        answered += 1
        return pending[ticket & (pending.count - 1)]
    }

    /// The oldest request under way, of protocols that answer in order.
    var oldest: Pending? { underWay > 0 ? pending[answered & (pending.count - 1)] : nil }

    /// Forgets everything that was said, for the next stay at an endpoint. Gives the requests left without an answer.
    func reset(wire: Dialect) -> [Pending] {
        let left = (answered..<sent).map { pending[$0 & (pending.count - 1)] }
        self.wire = wire
        sent = 0
        answered = 0
        input = ByteQueue()
        output = OutputQueue()
        return left
    }
}
