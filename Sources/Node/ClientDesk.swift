// All client connections of a node: accepting them, handing replies back, closing those that cost too much.

import PeerProtocol
import Platform
import RESP
import Sessions
import TLS
import Telemetry
import Vocabulary

/// Bounds on what clients may cost, from the settings.
struct ClientLimits {
    var request: RequestLimits
    var connectionsMax: Int
    /// Replies that a client has not read, above which nothing more is decoded for it.
    var outputBufferMax: Int
    /// How long unread output may stand still, and how long a login may take, before the connection is closed.
    var outputPatience = Duration.seconds(60)
    var loginPatience = Duration.seconds(30)
    /// Bytes read from one connection in one turn.
    var readPerTurn = 256 << 10
}

/// Used by the loop's thread only.
final class ClientDesk {
    private let reactor: Reactor
    let limits: ClientLimits
    let scratch: UnsafeMutableRawBufferPointer
    var table = ClientTable()
    private var byRegistration: [Registration: ClientConnection] = [:]
    private var ports: [(port: ListenerPort, kind: PortKind)] = []
    var dirty: [ClientConnection] = []
    var runnable: [ClientConnection] = []
    /// Those whose failed login is not answered yet.
    var resting: [ClientConnection] = []
    var throttle = LoginThrottle()
    var arguments: [Range<Int>] = []
    var writer = ReplyWriter(version: .two)
    private var nextClientID: UInt64 = 0
    /// Contexts of the TLS ports; replaced when certificates are reloaded.
    var tlsContext: TLSContext?
    /// What sessions need to know of the node; refreshed by the loop.
    var environment: SessionEnvironment
    /// Requests decoded since the loop last took them.
    var batch = RequestBatch()
    /// Blocking requests whose clients are gone, and those that are to go on: for the replica, each turn.
    var gone: [UInt64] = []
    var unblocked: [(token: UInt64, isError: Bool)] = []
    /// Requests for the change feed, for the loop, each turn.
    var changeOrders: [(token: UInt64, version: RESPVersion, order: ChangesOrder)] = []
    var metrics = ClientMetrics()
    var calls = CommandCalls()
    /// Who listens to what, and their connections by the sessions' ids.
    var subscriptions = Subscriptions()
    var subscribers: [UInt64: ClientConnection] = [:]
    /// What was published here since the loop last took it, for the other nodes.
    var publications = PublicationBatch()
    /// One message as its receivers get it.
    var messageWriter = ReplyWriter(version: .two)
    /// Subscribers to be closed because they do not read.
    var cutOff: [ClientConnection] = []
    /// Set while the replica is congested: nothing more is decoded.
    var isHeldBack = false
    var isDraining = false

    init(
        limits: ClientLimits, environment: SessionEnvironment, tlsContext: TLSContext?, reactor: Reactor,
        scratch: UnsafeMutableRawBufferPointer
    ) {
        self.limits = limits
        self.environment = environment
        self.tlsContext = tlsContext
        self.reactor = reactor
        self.scratch = scratch
    }

    var count: Int { table.count }
    /// Whether connections hold requests that were received and can be decoded now: the loop should not sleep.
    var hasRunnable: Bool { !runnable.isEmpty && !isHeldBack }
    var hasOutstanding: Bool {
        var found = false
        table.forEach { if $0.outstanding > 0 { found = true } }
        return found
    }

    /// When the next connection that rests goes on.
    var nextDeadline: Instant? { resting.compactMap(\.restsUntil).min() }

    func open(_ address: SocketAddress, kind: PortKind) throws(SystemError) {
        ports.append((try ListenerPort(address, reactor: reactor), kind))
    }

    // MARK: Events

    /// Returns false when the registration is not a client's or a client port's.
    func handle(_ event: ReadyEvent, at now: Instant) -> Bool {
        if let client = byRegistration[event.registration] {
            ready(client, event, at: now)
            return true
        }
        guard let (port, kind) = ports.first(where: { $0.port.registration == event.registration }) else {
            return false
        }
        let failure = port.accept(at: now) { descriptor, from in self.accept(descriptor, from, kind, at: now) }
        if failure != nil { metrics.rejected[.connectionLimit] += 1 }
        return true
    }

