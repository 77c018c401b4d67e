// A whole cluster with its clients in one thread: one queue of events, and a judge behind every step.

import Consensus
import LogFormat
import LogStore
import PeerProtocol
import Replica
import Vocabulary

/// What can come next.
enum WorldEvent: Sendable {
    case turn(Int, life: UInt32)
    /// A node's deadline is due, as far as was known when this was put in.
    case wake(Int, life: UInt32)
    /// The disk has finished the sync of the pass under way.
    case synced(Int, life: UInt32)
    /// The disk has finished a segment.
    case prepared(Int, life: UInt32)
    /// The log has something to do by itself: look for space, seal.
    case diskWake(Int, life: UInt32)
    case readDone(Int, life: UInt32)
    /// The keeper of snapshots has had its disk for a while.
    case keeper(Int, life: UInt32)
    /// A piece of a snapshot was read for another node.
    case serve(Int, life: UInt32)
    /// A node looks at its older segments again.
    case scrub(Int, life: UInt32)
    /// A node ends, to start again at once.
    case restart(Int, life: UInt32)
    case start(Int)
    case arrival(Int)
    case wireCheck(Int, Int)
    case dial(Int, Int)
    /// The other side's end of a connection has come through.
    case hangup(Int, from: Int, connection: UInt32)
    case probe(Int, of: Int, life: UInt32, until: Int64)
    case fault(Int)
    case faultEnds(Int)
    /// The operator looks whether the members are those that were wanted.
    case operate
    case flap(Int)
    case client(Int)
    /// A request that waits for an element is ended by its client, or by an operator.
    case waitEnds(UInt64, hangsUp: Bool)
    /// A leader's thread that ships has a step to make.
    case ship(Int, life: UInt32)
    /// The store has answered: the archive has everything up to here.
    case shipped(Int, life: UInt32, term: Term, through: LogIndex)
    /// The archive is judged, whatever state it is in.
    case judgeArchive
}

/// Runs a schedule. Nothing in it asks a clock, the system or a hash order: the same schedule gives the same events.
final class World {
    let schedule: Schedule
    let traits: Traits
    let bug: PlantedBug?
    var nodes: [SimulatedNode]
    var wires: Wires
    var clients: ClientCrowd
    var logJudge: LogJudge
    var stateJudge: StateJudge
    var trace: Trace
    var now: Int64 = 0
    var events = EventQueue<WorldEvent>()
    var random: SeededRandom
    /// What is under way, by slot.
    var parcels: [Parcel?] = []
    var freeSlots: [Int] = []
    /// Faults have ended, and no new ones begin.
    var isHealing = false
    /// Nodes whose last start has found damage that is not repaired yet.
    var repairing: [Int] = []
    /// What the operator has to do about the members, one after the other.
    var errands: [MemberErrand] = []
    /// A fault that waits for voters to change.
    var interruption: Int?
    var figures = RunFigures()
    /// Where leaders ship their logs; nil in a world without.
    let archive: SimulatedArchive?
    var archiveJudge = ArchiveJudge()
    /// The newest segment that each member had sealed when the end was near, and has read again since.
    var sealedAtEnd: [(position: Int, segment: UInt64)] = []

    /// What a node takes to drain for a restart of its own.
    static let drainTime: Int64 = 20_000_000
    /// Far more than any run has that does not run in circles.
    private static let eventsMax: UInt64 = 5_000_000
    static let cluster = ClusterID(high: 0x7472_6972, low: 0x656D_6531)
    /// 2026-01-01T00:00:00Z in microseconds.
    private static let epoch: Int64 = 1_767_225_600_000_000

