// A constant stream of writes through all nodes, a fault now and then, and how long writes wait after it.

import ByteCoding
import Platform
import Vocabulary

/// What is done to the leader.
enum Fault: String, CaseIterable, Sendable {
    /// `kill -9`, then started again.
    case kill
    /// SIGSTOP, then SIGCONT.
    case pause
    /// `nodectl failover`.
    case planned
    /// SIGTERM, then started again.
    case term
}

/// What one fault cost.
struct Trial {
    /// From the fault to the first acknowledgement of a write that was submitted after it, through any node.
    var recovery: Duration?
    /// The longest time between two acknowledgements from the fault on.
    var longestGap = Duration.zero
    /// Errors and lost connections that clients saw, by first word.
    var errors: [String: Int] = [:]
}

/// The trials, one after the other: find the leader of a healthy cluster, do the fault, watch, mend.
struct FailoverDriver: LoadDriver {
    private enum Stage {
        /// Asking until all nodes are healthy and equal; then the leader's name.
        case settling(Errand<String>)
        /// The load runs undisturbed until this moment.
        case steady(until: Instant, leader: String)
        case faulted(leader: String, at: Instant, work: Errand<Bool>?)
        case mending(Errand<Bool>)
    }

    /// Undisturbed load before each fault, and how long is watched after the recovery.
    private static var calm: Duration { .milliseconds(500) }
    private static var patience: Duration { .seconds(60) }

    let cluster: TestedCluster
    let fault: Fault
    let trials: Int
    let token: String
    let interval: Duration
    private(set) var results: [Trial] = []
    private(set) var problem: String?
    private(set) var writes = 0

    private var stage: Stage
    private var stageBegan: Instant
    private var trial = Trial()
    private var faultAt: Instant?
    private var lastAcknowledgement: Instant?
    private var nextWrite: Instant
    private var turns = 0
    private let value = String(repeating: "v", count: 100)

    init(cluster: TestedCluster, fault: Fault, trials: Int, token: String, writesPerSecond: Int, now: Instant) {
        self.cluster = cluster
        self.fault = fault
        self.trials = trials
        self.token = token
        interval = .nanoseconds(1_000_000_000 / Int64(writesPerSecond))
        stage = .settling(FailoverDriver.settle(cluster))
        stageBegan = now
        nextWrite = now
    }

    func wire(endpoint: Int) -> RedisWire { RedisWire(token: token, readsLocally: false, waits: false) }

    func refill(_ connection: ClientConnection<RedisWire>, now: Instant) {}

    mutating func answered(
        _ request: ClientConnection<RedisWire>.Pending, _ answer: Answer, reply: RawSpan,
        by connection: ClientConnection<RedisWire>, now: Instant
    ) {
        if let failure = answer.failure { return count(failure) }
        writes += 1
        if let faultAt {
            trial.longestGap = max(trial.longestGap, now - (lastAcknowledgement ?? faultAt))
            if trial.recovery == nil, request.sentAt > faultAt { trial.recovery = now - faultAt }
        }
        lastAcknowledgement = now
    }

    mutating func lost(
        _ requests: [ClientConnection<RedisWire>.Pending], of connection: ClientConnection<RedisWire>, reason: String,
        now: Instant
    ) {
        count(reason)
    }

    mutating func turn(_ connections: [ClientConnection<RedisWire>], now: Instant) -> Instant? {
        do {
            try proceed(now: now)
        } catch {
            problem = "\(error)"
        }
        guard problem == nil, !isDone else { return nil }
        // After a stall of this loop itself, what it missed is not made up for all at once.
        nextWrite = max(nextWrite, now + .milliseconds(-20))
        while nextWrite <= now {
            write(connections, now: now)
            nextWrite = nextWrite + interval
        }
        return nextWrite
    }

    /// After the last trial the cluster is mended and healthy again, as it was found.
    private var isDone: Bool {
        if case .steady = stage { results.count >= trials } else { false }
    }

    /// One write, by the next connection that can take it.
    private mutating func write(_ connections: [ClientConnection<RedisWire>], now: Instant) {
        for _ in connections {
            turns += 1
            let connection = connections[turns % connections.count]
            guard connection.isOpen, connection.hasRoom else { continue }
            let key = "failover:\(turns % 10_000)"
            return connection.submit(now: now) { RedisWire.append(["SET", key, value], to: &$1) }
        }
    }

    private mutating func count(_ error: String) {
        if faultAt != nil { trial.errors[error, default: 0] += 1 }
    }

    private mutating func enter(_ next: Stage, now: Instant) {
        stage = next
        stageBegan = now
    }

    private mutating func proceed(now: Instant) throws {
        guard stageBegan + FailoverDriver.patience > now else {
            throw TestFailure(description: "stuck for \(FailoverDriver.patience.inSeconds) s: \(stage)")
        }
        switch stage {
        case .settling(let errand):
            guard let leader = try errand.result() else { return }
            enter(.steady(until: now + FailoverDriver.calm, leader: leader), now: now)
        case .steady(let until, let leader):
            if now >= until { try strike(leader) }
        case .faulted(let leader, let at, let work):
            try watch(leader: leader, since: at, work: work, now: now)
        case .mending(let errand):
            guard try errand.result() != nil else { return }
            enter(.settling(FailoverDriver.settle(cluster)), now: now)
        }
    }

    /// Does the fault. The clock starts before it, so that its own time counts.
    private mutating func strike(_ leader: String) throws {
        let at = MonotonicClock.now()
        trial = Trial()
        faultAt = at
        var work: Errand<Bool>?
        switch fault {
        case .planned:
            work = Errand { [cluster] in
                try cluster.handOver()
                return true
            }
        case .kill: try cluster.send(.kill, to: leader)
        case .pause: try cluster.send(.stop, to: leader)
        case .term: try cluster.send(.terminate, to: leader)
        }
        enter(.faulted(leader: leader, at: at, work: work), now: at)
    }

    /// Waits for the recovery, and then as long again as the calm before; then the trial counts.
    private mutating func watch(leader: String, since: Instant, work: Errand<Bool>?, now: Instant) throws {
        if let work, try work.result() == nil { return }
        guard let recovery = trial.recovery, now > since + recovery + FailoverDriver.calm else { return }
        results.append(trial)
        faultAt = nil
        switch fault {
        case .planned: enter(.settling(FailoverDriver.settle(cluster)), now: now)
        case .pause:
            try cluster.send(.continue, to: leader)
            enter(.settling(FailoverDriver.settle(cluster)), now: now)
        case .kill, .term:
            let errand = Errand { [cluster] in
                try cluster.start(leader)
                return true
            }
            enter(.mending(errand), now: now)
        }
    }

    /// Asks for the status until all nodes are healthy. They need not be equal: the load goes on meanwhile.
    private static func settle(_ cluster: TestedCluster) -> Errand<String> {
        Errand {
            let leader = try cluster.eventually(within: patience) { $0.isHealthy ? $0.leader : nil }
            if let leader { return leader }
            throw TestFailure(description: "the cluster does not become healthy: see `nodectl status`")
        }
    }
}
