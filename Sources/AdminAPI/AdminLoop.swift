// The admin port's thread: accepts, serves, waits for answers, keeps deadlines.

import Logging
import Platform
import Sessions
import TLS
import Telemetry
import Vocabulary

/// The state of the admin thread. Used by one thread at a time; see `AdminServer`.
///
/// 1. A peer is in `peers` exactly while its descriptor is open and registered.
/// 2. A ticket is in `askers` exactly while its peer is in `peers` and waits for that answer.
final class AdminLoop {
    let options: AdminOptions
    let board: StatusBoard
    let desk: OperatorDesk
    let log: Logger
    let address: SocketAddress
    private let reactor: Reactor
    private let orders: OrderBox
    private let listener: Int32
    private let door: Registration
    private var context: TLSContext
    private(set) var tokens: AdminTokens
    var office: JoinOffice?
    private var peers: [Registration: AdminPeer] = [:]
    private var askers: [OperatorTicket: Registration] = [:]
    /// Peers that were left with bytes to read, so that the others get their turn.
    private var unfinished: [Registration] = []
    /// Set while accepting pauses, because there are no descriptors.
    private var acceptsAgain: Instant?
    var counters = AdminCounters()
    var throttle = LoginThrottle()
    var gate = LogGate()
    private var buffer = [UInt8](repeating: 0, count: 16 << 10)
    /// The present turn's.
    private(set) var now = MonotonicClock.now()
    private var date = ""

    /// Reads of one peer in one turn.
    private static let readsMax = 8

    init(
        _ options: AdminOptions, reactor: Reactor, board: StatusBoard, desk: OperatorDesk, tokens: AdminTokens,
        context: TLSContext, office: JoinOffice?, orders: OrderBox, log: Logger
    ) throws(SystemError) {
        self.options = options
        self.reactor = reactor
        self.board = board
        self.desk = desk
        self.tokens = tokens
        self.context = context
        self.office = office
        self.orders = orders
        self.log = log
        listener = try Socket.listen(on: options.listen, backlog: 128)
        address = Socket.localAddress(listener) ?? options.listen
        do throws(SystemError) { door = try reactor.add(listener, .readable) } catch {
            Socket.close(listener)
            throw error
        }
    }

    deinit { Socket.close(listener) }

    /// Serves until a stop is ordered.
    func run() {
        var events: [ReadyEvent] = []
        while true {
            reactor.wait(until: unfinished.isEmpty ? nextDeadline : now, into: &events)
            guard takeOrders() else { break }
            now = MonotonicClock.now()
            date = HTTPDate.text(WallClock.now())
            for event in events { handle(event) }
            let left = unfinished
            unfinished = []
            for registration in left { serve(registration) }
            takeAnswers()
            expire()
        }
        for registration in Array(peers.keys) { close(registration) }
        reactor.remove(door)
    }

    /// Takes what was reloaded. Whether to go on.
    private func takeOrders() -> Bool {
        let orders = orders.take()
        if let context = orders.context { self.context = context }
        if let tokens = orders.tokens { self.tokens = tokens }
        return !orders.stops
    }

    private func handle(_ event: ReadyEvent) {
        if event.registration == door { return acceptAll() }
        // Nothing is read while an answer is awaited, so only this tells that nobody waits for it any more.
        if event.isHangup, let peer = peers[event.registration], peer.interest.isEmpty {
            return close(event.registration)
        }
        serve(event.registration)
    }

    // Accepting.

    private func acceptAll() {
        while true {
            do throws(SystemError) {
                guard let (descriptor, client) = try Socket.accept(listener) else { return }
                admit(descriptor, client)
            } catch {
                // No descriptors: the listener would stay readable and spin.
                reactor.change(door, [])
                acceptsAgain = now + .milliseconds(200)
                tell("the admin port cannot accept a connection", ["error": "\(error)"], at: .warning)
                return
            }
        }
    }

    private func admit(_ descriptor: Int32, _ client: SocketAddress) {
        // Renewed certificates count from the return of `reload`, as tokens do.
        _ = takeOrders()
        let host = NetworkAddress(client.host)?.network
        let near = peers.values.count { $0.address?.network == host }
        if near < options.connectionsPerAddressMax, peers.count >= options.connectionsMax { makeRoom() }
        guard near < options.connectionsPerAddressMax, peers.count < options.connectionsMax else {
            counters.rejected[.connectionLimit] += 1
            tell("an admin connection was refused: too many are open", ["client": "\(client)"], at: .warning)
            return Socket.close(descriptor)
        }
        do {
            let peer = try AdminPeer(descriptor, from: client, context: context, options: options, at: now)
            let registration = try reactor.add(descriptor, .readable)
            counters.accepted += 1
            peers[registration] = peer
            counters.open = UInt64(peers.count)
        } catch {
            tell("an admin connection could not be set up", ["error": "\(error)"], at: .warning)
            Socket.close(descriptor)
        }
    }

    /// Closes the connection that has gone longest without a handshake, so that silence does not keep others out.
    private func makeRoom() {
        let silent = peers.filter { $0.value.isShaking }
        if let oldest = silent.min(by: { $0.value.opened < $1.value.opened })?.key {
            counters.rejected[.connectionLimit] += 1
            close(oldest)
        }
    }

    // Serving.

    private func serve(_ registration: Registration) {
        guard let peer = peers[registration] else { return }
        if peer.isShaking, let error = peer.shakeHands(at: now) {
            counters.rejected[.handshake] += 1
            tell("an admin client's handshake failed", ["client": "\(peer.name)", "error": "\(error)"], at: .info)
        }
        if !exchange(peer, registration) { unfinished.append(registration) }
        settle(peer, registration)
    }

