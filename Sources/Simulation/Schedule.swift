// One run, decided: its seed, its size, and every fault with its time.

/// Two phases: faults happen until `length`, then everything heals and progress is owed.
public struct Schedule: Hashable, Sendable {
    public static let nodesMax = 7

    public var seed: UInt64
    /// Members from the beginning.
    public var nodes: Int
    /// Machines that may become members, and are none yet; their positions come behind those of the members.
    public var spares: Int
    /// Of the phase with faults, in nanoseconds.
    public var length: Int64
    /// In the order of their times.
    public var faults: [Fault]
    /// Whether there is an archive, if the seed draws one.
    public var mayHaveArchive = false

    public init(seed: UInt64, nodes: Int, spares: Int = 0, length: Int64, faults: [Fault]) {
        precondition(nodes >= 1 && spares >= 0 && nodes + spares <= Schedule.nodesMax, "a cluster of \(nodes)")
        self.seed = seed
        self.nodes = nodes
        self.spares = spares
        self.length = length
        self.faults = faults
    }

    var machines: Int { nodes + spares }

    /// The run of a seed: 3 nodes, or 5 in one of eight unless `nodes` says how many.
    public init(seed: UInt64, nodes: Int? = nil, length: Int64? = nil) {
        var random = SeededRandom.stream(2, of: seed)
        let drawnNodes = random.chance(125) ? 5 : 3
        let drawnLength = Int64(random.within(20...100)) * 1_000_000_000
        self.init(seed: seed, nodes: nodes ?? drawnNodes, length: length ?? drawnLength, faults: [])
        mayHaveArchive = true
        var changes = MembershipDrawing(seed: seed, nodes: self.nodes)
        spares = changes.spares
        var drawing = FaultDrawing(nodes: machines, random: random)
        let drawn = drawing.faults(until: self.length) + changes.faults(until: self.length)
        faults = drawn.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }
}

/// Draws faults: each seed has some kinds of them only, with its own pace.
struct FaultDrawing {
    let nodes: Int
    var random: SeededRandom

    mutating func faults(until end: Int64) -> [Fault] {
        let chance = random.pick([150, 400, 1000])
        var kinds = Fault.Kind.disturbances.filter { _ in random.chance(chance) }
        if kinds.isEmpty { kinds = [random.pick(Fault.Kind.disturbances)] }
        let pause = Int64(random.pick([300, 1000, 3000, 6000])) * 1_000_000
        var faults: [Fault] = []
        var time = Int64(random.within(0...2000)) * 1_000_000
        while time < end {
            faults.append(fault(random.pick(kinds), at: time))
            time += Int64(random.below(Int(2 * pause))) + 1
        }
        return faults
    }

    private mutating func fault(_ kind: Fault.Kind, at time: Int64) -> Fault {
        let node = random.below(nodes)
        var fault = Fault(at: time, kind: kind, node: node, peer: (node + random.within(1...max(1, nodes - 1))) % nodes)
        fault.amount = amount(of: kind)
        fault.lasts = Int64(random.skewed(1...lasting(kind))) * 1_000_000
        return fault
    }

    private mutating func amount(of kind: Fault.Kind) -> UInt64 {
        switch kind {
        case .killBetweenEffects: UInt64(random.below(12))
        case .losePowerAtCall, .killAtCall: UInt64(random.below(60))
        case .flap: UInt64(random.within(20...800)) * 1_000_000
        case .noise: UInt64(random.within(1...300))
        case .lag: UInt64(random.skewed(1...500)) * 1_000_000
        case .slowDisk: UInt64(random.within(2...100))
        case .fillDisk: UInt64(random.skewed(0...60_000))
        case .clockJump: UInt64(bitPattern: Int64(random.skewed(1...1 << 40)) * (random.chance(500) ? 1 : -1))
        case .drift: UInt64(bitPattern: Int64(random.within(-50_000...50_000)))
        default: random.next() >> 1
        }
    }

    /// Milliseconds that a fault of this kind lasts at most.
    private func lasting(_ kind: Fault.Kind) -> Int {
        switch kind {
        case .pause, .stallDisk: 3000
        case .outage: 30_000
        case .cut, .split, .flap, .noise, .lag, .slowDisk, .fillDisk: 8000
        default: 4000
        }
    }
}