    init(_ schedule: Schedule, bug: PlantedBug?, trace: Trace) {
        self.schedule = schedule
        self.bug = bug
        self.trace = trace
        var traits = Traits(seed: schedule.seed)
        if !schedule.mayHaveArchive { traits.archive.isThere = false }
        self.traits = traits
        var random = SeededRandom.stream(3, of: schedule.seed)
        nodes = (0..<schedule.machines).map { position in
            let start = Int64(random.within(1...1 << 40))
            let wall = World.epoch + Int64(random.within(-3_000_000...3_000_000))
            return SimulatedNode(
                position: position, founders: schedule.nodes, clock: LocalClock(start: start, wall: wall))
        }
        wires = Wires(nodes: schedule.machines)
        clients = ClientCrowd(traits, nodes: schedule.machines, seed: schedule.seed)
        logJudge = LogJudge(nodes.map(\.id), spares: schedule.spares)
        stateJudge = StateJudge(nodes: schedule.machines, cluster: World.cluster)
        self.random = random
        archive = traits.archive.isThere ? SimulatedArchive(traits.archive, seed: schedule.seed) : nil
        archive?.believesTimeouts = bug == .believeTimeouts
        for node in nodes { plant(in: node.disk) }
    }

    // MARK: The run

    func run() throws(Violation) {
        begin()
        try step(until: schedule.length)
        try heal()
        try judgeEnd()
    }

    private func begin() {
        for node in 0..<schedule.nodes { events.push(.start(node), at: Int64(random.below(5_000_000))) }
        for a in nodes.indices {
            for b in nodes.indices where a < b { events.push(.wireCheck(a, b), at: World.wireCheckInterval) }
        }
        for client in clients.indices { events.push(.client(client), at: 300_000_000 + clients.think(client)) }
        if archive != nil { events.push(.judgeArchive, at: World.archiveJudged) }
        for (number, fault) in schedule.faults.enumerated() { events.push(.fault(number), at: fault.at) }
    }

    func step(until end: Int64) throws(Violation) {
        while let next = events.nextTime, next <= end, let (time, event) = events.pop() {
            now = max(now, time)
            try take(event)
        }
        now = max(now, end)
    }

    private func take(_ event: WorldEvent) throws(Violation) {
        figures.events += 1
        guard figures.events < World.eventsMax else {
            throw Violation(.liveness, "more than \(World.eventsMax) events: somebody turns without end")
        }
        switch event {
        case .turn(let node, let life): if isAlive(node, life) { try turn(node) }
        case .wake(let node, let life): if isAlive(node, life) { wake(node) }
        case .synced(let node, let life): if isAlive(node, life) { try synced(node) }
        case .prepared(let node, let life): if isAlive(node, life) { try prepared(node) }
        case .diskWake(let node, let life): if isAlive(node, life) { try diskWake(node) }
        case .readDone(let node, let life): if isAlive(node, life) { try readDone(node) }
        case .keeper(let node, let life): if isAlive(node, life) { try stepKeeper(node) }
        case .serve(let node, let life): if isAlive(node, life) { answerQuestion(node) }
        case .scrub(let node, let life): if isAlive(node, life) { scrub(node) }
        case .restart(let node, let life):
            if isAlive(node, life) { crash(node, downFor: World.drainTime, losesPower: false) }
        case .start(let node): try start(node)
        case .arrival(let slot): arrive(slot)
        case .wireCheck(let a, let b): checkWire(a, b)
        case .dial(let a, let b): dial(a, b)
        case .hangup(let node, let peer, let connection): hangup(node, from: peer, connection)
        case .probe(let node, let peer, let life, let until):
            if isAlive(node, life) { probe(node, of: peer, until: until) }
        case .fault(let number): try begin(schedule.faults[number], number)
        case .faultEnds(let number): end(schedule.faults[number])
        case .operate: operate()
        case .flap(let number): flap(number)
        case .client(let client): ask(client)
        case .waitEnds(let token, let hangsUp): endWait(token, hangsUp: hangsUp)
        case .ship(let node, let life): if isAlive(node, life) { try ship(node) }
        case .shipped(let node, let life, let term, let index):
            if isAlive(node, life) { try shipped(node, term, through: index) }
        case .judgeArchive: try judgeArchiveNow()
        }
    }

    func isAlive(_ node: Int, _ life: UInt32) -> Bool { nodes[node].life != nil && nodes[node].lives == life }

    func isPaused(_ node: Int) -> Bool { nodes[node].pausedUntil > now }

    func say(_ text: @autoclosure () -> String) { trace.say(at: now, text()) }
}