    private func accept(_ descriptor: Int32, _ from: SocketAddress, _ kind: PortKind, at now: Instant) {
        guard table.count < limits.connectionsMax else {
            metrics.rejected[.connectionLimit] += 1
            // Best effort, as Redis does it: a TLS client sees a failed handshake.
            if kind == .clientPlaintext {
                let text: StaticString = "-ERR max number of clients reached\r\n"
                _ = Socket.write(
                    descriptor, UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
            }
            return Socket.close(descriptor)
        }
        do {
            let session =
                kind == .client ? try tlsContext.map { try TLSSession(server: $0, descriptor: descriptor) } : nil
            nextClientID += 1
            let id = nextClientID
            let client = try table.add { place, use throws(SystemError) in
                ClientConnection(
                    channel: try Channel(
                        descriptor: descriptor, session: session, interest: .readable, reactor: reactor),
                    place: place, use: use,
                    session: Session(
                        id: id, address: from.description, at: now, isLoggedIn: environment.tokens == nil,
                        usesTLS: kind == .client),
                    limits: limits.request, now: now)
            }
            byRegistration[client.channel.registration] = client
            metrics.accepted[kind] += 1
        } catch {
            metrics.rejected[.handshake] += 1
            Socket.close(descriptor)
        }
    }

    private func ready(_ client: ClientConnection, _ event: ReadyEvent, at now: Instant) {
        if !client.channel.isEstablished {
            switch client.channel.handshake() {
            case .underWay: return
            case .failed:
                metrics.rejected[.handshake] += 1
                return close(client)
            case .done: break
            }
        }
        if event.isWritable {
            flush(client, at: now)
            // Its descriptor may be another thread's by now.
            guard byRegistration[client.channel.registration] === client else { return }
        }
        guard event.isReadable || event.isHangup, !client.channel.isPaused else {
            // A paused connection that hung up will not become readable again.
            if event.isHangup, client.channel.isPaused { close(client) }
            return
        }
        switch client.channel.receive(scratch, limit: limits.readPerTurn) {
        case .received: decode(client, at: now)
        case .ended:
            client.hasEnded = true
            // Nobody who waits without end would ever be told that the other side is gone.
            if client.session.isBlocked { return close(client) }
            decode(client, at: now)
        case .failed: close(client)
        }
    }

    // MARK: Replies

    /// Hands answers to their connections; those that are gone do not get them.
    func deliver(_ answers: AnswerBatch) {
        let bytes = answers.writer.bytes.rawBytes
        for item in answers.items {
            guard let client = table[ClientConnection.place(of: item.token)] else { continue }
            let reply = bytes.extracting(item.range)
            let isDelivered =
                client.session.queuedMessages.isEmpty || !client.isNext(item.token)
                ? client.deliver(item.token, reply)
                : client.deliver(item.token, publishQueued(by: client, [UInt8](reply)).rawBytes)
            guard isDelivered else { continue }
            noteError(answers.writer.bytes, item.range)
            markDirty(client)
        }
    }

    /// Counts a reply that is an error.
    @inline(__always)
    func noteError(_ bytes: [UInt8], _ reply: Range<Int>) {
        guard !reply.isEmpty, bytes[reply.lowerBound] == UInt8(ascii: "-") else { return }
        let word = bytes[reply].dropFirst().prefix(20).prefix { $0 > UInt8(ascii: " ") }
        metrics.errors[ErrorWord(word: String(decoding: word, as: UTF8.self))] += 1
    }

    /// Sends what connections have to say; those whose turn has come may decode on.
    func flush(at now: Instant) {
        if !cutOff.isEmpty { closeCutOff() }
        guard !dirty.isEmpty else { return }
        let clients = dirty
        dirty.removeAll(keepingCapacity: true)
        for client in clients {
            client.isDirty = false
            flush(client, at: now)
        }
    }

    func flush(_ client: ClientConnection, at now: Instant) {
        guard byRegistration[client.channel.registration] === client, client.restsUntil == nil else { return }
        let before = client.channel.output.count
        guard client.channel.flush() == nil else { return close(client) }
        if client.channel.output.count < before || before == 0 { client.outputMovedAt = now }
        if client.isClosing, client.channel.output.isEmpty, client.outstanding == 0 { return close(client) }
        if client.channel.isPaused, !client.isClosing, client.channel.output.count < limits.outputBufferMax {
            markRunnable(client)
        }
    }

    func close(_ client: ClientConnection) {
        guard byRegistration.removeValue(forKey: client.channel.registration) != nil else { return }
        table.remove(client)
        if client.session.isSubscriber { forget(client) }
        if let token = client.blockedToken { gone.append(token) }
        client.isRunnable = false
        if !resting.isEmpty { resting.removeAll { $0 === client } }
        metrics.received += client.channel.bytesIn
        metrics.sent += client.channel.bytesOut
        client.channel.close()
    }

    // MARK: Time

    private static let idleMin = Duration.seconds(1)

    /// Closes what took too long: handshakes and logins that do not come, output that nobody reads, requests of clients
    /// that have finished sending. What is idle gives memory back.
    func enforceDeadlines(at now: Instant) {
        for (port, _) in ports { port.wake(at: now) }
        var late: [(ClientConnection, RejectionReason)] = []
        table.forEach { client in
            if !client.channel.output.isEmpty, now - client.outputMovedAt > limits.outputPatience {
                late.append((client, .outputLimit))
            } else if !isIntroduced(client), now - client.openedAt > limits.loginPatience {
                late.append((client, .deadline))
            } else if client.hasEnded, now - client.lastRequestAt > limits.outputPatience {
                // Most likely it is gone, and only would not take a reply.
                late.append((client, .deadline))
            } else if now - client.lastRequestAt > ClientDesk.idleMin {
                client.channel.rest()
            }
        }
        for (client, reason) in late {
            metrics.rejected[reason] += 1
            close(client)
        }
    }

    private func isIntroduced(_ client: ClientConnection) -> Bool {
        client.channel.isEstablished && client.session.isLoggedIn
    }

    /// Takes no more requests; connections close once their replies are sent.
    func drain() {
        isDraining = true
        for (port, _) in ports { port.close() }
        ports = []
        table.forEach { client in
            client.isClosing = true
            client.restsUntil = nil
            client.channel.pause(true)
            markDirty(client)
        }
    }

    func forEach(_ body: (ClientConnection) -> Void) { table.forEach(body) }
}

/// What the desk counts.
struct ClientMetrics {
    var commands = Tally<CommandKind>()
    var errors = Tally<ErrorWord>()
    var accepted = Tally<PortKind>()
    var rejected = Tally<RejectionReason>()
    var published = Tally<MessageOrigin>()
    var messagesDelivered: UInt64 = 0
    /// Of connections that have closed; open ones are added when the figures are read.
    var received: UInt64 = 0
    var sent: UInt64 = 0
}
