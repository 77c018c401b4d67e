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
    var reading = AnswerReading.plain
    var part = Part.alone
    var waitsWithoutEnd = false

    /// What the request is part of.
    enum Part: Sendable {
        case alone
        /// Its answer decides how its client goes on.
        case errand(Errand)
        /// It puts the element with its own number into a queue.
        case push
        /// It takes an element of a queue, and waits for one.
        case pop
    }
}

/// Who asks, where and when.
struct Call {
    let client: Int
    let node: Int
    let now: Int64
    /// How reads are to be carried out.
    let reads: RequestKind
}

/// Draws requests, and writes down what was asked and answered.
struct ClientCrowd {
    struct Client {
        var home: Int
        var outstanding = 0
        /// What it is about, while no request of it is under way.
        var errand: Errand?
        /// Counts requests that are to be carried out once.
        var number: UInt64 = 0
    }

    /// A request that may wait longer than its client does.
    struct Wait: Sendable {
        let token: UInt64
        /// When somebody ends it, nanoseconds after it was asked; nil when nobody does.
        let endsAfter: Int64?
        /// The client hangs up; else an operator has it go on.
        let hangsUp: Bool
    }

    private(set) var history = History()
    var queues = QueueJudge()
    /// Blocking requests that were asked since this was emptied last.
    var waits: [Wait] = []
    var clients: [Client]
    private var open: [UInt64: OpenRequest] = [:]
    private var openTokens: [UInt64] = []
    /// Requests whose clients have hung up: an answer may be on its way.
    private var hungUp: Set<UInt64> = []
    var random: SeededRandom
    let traits: Traits
    private let nodes: Int
    private(set) var tokens: UInt64 = 0
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

    /// Adds what a client asks next: what it is about, one request, or a burst of them.
    mutating func ask(_ call: Call, into batch: inout RequestBatch) {
        if let errand = clients[call.client].errand { return pursue(errand, call, into: &batch) }
        if random.chance(traits.errands) { return pursue(newErrand(call.client), call, into: &batch) }
        if random.chance(traits.queues) { return askQueue(call, into: &batch) }
        // Few at once on one key: what is concurrent, the judge of histories has to try in every order.
        let count = random.chance(traits.bursts) ? random.within(2...2 * traits.keys) : 1
        let first = random.below(traits.keys)
        for number in 0..<count {
            let key = (first + number) % traits.keys
            if random.chance(traits.collections) {
                askCollection(key, call, into: &batch)
            } else {
                askOne(key, call, into: &batch)
            }
        }
    }

    private mutating func askOne(_ key: Int, _ call: Call, into batch: inout RequestBatch) {
        if random.chance(traits.reads) { return read(key, call, into: &batch) }
        switch random.below(10) {
        case 0...4: write(.set, .set, "s\(key)", call, into: &batch)
        case 5: write(.setnx, .setnx, "s\(key)", call, into: &batch)
        case 6 where random.chance(300): write(.append, .append, "s\(key)", call, into: &batch)
        case 6, 7: write(.incr, .incr, "c\(key)", call, into: &batch)
        case 8: write(.del, .del, random.chance(500) ? "s\(key)" : "c\(key)", call, into: &batch)
        default: expiring("t\(key)", call, into: &batch)
        }
    }

    /// Reads a key's value; also used for the last look at everything.
    mutating func read(_ key: Int, _ call: Call, into batch: inout RequestBatch, counter: Bool? = nil) {
        let name = (counter ?? random.chance(400)) ? "c\(key)" : "s\(key)"
        get(.get, [name], as: name, .plain, call, into: &batch)
    }

    /// A command that reads what the history knows as `name`.
    mutating func get(
        _ code: CommandCode, _ words: [String], as name: String, _ reading: AnswerReading, _ call: Call,
        into batch: inout RequestBatch
    ) {
        let operation = note(.get, name, [], call)
        let entry = EntryCoding.encoded(code, words.map { Array($0.utf8) })
        add(entry, call.reads, request(call, operation, reading: reading), to: &batch)
    }

    private mutating func write(
        _ code: CommandCode, _ kind: History.Kind, _ key: String, _ call: Call, into batch: inout RequestBatch
    ) {
        let name = Array(key.utf8)
        let argument = kind.takesArgument ? value(tokens + 1) : []
        let operation = note(kind, key, argument, call)
        let arguments = kind.takesArgument ? [name, argument] : [name]
        let entry = EntryCoding.encoded(code, arguments)
        add(entry, .write, request(call, operation, isMarked: kind.takesArgument), to: &batch)
    }

    /// Keys with a time to live: judged by the model and by digests, since a history does not know log time.
    private mutating func expiring(_ key: String, _ call: Call, into batch: inout RequestBatch) {
        let milliseconds = Array(String(random.skewed(1...20_000)).utf8)
        let name = Array(key.utf8)
        switch random.below(4) {
        case 0, 1:
            let entry = EntryCoding.encoded(.psetex, [name, milliseconds, value(tokens + 1)])
            add(entry, .write, request(call, isMarked: true), to: &batch)
        case 2: add(EntryCoding.encoded(.pexpire, [name, milliseconds]), .write, request(call), to: &batch)
        default: add(EntryCoding.encoded(.persist, [name]), .write, request(call), to: &batch)
        }
    }

