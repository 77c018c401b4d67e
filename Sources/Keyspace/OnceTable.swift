// The outcomes of requests that clients may repeat: whoever asks again gets the first outcome.

import ByteCoding
import Vocabulary

/// For each client that numbers its requests, the newest number and its reply (Ongaro, "Consensus: bridging theory and
/// practice", 2014, section 6.3). Part of the state: the same on all nodes, changed by entries only.
///
/// Bounded: the clients that were heard of longest ago are forgotten first. A client that comes back after that is
/// taken for a new one.
struct OnceTable: Sendable {
    /// Clients that are remembered at most.
    static let clientsMax = 10_000
    /// Bytes of names and replies that are remembered at most.
    static let bytesMax = 16 << 20
    /// A longer reply is not kept: who repeats its request is told that it was carried out.
    static let replyMax = 64 << 10

    private struct Outcome: Sendable {
        var number: UInt64
        /// Nil when it was too long to keep.
        var reply: [UInt8]?
        /// The index of the entry that carried the request out; the least one goes first.
        var age: UInt64
        var size: Int
        var digest: Digest
    }

    private var outcomes = ShardedTable<[UInt8], Outcome>()
    /// Clients by age, oldest first. An item whose age is not its client's any more is skipped.
    private var order = ShardedQueue<(client: [UInt8], age: UInt64)>()
    private var bytes = 0
    /// The sum of one hash for each client (docs/formats/entries.md).
    private(set) var digest = Digest.empty

    enum Finding {
        case new
        case known(reply: [UInt8]?)
        /// The client has asked under a greater number since.
        case past(newest: UInt64)
    }

    var count: Int { outcomes.count }
    /// Items of the order, those that will be skipped included. At most twice `count`, and some.
    var orderCount: Int { order.count }

    func find(_ client: [UInt8], _ number: UInt64) -> Finding {
        guard let outcome = outcomes[client], number <= outcome.number else { return .new }
        return number == outcome.number ? .known(reply: outcome.reply) : .past(newest: outcome.number)
    }

    /// Notes what was answered by the entry at `index`. Indexes only grow.
    mutating func record(_ client: [UInt8], _ number: UInt64, _ reply: RawSpan, at index: UInt64) {
        let kept = reply.byteCount <= OnceTable.replyMax ? [UInt8](reply) : nil
        if let old = outcomes[client] {
            bytes -= old.size
            digest.remove(old.digest)
        }
        note(client, number, kept, at: index)
        while outcomes.count > OnceTable.clientsMax || bytes > OnceTable.bytesMax { forgetOldest() }
        if order.count > 2 * outcomes.count + OnceTable.orderSlack { sweepOrder() }
    }

    private mutating func note(_ client: [UInt8], _ number: UInt64, _ reply: [UInt8]?, at index: UInt64) {
        let size = client.count + (reply?.count ?? 0)
        let hash = OnceTable.hash(client, number, reply, index)
        bytes += size
        digest.add(hash)
        outcomes[client] = Outcome(number: number, reply: reply, age: index, size: size, digest: hash)
        order.append((client, index))
    }

    /// Calls `body` with what is remembered, oldest first.
    func forEach(_ body: (_ client: [UInt8], _ number: UInt64, _ reply: [UInt8]?, _ index: UInt64) -> Void) {
        order.forEach { client, age in
            guard let outcome = outcomes[client], outcome.age == age else { return }
            body(client, outcome.number, outcome.reply, age)
        }
    }

    /// Notes an outcome of a state that is loaded, oldest first. False, and nothing noted, when no state can have it
    /// behind those that are there.
    mutating func restore(_ client: [UInt8], _ number: UInt64, _ reply: [UInt8]?, at index: UInt64) -> Bool {
        let size = client.count + (reply?.count ?? 0)
        guard index > order.last?.age ?? 0, outcomes[client] == nil, outcomes.count < OnceTable.clientsMax,
            size <= OnceTable.bytesMax - bytes, reply?.count ?? 0 <= OnceTable.replyMax
        else { return false }
        note(client, number, reply, at: index)
        return true
    }

    /// Items in `order` that may be there beyond twice the clients: one busy client adds an item with each request.
    private static let orderSlack = 1024

    private mutating func sweepOrder() {
        order = order.filter { outcomes[$0.client]?.age == $0.age }
    }

    private mutating func forgetOldest() {
        guard let (client, age) = order.popFirst() else {
            preconditionFailure("\(outcomes.count) outcomes and none in order")
        }
        guard let outcome = outcomes[client], outcome.age == age else { return }
        bytes -= outcome.size
        digest.remove(outcome.digest)
        outcomes[client] = nil
    }

    private static func hash(_ client: [UInt8], _ number: UInt64, _ reply: [UInt8]?, _ index: UInt64) -> Digest {
        var message: [UInt8] = [StateMark.outcome.rawValue]
        message.append(varint: index)
        message.append(varint: number)
        message.append(counted: client.rawBytes)
        if let reply { message.append(counted: reply.rawBytes) }
        return SipHash.digest(message.rawBytes, key: Record.digestKey)
    }

    func checkInvariants() {
        var sum = Digest.empty
        var size = 0
        outcomes.forEach { client, outcome in
            sum.add(OnceTable.hash(client, outcome.number, outcome.reply, outcome.age))
            size += outcome.size
        }
        precondition(sum == digest, "outcomes have digest \(sum), kept is \(digest)")
        precondition(size == bytes, "outcomes have \(size) bytes, kept are \(bytes)")
        let current = order.filter { outcomes[$0.client]?.age == $0.age }.count
        precondition(current == outcomes.count, "\(current) of \(outcomes.count) outcomes are in order")
        precondition(
            order.count <= 2 * outcomes.count + OnceTable.orderSlack + 1,
            "\(order.count) items in order for \(outcomes.count) outcomes")
    }
}

/// What begins the message whose hash is in the state's digest, for what is no record: no record's flags are these.
enum StateMark: UInt8 {
    case waiter = 0x0E
    case outcome = 0x0F
}
