// The network: connections that are made, break and are believed in for too long, and what travels over them.

import Replica
import Vocabulary

extension World {
    static let wireCheckInterval: Int64 = 1_000_000_000
    static let probeInterval: Int64 = 4_000_000

    // MARK: Parcels

    func networkDelay(_ a: Int, _ b: Int) -> Int64 {
        let lag = wires[a, b].lag
        return Int64(random.within(traits.networkDelay)) + (lag > 0 ? Int64(random.below(Int(lag))) : 0)
    }

    /// Without a connection it is lost, as it is in a node.
    func send(_ content: Content, from: Int, to: Int) {
        guard wires.isUp(from, to), !plantsLoss(of: content) else { return }
        let delay = networkDelay(from, to)
        let noise = wires[from, to].noise
        if noise > 0, case .message = content, random.chance(noise) {
            return disturb(content, from: from, to: to, delay)
        }
        let side = Wires.side(of: to, to: from)
        let time = max(now + delay, wires[from, to].lastArrival[side] + 1)
        wires[from, to].lastArrival[side] = time
        post(content, from: from, to: to, at: time)
        if plantsTwin(of: content) { post(content, from: from, to: to, at: time + 1) }
    }

    /// A consensus message is lost, doubled, or overtaken by those behind it.
    private func disturb(_ content: Content, from: Int, to: Int, _ delay: Int64) {
        switch random.below(3) {
        case 0: say("lost: n\(from + 1) to n\(to + 1)")
        case 1:
            post(content, from: from, to: to, at: now + delay)
            post(content, from: from, to: to, at: now + delay + Int64(random.skewed(1...500_000_000)))
        default: post(content, from: from, to: to, at: now + delay + Int64(random.skewed(1...500_000_000)))
        }
    }

