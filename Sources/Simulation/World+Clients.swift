// Between the clients and the nodes.

import ByteCoding
import PeerProtocol
import Replica

extension World {
    /// A client's think time is over: it asks its node, or looks for another when there is none.
    func ask(_ client: Int) {
        guard !clients.isStopped else { return }
        let node = clients.home(of: client)
        guard let life = nodes[node].life else {
            clients.moves(client)
            return askLater(client)
        }
        clients.ask(call(client, node), into: &life.requests)
        for wait in clients.waits {
            guard let after = wait.endsAfter else { continue }
            events.push(.waitEnds(wait.token, hangsUp: wait.hangsUp), at: now + after)
        }
        clients.waits = []
        plant(in: &life.requests, at: node, life)
        say("client \(client) asks \(nodes[node].id): \(life.requests.items.map { "\($0.token) \($0.kind)" })")
        turnSoon(node)
    }

    private func call(_ client: Int, _ node: Int) -> Call {
        Call(client: client, node: node, now: now, reads: readKind)
    }

    private var readKind: RequestKind { bug == .staleReads ? .localRead : .read }

    func askLater(_ client: Int) { events.push(.client(client), at: now + 1 + clients.think(client)) }

    /// A client that waits hangs up, or an operator has it go on.
    func endWait(_ token: UInt64, hangsUp: Bool) {
        guard hangsUp else {
            guard let node = clients.node(of: token), let life = nodes[node].life else { return }
            life.unblocked.append(token)
            return turnSoon(node)
        }
        guard let (node, idle) = clients.hangsUp(token) else { return }
        say("the client of \(token) hangs up")
        if let idle { askLater(idle) }
        guard let life = nodes[node].life, bug != .untoldDepartures else { return }
        life.gone.append(token)
        turnSoon(node)
    }

    /// A reply that a node's process has written to its client.
    func reply(_ token: UInt64, _ bytes: ArraySlice<UInt8>, from node: Int) throws(Violation) {
        guard var answer = ClientAnswer(bytes) else {
            let text = String(decoding: bytes, as: UTF8.self).debugDescription
            throw Violation(.honesty, "\(nodes[node].id) answers \(text)")
        }
        if bytes.first == UInt8(ascii: "-") {
            say("\(nodes[node].id) answers \(token): \(String(decoding: bytes.dropLast(2), as: UTF8.self))")
        }
        if bug == .unknownAsRefusal, answer == .unknown { answer = .refused }
        if clients.isForNobody(token) { return }
        if bug == .silentNewTerm, answer == .unblocked { return }
        guard let (request, isIdle) = try clients.take(token, answer, at: now) else {
            throw Violation(.honesty, "\(nodes[node].id) answers request \(token), for which nobody waits")
        }
        trace.note(.reply, now, token)
        trace.mix(Array(bytes.prefix(64)))
        if request.isMarked {
            switch answer {
            case .unknown: break
            case .refused: try stateJudge.refuses(token)
            case .other, .array, .unblocked: try stateJudge.answers(token, bytes)
            }
        }
        if isIdle { askLater(request.client) }
    }

    /// A node is gone, and with it the answers to those who asked it.
    func loseClients(of node: Int) {
        for client in clients.lost(node: node) {
            clients.moves(client)
            askLater(client)
        }
    }

    /// One last look at every key.
    func readEverything(at node: Int) {
        guard let life = nodes[node].life else { return }
        for key in 0..<traits.keys {
            for isCounter in [false, true] {
                clients.read(key, call(0, node), into: &life.requests, counter: isCounter)
            }
        }
        clients.readCounters(call(0, node), into: &life.requests)
        turnSoon(node)
    }
}
