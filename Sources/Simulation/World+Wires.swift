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
        guard wires.isUp(from, to) else { return }
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
            let side = Wires.side(of: node, to: peer)
            guard wires[a, b].isUp[side], nodes[node].life != nil, !isPaused(node) else { continue }
            let speaks = wires.isUp(peer, node) && nodes[peer].life != nil && !isPaused(peer)
            if speaks, wires[a, b].cuts[side] == 0 { wires[a, b].lastHeard[side] = now }
            if now - wires[a, b].lastHeard[side] > Wire.silenceMax { close(node, peer) }
        }
    }

    /// A node ends its side of a connection; the other side hears of it if the way is free.
    private func close(_ node: Int, _ peer: Int) {
        let side = Wires.side(of: node, to: peer)
        guard wires[node, peer].isUp[side] else { return }
        wires[node, peer].isUp[side] = false
        dropHeld(node, peer, side)
        say("\(nodes[node].id) gives up its connection to \(nodes[peer].id)")
        post(.disconnected(peer), to: node)
        hangUpLater(node, peer)
        dialSoon(min(node, peer), max(node, peer))
    }

    private func hangUpLater(_ node: Int, _ peer: Int) {
        guard wires[node, peer].cuts[Wires.side(of: peer, to: node)] == 0 else { return }
        let event = WorldEvent.hangup(peer, from: node, connection: wires[node, peer].connection)
        events.push(event, at: now + networkDelay(node, peer))
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

    /// The node with the lower position dials.
    func dialSoon(_ a: Int, _ b: Int) {
        guard !wires[a, b].isDialing, nodes[a].life != nil else { return }
        wires[a, b].isDialing = true
        wires[a, b].redialDelay = Wire.redialMin
        events.push(.dial(a, b), at: now + networkDelay(a, b))
    }

    func dial(_ a: Int, _ b: Int) {
        wires[a, b].isDialing = false
        guard nodes[a].life != nil, !wires[a, b].isUp[0] else { return }
        if isReachable(b, from: a), !isPaused(a) {
            if nodes[b].life == nil {
                post(.refuses(b), to: a)
            } else if !isPaused(b), admits(a, b), admits(b, a) {
                return connect(a, b)
            }
        }
        wires[a, b].isDialing = true
        events.push(.dial(a, b), at: now + wires[a, b].redialDelay)
        wires[a, b].redialDelay = min(Wire.redialMax, 2 * wires[a, b].redialDelay)
    }

    private func isReachable(_ node: Int, from other: Int) -> Bool {
        !wires[node, other].isCutAnywhere && !nodes[node].isMachineDown
    }

    private func admits(_ node: Int, _ peer: Int) -> Bool {
        nodes[node].life?.replica.registry.admits(nodes[peer].id, nodes[peer].storage) ?? false
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
