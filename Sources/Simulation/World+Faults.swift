// What the nemeses do, and the bound that keeps survival required.

import Vocabulary

/// How much may be damaged at rest, so that nothing acknowledged may be lost.
///
/// 1. Fewer than a majority of the disks are damaged at a time: one of three, two of five. A disk is damaged from the
///    hit until the node has its log whole again, whether or not it has noticed. None is hit before every voter has
///    taken part: one that never did has no more to give than one that lost everything. A voter that is fenced, for
///    that or any other reason, counts as damaged; so does a member with damaged snapshots, until nothing of them is
///    damaged any more, and one whose state a nemesis has altered, until it has another and no snapshot of that one;
///    and one that has lost its disk, until it is no member. While members change, whatever anybody takes for the
///    members is looked at, and the smallest set of voters says how many. Only members are hit.
/// 2. The newest batch of a log is not hit, nor is the last thing that stands behind it: damage there cannot be told
///    from a torn tail (docs/formats/log.md). A log at rest seals its newest batch after a twentieth of a second.
/// 3. Everything else may happen to any node at any time: crashes, power loss, lost and failing calls, cut and slow
///    networks, pauses and clocks.
enum DamageBound {
    static func allows(_ node: Int, _ judge: LogJudge, _ nodes: [SimulatedNode]) -> Bool {
        let inForce = judge.membersInForce
        let witnesses = judge.witnesses
        guard !nodes[node].hasLostDisk, inForce.contains(where: { $0.isMember(nodes[node].id) }) else { return false }
        var others = 0
        for (position, witness) in witnesses.enumerated() {
            let isVoter = inForce.contains { $0.isVoter(witness.id) }
            if isVoter, witness.durable.last == .zero, !nodes[position].hasLostDisk { return false }
            guard position != node, inForce.contains(where: { $0.isMember(witness.id) }) else { continue }
            let isFenced = isVoter && witness.durable.fence != nil
            if witness.isDamaged || isFenced || nodes[position].isUnsound { others += 1 }
        }
        return others < inForce.map(\.tolerance).min() ?? 0
    }
}

extension World {
    func begin(_ fault: Fault, _ number: Int) throws(Violation) {
        guard !isHealing else { return }
        figures.faults += 1
        trace.note(.fault, now, UInt64(number))
        say("fault: \(fault)")
        let node = nodes[fault.node]
        switch fault.kind {
        case .kill: crash(fault.node, downFor: fault.lasts, losesPower: false)
        case .killBetweenEffects:
            node.effectsLeft = Int(fault.amount)
            node.downFor = fault.lasts
        case .losePower: crash(fault.node, downFor: fault.lasts, losesPower: true)
        case .losePowerAtCall:
            node.diesByProcess = false
            node.disk.endPower(afterCalls: Int(fault.amount))
        case .killAtCall:
            node.diesByProcess = true
            node.disk.endPower(afterCalls: Int(fault.amount))
        case .losePowerEverywhere:
            for position in nodes.indices { crash(position, downFor: fault.lasts, losesPower: true) }
        case .pause: node.pausedUntil = max(node.pausedUntil, now + fault.lasts)
        case .failSync: node.disk.fail(.sync, after: Int(fault.amount % 4))
        case .failRead: node.disk.fail(.read, after: Int(fault.amount % 4))
        case .failWrite: node.disk.fail(.write, after: Int(fault.amount % 4))
        case .flipBit, .lostSector, .misplacedSector, .loseFile: damage(fault)
        case .flipSnapshotBit, .lostSnapshotSector, .loseSnapshotFile: damageSnapshots(fault)
        case .corruptState: corruptState(fault.node)
        case .outage: crash(fault.node, downFor: fault.lasts, losesPower: false)
        case .snapshot:
            for position in nodes.indices where nodes[position].life != nil { post(.snapshotWanted, to: position) }
        case .clockJump: node.clock.jump(Int64(bitPattern: fault.amount))
        case .drift: node.clock.setDrift(Int64(bitPattern: fault.amount), at: now)
        case .handover:
            for position in nodes.indices where nodes[position].life?.replica.raft.role == .leader {
                post(.handover(to: fault.peer == position ? nil : fault.peer), to: position)
            }
        case .addMember, .promoteMember, .removeMember, .replaceMember, .loseDisk: begin(members: fault)
        case .killInChange, .splitInChange: interruption = number
        case .cut, .split, .flap, .noise, .lag, .slowDisk, .stallDisk, .fillDisk:
            apply(fault)
            events.push(.faultEnds(number), at: now + fault.lasts)
            if fault.kind == .flap { events.push(.flap(number), at: now + Int64(fault.amount)) }
        }
    }

    private func apply(_ fault: Fault) {
        let node = nodes[fault.node]
        switch fault.kind {
        case .cut: cut(fault.node, fault.peer, by: 1)
        case .split: forEachSplitPair(fault) { cut($0, $1, by: 1) }
        case .flap: cutBoth(fault, by: 1)
        case .noise: wires[fault.node, fault.peer].noise = Int(fault.amount)
        case .lag: wires[fault.node, fault.peer].lag = Int64(fault.amount)
        case .slowDisk: node.diskFactor = Int(fault.amount)
        case .stallDisk: node.diskStalledUntil = max(node.diskStalledUntil, now + fault.lasts)
        case .fillDisk: node.disk.capacity = node.disk.used + Int(fault.amount)
        default: break
        }
    }

