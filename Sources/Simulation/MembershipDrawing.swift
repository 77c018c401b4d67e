// Which runs have operators that change the membership, and what these do.

/// Draws from a stream of its own, so that what else a seed means stays what it is.
struct MembershipDrawing {
    /// Of a thousand seeds so many have spare machines, and members that come and go.
    private static let share = 300

    let spares: Int
    private let nodes: Int
    private var random: SeededRandom

    init(seed: UInt64, nodes: Int) {
        random = SeededRandom.stream(5, of: seed)
        self.nodes = nodes
        let most = min(3, Schedule.nodesMax - nodes)
        guard nodes >= 3, most > 0, random.chance(MembershipDrawing.share) else {
            spares = 0
            return
        }
        spares = random.within(1...most)
    }

    mutating func faults(until end: Int64) -> [Fault] {
        guard spares > 0 else { return [] }
        var kinds = Fault.Kind.membership.filter { _ in random.chance(600) }
        // Nobody would go, or nobody come.
        if !kinds.contains(.replaceMember) { kinds += [.addMember, .removeMember] }
        let pause = random.pick([1000, 3000, 8000])
        var faults: [Fault] = []
        var time = Int64(random.within(1000...5000)) * 1_000_000
        while time < end {
            faults.append(fault(random.pick(kinds), at: time))
            time += Int64(1 + random.below(2 * pause)) * 1_000_000
        }
        return faults
    }

    private mutating func fault(_ kind: Fault.Kind, at time: Int64) -> Fault {
        let machines = nodes + spares
        let node = random.below(machines)
        let peer = (node + random.within(1...machines - 1)) % machines
        let isInterruption = kind == .killInChange || kind == .splitInChange
        let lasts = Int64(isInterruption ? random.skewed(1...8000) : random.within(1000...20_000)) * 1_000_000
        let amount = UInt64(random.below(isInterruption ? 1 << machines : 4))
        return Fault(at: time, kind: kind, node: node, peer: peer, amount: amount, lasts: lasts)
    }
}