    mutating func value(_ token: UInt64) -> [UInt8] {
        let padding = traits.padding > 0 ? random.skewed(0...traits.padding) : 0
        return OperationMark.bytes(token) + repeatElement(UInt8(ascii: "x"), count: padding)
    }

    mutating func note(_ kind: History.Kind, _ key: String, _ argument: [UInt8], _ call: Call) -> Int {
        history.operations.append(
            History.Operation(
                call: UInt64(call.now), return: nil, client: UInt64(call.client), kind: kind, key: Array(key.utf8),
                argument: argument, result: .unknown))
        return history.operations.count - 1
    }

    func request(
        _ call: Call, _ operation: Int? = nil, isMarked: Bool = false, reading: AnswerReading = .plain,
        part: OpenRequest.Part = .alone
    ) -> OpenRequest {
        OpenRequest(
            client: call.client, node: call.node, operation: operation, isMarked: isMarked, reading: reading,
            part: part)
    }

    mutating func add(
        _ entry: [UInt8], _ kind: RequestKind, _ request: OpenRequest, to batch: inout RequestBatch
    ) {
        tokens += 1
        open[tokens] = request
        openTokens.append(tokens)
        clients[request.client].outstanding += 1
        batch.append(token: tokens, kind: kind, version: .two) { $0 += entry }
    }

    // MARK: Answers

    /// Takes an answer. Returns the request, and whether its client has no other under way; nil when nobody waits.
    mutating func take(
        _ token: UInt64, _ answer: ClientAnswer, at now: Int64
    ) throws(Violation) -> (request: OpenRequest, isIdle: Bool)? {
        guard let request = open.removeValue(forKey: token) else { return nil }
        clients[request.client].outstanding -= 1
        let result = request.reading.result(of: answer)
        switch request.part {
        case .alone: break
        case .errand(let errand):
            clients[request.client].errand = errand.next(after: answer)
            if case .transaction = errand.way, request.isMarked { try queues.pushed(token, result) }
            // Asked again, it is the same operation still.
            if case .once = errand.way, clients[request.client].errand != nil {
                return (request, clients[request.client].outstanding == 0)
            }
        case .push: try queues.pushed(token, result)
        case .pop: try takeElement(answer)
        }
        if let operation = request.operation, answer != .unknown {
            history.operations[operation].return = UInt64(now)
            history.operations[operation].result = result
        }
        return (request, clients[request.client].outstanding == 0)
    }

    private mutating func takeElement(_ answer: ClientAnswer) throws(Violation) {
        if answer == .unknown { queues.cuts() }
        guard case .array(let parts?) = answer, parts.count == 2, case .other(.value(let element)) = parts[1],
            let mark = OperationMark.number(in: element)
        else { return }
        try queues.takes(mark)
    }

    /// A node is gone: what its clients wait for will not be answered. Returns the clients.
    mutating func lost(node: Int) -> [Int] {
        openTokens.removeAll { open[$0] == nil }
        var lost: [Int] = []
        for token in openTokens {
            guard let request = open[token], request.node == node else { continue }
            if drop(token, request) { lost.append(request.client) }
        }
        openTokens.removeAll { open[$0] == nil }
        return lost
    }

    /// A request will not be answered. Whether its client has no other under way.
    private mutating func drop(_ token: UInt64, _ request: OpenRequest) -> Bool {
        open[token] = nil
        clients[request.client].outstanding -= 1
        switch request.part {
        case .errand(let errand): clients[request.client].errand = errand.next(after: .unknown)
        case .pop: queues.cuts()
        default: break
        }
        return clients[request.client].outstanding == 0
    }

    /// A client hangs up while it waits. Returns its node, and the client if it has no other request under way; nil
    /// when the request was answered before.
    mutating func hangsUp(_ token: UInt64) -> (node: Int, idle: Int?)? {
        guard let request = open[token] else { return nil }
        hungUp.insert(token)
        return (request.node, drop(token, request) ? request.client : nil)
    }

    /// The node of a request that is not answered yet.
    func node(of token: UInt64) -> Int? { open[token]?.node }

    /// Whether an answer is for a client that has hung up. Told once.
    mutating func isForNobody(_ token: UInt64) -> Bool { hungUp.remove(token) != nil }

    /// Who waits without an end, in the order of asking.
    var waiting: [UInt64] { openTokens.filter { open[$0]?.waitsWithoutEnd == true } }

    /// For people: what is still unanswered.
    var unanswered: String {
        openTokens.compactMap { token in open[token].map { "\(token) at n\($0.node + 1)" } }.prefix(5)
            .joined(separator: ", ")
    }
}