    func end(_ fault: Fault) {
        guard !isHealing else { return }
        say("over: \(fault)")
        let node = nodes[fault.node]
        switch fault.kind {
        case .cut: cut(fault.node, fault.peer, by: -1)
        case .split, .splitInChange: forEachSplitPair(fault) { cut($0, $1, by: -1) }
        // A flap is cut at its even turns; one that ends while it is healed has nothing to undo.
        case .flap: if (fault.lasts / Int64(fault.amount)).isMultiple(of: 2) { cutBoth(fault, by: -1) }
        case .noise: wires[fault.node, fault.peer].noise = 0
        case .lag: wires[fault.node, fault.peer].lag = 0
        case .slowDisk: node.diskFactor = 1
        case .fillDisk: node.disk.capacity = .max
        default: break
        }
    }

    /// A leader is about to write down that voters change: what waits for that happens now.
    func interrupt(_ position: Int) {
        guard let number = interruption, !isHealing else { return }
        interruption = nil
        figures.interruptions += 1
        let fault = schedule.faults[number]
        say("in the midst of a change: \(fault)")
        if fault.kind == .killInChange {
            nodes[position].effectsLeft = Int(fault.amount)
            nodes[position].downFor = fault.lasts
        } else {
            forEachSplitPair(fault) { cut($0, $1, by: 1) }
            events.push(.faultEnds(number), at: now + fault.lasts)
        }
    }

    /// Cut and healed in turn.
    func flap(_ number: Int) {
        let fault = schedule.faults[number]
        guard !isHealing, now < fault.at + fault.lasts else { return }
        let turn = (now - fault.at) / Int64(fault.amount)
        cutBoth(fault, by: turn.isMultiple(of: 2) ? 1 : -1)
        events.push(.flap(number), at: now + Int64(fault.amount))
    }

    private func cutBoth(_ fault: Fault, by change: Int) {
        cut(fault.node, fault.peer, by: change)
        cut(fault.peer, fault.node, by: change)
    }

    /// One direction: nothing that `from` sends reaches `to`.
    private func cut(_ from: Int, _ to: Int, by change: Int) {
        guard from != to else { return }
        wires[from, to].cuts[Wires.side(of: to, to: from)] += change
        if change < 0 { releaseHeld(from, to) }
    }

    private func forEachSplitPair(_ fault: Fault, _ body: (Int, Int) -> Void) {
        for a in nodes.indices {
            for b in nodes.indices where a != b && fault.amount >> UInt64(a) & 1 != fault.amount >> UInt64(b) & 1 {
                body(a, b)
            }
        }
    }

    // MARK: Damage

    func isDamageAllowed(_ node: Int) -> Bool { DamageBound.allows(node, logJudge, nodes) }

    private func damage(_ fault: Fault) {
        let node = nodes[fault.node]
        guard isDamageAllowed(fault.node), hit(fault, node) else {
            return say("no damage: it would be beyond the bound")
        }
        figures.damagesDone += 1
        node.isDamaged = true
        // What a repair under way does not know of is found by the next start.
        repairing.removeAll { $0 == fault.node }
        logJudge.witnesses[fault.node].isDamaged = true
    }

    /// Does it, unless it would hit what may not be. Chosen among what the log has in use, and a little behind.
    private func hit(_ fault: Fault, _ node: SimulatedNode) -> Bool {
        let names = node.disk.segmentNames
        guard !names.isEmpty else { return false }
        let name = names[Int(fault.amount % UInt64(names.count))]
        let choice = Int(fault.amount >> 8 & 0xFFFF_FFFF)
        let reach = DamageReach(of: name, on: node.disk)
        let end = reach.end
        guard end > 0 else { return false }
        switch fault.kind {
        case .flipBit:
            node.disk.flipBit(choice % (8 * end), of: name)
        case .lostSector, .misplacedSector:
            let sectors = end / SimulatedDisk.sectorSize
            guard sectors > 0 else { return false }
            let source = fault.kind == .misplacedSector ? (choice >> 8) % sectors : nil
            node.disk.replaceSector(choice % sectors, of: name, bySector: source)
        case .loseFile:
            guard !reach.isNewestFile else { return false }
            node.disk.removeFile(name)
        default: return false
        }
        return true
    }

    // MARK: Healing

    /// Everything that a nemesis holds is let go.
    func heal() throws(Violation) {
        isHealing = true
        say("all faults end")
        archive?.heal()
        for node in nodes {
            node.pausedUntil = min(node.pausedUntil, now)
            node.diskFactor = 1
            node.diskStalledUntil = min(node.diskStalledUntil, now)
            node.disk.capacity = .max
            node.effectsLeft = nil
            node.clock.setDrift(0, at: now)
            if node.life != nil { node.disk.survivesProcess() }
        }
        for position in nodes.indices where nodes[position].life == nil && nodes[position].isInstalled {
            events.push(.start(position), at: now + 1_000_000_000)
        }
        for a in nodes.indices {
            for b in nodes.indices where a < b {
                wires[a, b].cuts = [0, 0]
                wires[a, b].noise = 0
                wires[a, b].lag = 0
                releaseHeld(a, b)
            }
        }
        try awaitHealth()
    }
}
