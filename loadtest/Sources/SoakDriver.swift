// A long run of reads and writes, a node killed now and then, every answer checked against the ledger.

import ByteCoding
import Platform
import RESP
import Vocabulary

/// Each connection owns a part of the keys and has one request under way, so that it knows what a read must give.
struct SoakDriver: LoadDriver {
    private enum Stage {
        case running(nextKill: Instant)
        case choosing(Errand<String>)
        case down(node: String, until: Instant)
        case starting(Errand<Bool>)
        case draining
    }

    /// How long a killed node stays down.
    private static var downtime: Duration { .seconds(3) }
    /// After this long without an answer to the last requests the run ends anyway.
    private static var drainMax: Duration { .seconds(10) }

    let cluster: TestedCluster
    let token: String
    let connections: Int
    let interval: Duration
    let killEvery: Duration
    let end: Instant
    private(set) var ledger: Ledger
    private(set) var memory: MemoryLog
    private(set) var errors: [String: Int] = [:]
    private(set) var faults: [String] = []
    private(set) var reads = 0
    private(set) var writes = 0
    private(set) var kills = 0
    private(set) var problem: String?

    private var stage: Stage
    private var random = SplitMix64(seed: 7)
    private var nextRequest: Instant
    private var turns = 0

    init(
        cluster: TestedCluster, ledger: Ledger, connections: Int, requestsPerSecond: Int, duration: Duration,
        killEvery: Duration, now: Instant
    ) throws {
        self.cluster = cluster
        self.ledger = ledger
        self.connections = connections
        self.killEvery = killEvery
        token = try cluster.token()
        interval = .nanoseconds(1_000_000_000 / Int64(requestsPerSecond))
        end = now + duration
        memory = MemoryLog(cluster: cluster, began: now, duration: duration)
        stage = .running(nextKill: now + killEvery)
        nextRequest = now
    }

    func wire(endpoint: Int) -> RedisWire { RedisWire(token: token, readsLocally: false, waits: false) }

    func refill(_ connection: ClientConnection<RedisWire>, now: Instant) {}

    mutating func turn(_ connections: [ClientConnection<RedisWire>], now: Instant) -> Instant? {
        do {
            try proceed(connections, now: now)
            memory.sample(now: now)
        } catch {
            problem = "\(error)"
        }
        guard problem == nil else { return nil }
        if case .draining = stage {
            let isDone = connections.allSatisfy { $0.underWay == 0 } || now > end + SoakDriver.drainMax
            return isDone ? nil : now + .milliseconds(10)
        }
        nextRequest = max(nextRequest, now + .milliseconds(-20))
        while nextRequest <= now {
            ask(connections, now: now)
            nextRequest = nextRequest + interval
        }
        return nextRequest
    }

    // MARK: Requests and answers

    /// One request, by the next connection that is free.
    private mutating func ask(_ connections: [ClientConnection<RedisWire>], now: Instant) {
        for _ in connections {
            turns += 1
            let connection = connections[turns % connections.count]
            guard connection.isOpen, connection.underWay == 0 else { continue }
            let word = random.next()
            let slots = UInt64(ledger.keys / self.connections)
            let key = Int(word % slots) * self.connections + connection.number
            let name = ledger.name(of: key)
            if word >> 40 & 1 == 0 || ledger.isRetired(key) {
                return connection.submit(tag: UInt64(key) << 1, now: now) { RedisWire.append(["GET", name], to: &$1) }
            }
            let value = ledger.value(of: key, version: ledger.nextVersion(of: key))
            return connection.submit(tag: UInt64(key) << 1 | 1, now: now) {
                RedisWire.append(["SET", name, String(decoding: value, as: UTF8.self)], to: &$1)
            }
        }
    }

    mutating func answered(
        _ request: ClientConnection<RedisWire>.Pending, _ answer: Answer, reply: RawSpan,
        by connection: ClientConnection<RedisWire>, now: Instant
    ) {
        let key = Int(request.tag >> 1)
        let isWrite = request.tag & 1 == 1
        if let failure = answer.failure {
            errors[failure, default: 0] += 1
            if isWrite, failure == "UNKNOWNRESULT" { ledger.retire(key) }
        } else if isWrite {
            writes += 1
            ledger.acknowledge(key)
        } else {
            reads += 1
            note(ledger.fault(of: key, found: Ledger.bytes(of: reply)))
        }
    }

    mutating func lost(
        _ requests: [ClientConnection<RedisWire>.Pending], of connection: ClientConnection<RedisWire>, reason: String,
        now: Instant
    ) {
        errors[reason, default: 0] += 1
        for request in requests where request.tag & 1 == 1 { ledger.retire(Int(request.tag >> 1)) }
    }

    private mutating func note(_ fault: String?) {
        guard let fault, faults.count < 100 else { return }
        faults.append(fault)
    }

    // MARK: Kills

    private mutating func proceed(_ connections: [ClientConnection<RedisWire>], now: Instant) throws {
        switch stage {
        case .running(let nextKill):
            if now >= end { return stage = .draining }
            guard now >= nextKill, nextKill + SoakDriver.downtime < end else { return }
            stage = .choosing(victim())
        case .choosing(let errand):
            guard let node = try errand.result() else { return }
            try cluster.send(.kill, to: node)
            kills += 1
            stage = .down(node: node, until: now + SoakDriver.downtime)
        case .down(let node, let until):
            guard now >= until else { return }
            stage = .starting(
                Errand { [cluster] in
                    try cluster.start(node)
                    return true
                })
        case .starting(let errand):
            guard try errand.result() != nil else { return }
            memory.reload()
            stage = .running(nextKill: now + (killEvery - SoakDriver.downtime))
        case .draining: break
        }
    }

    /// The leader two times of three, a follower the third.
    private func victim() -> Errand<String> {
        let wantsLeader = kills % 3 != 2
        return Errand { [cluster] in
            let victim = try cluster.eventually(within: .seconds(30)) { status -> String? in
                guard let leader = status.leader else { return nil }
                return wantsLeader ? leader : status.nodes.map(\.id).first { $0 != leader } ?? leader
            }
            if let victim { return victim }
            throw TestFailure(description: "no leader for 30 s: see `nodectl status`")
        }
    }
}

extension Ledger {
    /// The value that a reply to GET carries; nil for none.
    static func bytes(of reply: RawSpan) -> [UInt8]? {
        guard case .bulk(let bytes)? = try? ReplyDecoder.value(of: reply) else { return nil }
        return bytes
    }
}