    private func post(_ content: Content, from: Int, to: Int, at time: Int64) {
        let sent = traits.usesWire ? content.throughWire(limit: SimulatedNode.wireLimit) : content
        let parcel = Parcel(from: from, to: to, connection: wires[from, to].connection, content: sent)
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
            parcels[slot] = parcel
        } else {
            slot = parcels.count
            parcels.append(parcel)
        }
        events.push(.arrival(slot), at: time)
    }

    func arrive(_ slot: Int) {
        guard let parcel = parcels[slot] else { return }
        let side = Wires.side(of: parcel.to, to: parcel.from)
        let isOpen =
            wires[parcel.from, parcel.to].connection == parcel.connection && wires.isUp(parcel.to, parcel.from)
        if isOpen, wires[parcel.from, parcel.to].cuts[side] > 0 {
            wires[parcel.from, parcel.to].held[side].append(slot)
            return
        }
        parcels[slot] = nil
        freeSlots.append(slot)
        guard isOpen else { return }
        wires[parcel.from, parcel.to].lastHeard[side] = now
        var content = parcel.content
        plant(in: &content, at: parcel.to)
        trace.note(.arrival, now, UInt64(parcel.from), UInt64(parcel.to))
        post(.content(content, from: parcel.from), to: parcel.to)
        plantConsent(of: content, from: parcel.from, to: parcel.to)
    }

    /// A cut has ended: what it held up is sent again.
    func releaseHeld(_ a: Int, _ b: Int) {
        for side in 0...1 where wires[a, b].cuts[side] == 0 {
            let held = wires[a, b].held[side]
            wires[a, b].held[side] = []
            for slot in held {
                let time = max(now + networkDelay(a, b), wires[a, b].lastArrival[side] + 1)
                wires[a, b].lastArrival[side] = time
                events.push(.arrival(slot), at: time)
            }
        }
    }

    // MARK: Connections

    /// Every second: what is up sends its pings, what has been silent for too long is given up.
    func checkWire(_ a: Int, _ b: Int) {
        events.push(.wireCheck(a, b), at: now + World.wireCheckInterval)
        for (node, peer) in [(a, b), (b, a)] {
            if schedule.spares > 0, !isPaused(node), let life = nodes[node].life { followMembers(node, life) }
            let side = Wires.side(of: node, to: peer)
            guard wires[a, b].isUp[side], nodes[node].life != nil, !isPaused(node) else { continue }
            let speaks = wires.isUp(peer, node) && nodes[peer].life != nil && !isPaused(peer)
            if speaks, wires[a, b].cuts[side] == 0 { wires[a, b].lastHeard[side] = now }
            if now - wires[a, b].lastHeard[side] > Wire.silenceMax { close(node, peer) }
        }
    }

    /// A node ends its side of a connection; the other side hears of it if the way is free.
    ///
    /// - Parameter afterAll: what was sent before arrives before that.
    private func close(_ node: Int, _ peer: Int, afterAll: Bool = false) {
        let side = Wires.side(of: node, to: peer)
        guard wires[node, peer].isUp[side] else { return }
        wires[node, peer].isUp[side] = false
        dropHeld(node, peer, side)
        say("\(nodes[node].id) gives up its connection to \(nodes[peer].id)")
        post(.disconnected(peer), to: node)
        let earliest = afterAll ? wires[node, peer].lastArrival[Wires.side(of: peer, to: node)] + 1 : 0
        hangUpLater(node, peer, notBefore: earliest)
        dialSoon(min(node, peer), max(node, peer))
    }

    private func hangUpLater(_ node: Int, _ peer: Int, notBefore earliest: Int64 = 0) {
        guard wires[node, peer].cuts[Wires.side(of: peer, to: node)] == 0 else { return }
        let event = WorldEvent.hangup(peer, from: node, connection: wires[node, peer].connection)
        events.push(event, at: max(now + networkDelay(node, peer), earliest))
    }

    func hangup(_ node: Int, from peer: Int, _ connection: UInt32) {
        guard wires[node, peer].connection == connection, wires.isUp(node, peer) else { return }
        guard nodes[node].life != nil else { return }
        wires[node, peer].isUp[Wires.side(of: node, to: peer)] = false
        dropHeld(node, peer, Wires.side(of: node, to: peer))
        post(.disconnected(peer), to: node)
        dialSoon(min(node, peer), max(node, peer))
    }

    /// A process is gone. When its machine is up, the other side hears of it.
    func breakWire(_ node: Int, _ peer: Int, isMachineUp: Bool) {
        let side = Wires.side(of: node, to: peer)
        wires[node, peer].isUp[side] = false
        dropHeld(node, peer, side)
        if isMachineUp { hangUpLater(node, peer) }
    }

    private func dropHeld(_ node: Int, _ peer: Int, _ side: Int) {
        for slot in wires[node, peer].held[side] {
            parcels[slot] = nil
            freeSlots.append(slot)
        }
        wires[node, peer].held[side] = []
    }

    /// The node with the lower position dials; the other one does when that does not know it.
    func dialSoon(_ a: Int, _ b: Int) {
        guard !wires[a, b].isDialing, nodes[a].life != nil else { return }
        wires[a, b].isDialing = true
        wires[a, b].redialDelay = Wire.redialMin
        events.push(.dial(a, b), at: now + networkDelay(a, b))
    }

    func dial(_ a: Int, _ b: Int) {
        wires[a, b].isDialing = false
        guard nodes[a].life != nil, !wires[a, b].isUp[0], wants(a, b) || wants(b, a) else { return }
        let (caller, called) = wants(a, b) ? (a, b) : (b, a)
        if isReachable(called, from: caller), !isPaused(caller) {
            if nodes[called].life == nil {
                post(.refuses(called), to: caller)
            } else if !isPaused(called), receives(called, caller), admits(a, b), admits(b, a) {
                return connect(a, b)
            }
        }
        wires[a, b].isDialing = true
        if caller == b { wires[a, b].redialDelay = Wire.strangerDelay }
        events.push(.dial(a, b), at: now + wires[a, b].redialDelay)
        wires[a, b].redialDelay = min(Wire.redialMax, 2 * wires[a, b].redialDelay)
    }

    private func isReachable(_ node: Int, from other: Int) -> Bool {
        !wires[node, other].isCutAnywhere && !nodes[node].isMachineDown
    }

    /// Whether a node dials another: whom consensus has to be connected with.
    private func wants(_ node: Int, _ peer: Int) -> Bool {
        nodes[node].life?.correspondents.contains(nodes[peer].id) ?? false
    }

    /// Whether a node takes another's call. One that knows of no leader takes everybody's: it may have been away while
    /// the members changed, and be needed by those that it does not know.
    private func receives(_ node: Int, _ peer: Int) -> Bool {
        wants(node, peer) || nodes[node].life.map { $0.replica.raft.leader == nil } ?? false
    }

    /// A node's connections follow its members, as its mesh does; with a leader, guests are let go.
    func followMembers(_ position: Int, _ life: SimulatedNode.Life) {
        let wanted = life.replica.raft.correspondents
        let isChanged = wanted != life.correspondents
        life.correspondents = wanted
        for peer in nodes.indices where peer != position {
            let isWanted = wanted.contains(nodes[peer].id)
            if isWanted, isChanged, !wires.isUp(position, peer) { dialSoon(min(position, peer), max(position, peer)) }
            guard let leader = life.replica.raft.leader else { continue }
            if !isWanted || !knows(position, peer) && leader != nodes[peer].id { close(position, peer, afterAll: true) }
        }
    }

    /// Whether a node lets another one in with the disk that it has.
    private func admits(_ node: Int, _ peer: Int) -> Bool {
        guard let life = nodes[node].life else { return false }
        return knows(node, peer) || life.replica.raft.leader == nil
    }

    private func knows(_ node: Int, _ peer: Int) -> Bool {
        nodes[node].life?.replica.registry.admits(nodes[peer].id, nodes[peer].storage) ?? true
    }

    private func connect(_ a: Int, _ b: Int) {
        // The other side may not have noticed that the last connection is gone.
        if wires[a, b].isUp[1] { post(.disconnected(a), to: b) }
        dropHeld(a, b, 0)
        dropHeld(a, b, 1)
        wires[a, b].connection += 1
        wires[a, b].isUp = [true, true]
        wires[a, b].lastHeard = [now, now]
        wires[a, b].lastArrival = [now, now]
        trace.note(.connection, now, UInt64(a), UInt64(b))
        say("\(nodes[a].id) and \(nodes[b].id) connect")
        post(.connected(b), to: a)
        post(.connected(a), to: b)
    }

    // MARK: Probes

    /// A lost leader's port is looked at every few milliseconds, until an election would come anyway.
    func probe(_ node: Int, of peer: Int, until: Int64) {
        guard now < until, !wires.isUp(node, peer) else { return }
        if isReachable(peer, from: node), nodes[peer].life == nil {
            post(.refuses(peer), to: node)
        }
        let event = WorldEvent.probe(node, of: peer, life: nodes[node].lives, until: until)
        events.push(event, at: now + World.probeInterval)
    }
}