    /// Reads, answers and writes until nothing more can be done now. False when there may be more to read.
    private func exchange(_ peer: AdminPeer, _ registration: Registration) -> Bool {
        for _ in 0..<AdminLoop.readsMax {
            let received = peer.receive(into: &buffer, at: now)
            counters.bytesReceived += UInt64(received ?? 0)
            // What is sent makes room for further requests that came in one piece.
            while answerAll(peer, registration), peer.connection.output.isEmpty {}
            if received == nil || peer.isFinished { return true }
        }
        return false
    }

    /// Answers the requests that can be given now and sends. Whether there was one.
    private func answerAll(_ peer: AdminPeer, _ registration: Registration) -> Bool {
        var hasAnswered = false
        while !peer.isFinished, let request = peer.connection.nextRequest(at: now, date: date) {
            answer(request, of: peer, registration)
            hasAnswered = true
        }
        counters.bytesSent += UInt64(peer.send(at: now))
        return hasAnswered && !peer.isFinished
    }

    private func settle(_ peer: AdminPeer, _ registration: Registration) {
        if let refusal = peer.takeRefusal() {
            counters.answered(refusal.status)
            counters.rejected[refusal == .timeout ? .deadline : .protocolError] += 1
            tell("a request was refused", ["client": "\(peer.name)", "reason": "\(refusal.code)"], at: .info)
        }
        if peer.isFinished { return close(registration) }
        reactor.change(registration, peer.interest)
    }

    private func answer(_ request: HTTPRequest, of peer: AdminPeer, _ registration: Registration) {
        // A request that was sent after a reload had returned is judged by what was loaded, even in the same turn. A
        // stop stays ordered for the loop.
        _ = takeOrders()
        switch outcome(of: request, from: peer) {
        case .answer(let response): respond(response, to: peer)
        case .unauthorized(let response, isFailure: false): respond(response, to: peer)
        case .unauthorized(let response, isFailure: true): refuse(response, request, of: peer)
        case .office(let order): answer(order, request, of: peer, registration)
        case .ask(let operation): ask(operation, of: peer, registration)
        }
    }

    /// Answers who sent a wrong token, and not too soon.
    func refuse(_ response: HTTPResponse, _ request: HTTPRequest, of peer: AdminPeer) {
        let delay = loginFailed(request, from: peer)
        guard delay > .zero else { return respond(response, to: peer) }
        counters.answered(response.status)
        peer.connection.respond(response, notBefore: now + delay)
    }

    /// Has the node carry out an operation, whose outcome is the answer; or, of a join that is done, what was promised.
    func ask(
        _ operation: OperatorRequest, of peer: AdminPeer, _ registration: Registration,
        promising promise: JoinPromise? = nil
    ) {
        guard let ticket = desk.post(operation) else {
            if let promise { office?.release(promise.token) }
            return respond(AdminRouter.busy, to: peer)
        }
        log.info(
            "an operator asks for an operation",
            metadata: ["operation": "\(operation.name)", "client": "\(peer.name)", "ticket": "\(ticket.number)"])
        peer.operation = (ticket, now + options.operationTime)
        peer.promise = promise
        askers[ticket] = registration
    }

    func respond(_ response: HTTPResponse, to peer: AdminPeer) {
        counters.answered(response.status)
        peer.connection.respond(response, at: now, date: date)
    }

    // Answers and deadlines.

    private func takeAnswers() {
        for (ticket, outcome) in desk.takeAnswers() {
            log.info(
                "an operation ended", metadata: ["ticket": "\(ticket.number)", "outcome": "\(outcome.name)"])
            guard let registration = askers.removeValue(forKey: ticket), let peer = peers[registration] else {
                continue
            }
            peer.operation = nil
            respond(peer.promise.map { response(to: outcome, $0) } ?? AdminRouter.response(to: outcome), to: peer)
            peer.promise = nil
            serve(registration)
        }
    }

    private var nextDeadline: Instant? {
        let deadlines = peers.values.compactMap(\.deadline)
        return ([acceptsAgain].compactMap { $0 } + deadlines).min()
    }

    private func expire() {
        if let acceptsAgain, now >= acceptsAgain {
            self.acceptsAgain = nil
            reactor.change(door, .readable)
        }
        for (registration, peer) in peers where peer.deadline.map({ now >= $0 }) ?? false {
            if peer.isShaking {
                counters.rejected[.deadline] += 1
                close(registration)
                continue
            }
            if let operation = peer.operation, now >= operation.until {
                forget(peer)
                respond(AdminRouter.response(to: .timedOut), to: peer)
            }
            peer.connection.expire(at: now, date: date)
            serve(registration)
        }
    }

    private func forget(_ peer: AdminPeer) {
        guard let ticket = peer.operation?.ticket else { return }
        desk.giveUp(ticket)
        askers[ticket] = nil
        peer.operation = nil
        peer.promise = nil
    }

    private func close(_ registration: Registration) {
        guard let peer = peers.removeValue(forKey: registration) else { return }
        forget(peer)
        reactor.remove(registration)
        peer.close()
        counters.open = UInt64(peers.count)
    }

    /// Logs what strangers can cause without end, within bounds.
    func tell(_ message: Logger.Message, _ facts: Logger.Metadata, at level: Logger.Level) {
        guard let dropped = gate.pass(at: now) else { return }
        var facts = facts
        if dropped > 0 { facts["dropped"] = "\(dropped)" }
        log.log(level: level, message, metadata: facts)
    }
}
