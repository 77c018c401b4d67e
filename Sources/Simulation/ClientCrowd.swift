// The clients of a world: each asks, waits for its answer, thinks, and asks again.

import ByteCoding
import Keyspace
import PeerProtocol
import RESP

/// One request that is on its way.
struct OpenRequest: Sendable {
    let client: Int
    let node: Int
    /// Where in the history it stands; nil for those that are not judged there.
    let operation: Int?
    /// Whether the log knows it by its number (see `OperationMark`).
    let isMarked: Bool
}

/// Draws requests, and writes down what was asked and answered.
struct ClientCrowd {
    private struct Client {
        var home: Int
        var outstanding = 0
    }

    private(set) var history = History()
    private var clients: [Client]
    private var open: [UInt64: OpenRequest] = [:]
    private var openTokens: [UInt64] = []
    private var random: SeededRandom
    private let traits: Traits
    private let nodes: Int
    private var tokens: UInt64 = 0
    private(set) var isStopped = false

    init(_ traits: Traits, nodes: Int, seed: UInt64) {
        self.traits = traits
        self.nodes = nodes
        random = SeededRandom.stream(4, of: seed)
        clients = []
        for _ in 0..<traits.clients { clients.append(Client(home: random.below(nodes))) }
    }

    var indices: Range<Int> { clients.indices }
    var areQuiet: Bool { open.isEmpty }
    mutating func stop() { isStopped = true }

    mutating func think(_ client: Int) -> Int64 { Int64(random.skewed(traits.thinkTime)) }

    /// The node that a client asks next.
    mutating func home(of client: Int) -> Int {
        if random.chance(100) { clients[client].home = random.below(nodes) }
        return clients[client].home
    }

    mutating func moves(_ client: Int) { clients[client].home = random.below(nodes) }

    // MARK: Asking

    /// Adds what a client asks next: one request, or a burst of them.
    mutating func ask(_ client: Int, node: Int, at now: Int64, reads kind: RequestKind, into batch: inout RequestBatch)
    {
        // Few at once on one key: what is concurrent, the judge of histories has to try in every order.
        let count = random.chance(traits.bursts) ? random.within(2...2 * traits.keys) : 1
        let first = random.below(traits.keys)
        for number in 0..<count {
            askOne(client, (first + number) % traits.keys, node: node, at: now, reads: kind, into: &batch)
        }
    }

    private mutating func askOne(
        _ client: Int, _ key: Int, node: Int, at now: Int64, reads kind: RequestKind, into batch: inout RequestBatch
    ) {
        if random.chance(traits.reads) { return read(key, client, node, at: now, kind, into: &batch) }
        switch random.below(10) {
        case 0...4: write(.set, .set, "s\(key)", client, node, at: now, into: &batch)
        case 5: write(.setnx, .setnx, "s\(key)", client, node, at: now, into: &batch)
        case 6 where random.chance(300): write(.append, .append, "s\(key)", client, node, at: now, into: &batch)
        case 6, 7: write(.incr, .incr, "c\(key)", client, node, at: now, into: &batch)
        case 8: write(.del, .del, random.chance(500) ? "s\(key)" : "c\(key)", client, node, at: now, into: &batch)
        default: expiring("t\(key)", client, node, into: &batch)
        }
    }

    /// Reads a key's value; also used for the last look at everything.
    mutating func read(
        _ key: Int, _ client: Int, _ node: Int, at now: Int64, _ kind: RequestKind, into batch: inout RequestBatch,
        counter: Bool? = nil
    ) {
        let name = Array(((counter ?? random.chance(400)) ? "c\(key)" : "s\(key)").utf8)
        let operation = note(.get, name, [], client, at: now)
        add(EntryCoding.encoded(.get, [name]), kind, client, node, operation, isMarked: false, to: &batch)
    }

    private mutating func write(
        _ code: CommandCode, _ kind: History.Kind, _ key: String, _ client: Int, _ node: Int, at now: Int64,
        into batch: inout RequestBatch
    ) {
        let name = Array(key.utf8)
        let argument = kind.takesArgument ? value(tokens + 1) : []
        let operation = note(kind, name, argument, client, at: now)
        let arguments = kind.takesArgument ? [name, argument] : [name]
        let entry = EntryCoding.encoded(code, arguments)
        add(entry, .write, client, node, operation, isMarked: kind.takesArgument, to: &batch)
    }

    /// Keys with a time to live: judged by the model and by digests, since a history does not know log time.
    private mutating func expiring(_ key: String, _ client: Int, _ node: Int, into batch: inout RequestBatch) {
        let milliseconds = Array(String(random.skewed(1...20_000)).utf8)
        let name = Array(key.utf8)
        switch random.below(4) {
        case 0, 1:
            let entry = EntryCoding.encoded(.psetex, [name, milliseconds, value(tokens + 1)])
            add(entry, .write, client, node, nil, isMarked: true, to: &batch)
        case 2:
            let entry = EntryCoding.encoded(.pexpire, [name, milliseconds])
            add(entry, .write, client, node, nil, isMarked: false, to: &batch)
        default: add(EntryCoding.encoded(.persist, [name]), .write, client, node, nil, isMarked: false, to: &batch)
        }
    }

    private mutating func value(_ token: UInt64) -> [UInt8] {
        let padding = traits.padding > 0 ? random.skewed(0...traits.padding) : 0
        return OperationMark.bytes(token) + repeatElement(UInt8(ascii: "x"), count: padding)
    }

    private mutating func note(
        _ kind: History.Kind, _ key: [UInt8], _ argument: [UInt8], _ client: Int, at now: Int64
    ) -> Int {
        history.operations.append(
            History.Operation(
                call: UInt64(now), return: nil, client: UInt64(client), kind: kind, key: key, argument: argument,
                result: .unknown))
        return history.operations.count - 1
    }

    private mutating func add(
        _ entry: [UInt8], _ kind: RequestKind, _ client: Int, _ node: Int, _ operation: Int?, isMarked: Bool,
        to batch: inout RequestBatch
    ) {
        tokens += 1
        open[tokens] = OpenRequest(client: client, node: node, operation: operation, isMarked: isMarked)
        openTokens.append(tokens)
        clients[client].outstanding += 1
        batch.append(token: tokens, kind: kind, version: .two) { $0 += entry }
    }

    // MARK: Answers

    /// Takes an answer. Returns the request, and whether its client has no other under way; nil when nobody waits.
    mutating func take(
        _ token: UInt64, _ answer: ClientAnswer, at now: Int64
    ) -> (request: OpenRequest, isIdle: Bool)? {
        guard let request = open.removeValue(forKey: token) else { return nil }
        clients[request.client].outstanding -= 1
        if let operation = request.operation, answer != .unknown {
            history.operations[operation].return = UInt64(now)
            history.operations[operation].result = answer.result
        }
        return (request, clients[request.client].outstanding == 0)
    }

    /// A node is gone: what its clients wait for will not be answered. Returns the clients.
    mutating func lost(node: Int) -> [Int] {
        openTokens.removeAll { open[$0] == nil }
        var lost: [Int] = []
        for token in openTokens {
            guard let request = open[token], request.node == node else { continue }
            open[token] = nil
            clients[request.client].outstanding -= 1
            if clients[request.client].outstanding == 0 { lost.append(request.client) }
        }
        openTokens.removeAll { open[$0] == nil }
        return lost
    }

    /// For people: what is still unanswered.
    var unanswered: String {
        openTokens.compactMap { token in open[token].map { "\(token) at n\($0.node + 1)" } }.prefix(5)
            .joined(separator: ", ")
    }
}
