// All connections of a load test on one thread and one epoll, since the servers want the processor more.

import ByteCoding
import Platform
import Vocabulary

/// Who decides what is sent, and looks at what comes back.
protocol LoadDriver {
    associatedtype Dialect: Wire

    /// The protocol of a connection that is about to be opened to an endpoint.
    mutating func wire(endpoint: Int) -> Dialect
    /// The connection stands, or has had answers: time to submit requests.
    mutating func refill(_ connection: ClientConnection<Dialect>, now: Instant)
    /// A request was answered. `reply` is the answer as it came, of `answer.consumed` bytes.
    mutating func answered(
        _ request: ClientConnection<Dialect>.Pending, _ answer: Answer, reply: RawSpan,
        by connection: ClientConnection<Dialect>, now: Instant)
    /// The connection is gone, and what it had asked will not be answered.
    mutating func lost(
        _ requests: [ClientConnection<Dialect>.Pending], of connection: ClientConnection<Dialect>, reason: String,
        now: Instant)
    /// Called once per turn of the loop. Gives the next moment it wants to be called at; nil ends the loop.
    mutating func turn(_ connections: [ClientConnection<Dialect>], now: Instant) -> Instant?
}

/// Opens the connections, keeps them open, moves their bytes.
struct ClientLoop<Driver: LoadDriver>: ~Copyable {
    typealias Connection = ClientConnection<Driver.Dialect>

    /// A closed connection is opened again after this, to the next endpoint.
    private static var reopenDelay: Duration { .milliseconds(5) }
    private static var readSize: Int { 128 << 10 }

    let endpoints: [Endpoint]
    /// A request, a handshake or a greeting that takes longer ends its connection.
    let answerTimeout: Duration
    let security: ChannelSecurity?
    var driver: Driver
    /// Why the last handshake failed, as a hint for whoever gets no connection at all.
    private(set) var lastFailure: String?

    private let reactor: Reactor
    private var connections: [Connection] = []
    private var bySlot: [Connection?] = []
    private var events: [ReadyEvent] = []
    private let buffer: UnsafeMutableRawBufferPointer
    private var nextCheck = Instant(nanoseconds: 0)

    /// - Parameter requestsMax: how many requests one connection may have under way.
    init(
        endpoints: [Endpoint], connections count: Int, requestsMax: Int, answerTimeout: Duration,
        security: ChannelSecurity?, driver: Driver
    ) throws(SystemError) {
        self.endpoints = endpoints
        self.answerTimeout = answerTimeout
        self.security = security
        self.driver = driver
        reactor = try Reactor()
        buffer = .allocate(byteCount: ClientLoop.readSize, alignment: 16)
        for number in 0..<count {
            let endpoint = number % endpoints.count
            connections.append(
                Connection(
                    number: number, endpoint: endpoint, wire: self.driver.wire(endpoint: endpoint),
                    requestsMax: requestsMax))
        }
    }

    deinit { buffer.deallocate() }

    /// Runs until the driver ends it, then closes all connections.
    mutating func run() {
        var now = MonotonicClock.now()
        while let wanted = driver.turn(connections, now: now) {
            if now >= nextCheck { check(now: now) }
            for connection in connections where connection.isOpen && !connection.output.isEmpty { flush(connection) }
            reactor.wait(until: min(wanted, nextCheck), into: &events)
            now = MonotonicClock.now()
            for event in events where reactor.isCurrent(event.registration) {
                if let connection = bySlot[event.registration.slot] { handle(event, connection, now: now) }
                now = MonotonicClock.now()
            }
        }
        for connection in connections { disconnect(connection) }
    }

    /// Opens what waits to be opened and ends what has waited too long.
    private mutating func check(now: Instant) {
        nextCheck = now + .milliseconds(50)
        for connection in connections {
            switch connection.phase {
            case .waiting(let until):
                if until <= now { open(connection, now: now) } else { nextCheck = min(nextCheck, until) }
            case .opening(let since), .greeting(let since):
                if since + answerTimeout < now { close(connection, reason: "timeout", now: now) }
            case .open:
                if let oldest = connection.oldest, oldest.sentAt + answerTimeout < now {
                    close(connection, reason: "timeout", now: now)
                }
            }
        }
    }

    private mutating func open(_ connection: Connection, now: Instant) {
        let endpoint = endpoints[connection.endpoint]
        do {
            let channel = try Channel(connectingTo: endpoint, security: security)
            let registration = try reactor.add(channel.descriptor, [.writable])
            connection.channel = channel
            connection.registration = registration
            connection.phase = .opening(since: now)
            while bySlot.count <= registration.slot { bySlot.append(nil) }
            bySlot[registration.slot] = connection
        } catch {
            close(connection, reason: "connect", now: now)
        }
    }

    private mutating func close(_ connection: Connection, reason: String, now: Instant) {
        disconnect(connection)
        connection.endpoint = (connection.endpoint + 1) % endpoints.count
        connection.phase = .waiting(until: now + ClientLoop.reopenDelay)
        nextCheck = min(nextCheck, now + ClientLoop.reopenDelay)
        let left = connection.reset(wire: driver.wire(endpoint: connection.endpoint))
        driver.lost(left, of: connection, reason: reason, now: now)
    }

    private mutating func disconnect(_ connection: Connection) {
        if let registration = connection.registration {
            reactor.remove(registration)
            bySlot[registration.slot] = nil
        }
        connection.channel?.close()
        connection.channel = nil
        connection.registration = nil
    }

    private mutating func handle(_ event: ReadyEvent, _ connection: Connection, now: Instant) {
        if case .opening = connection.phase {
            return proceed(connection, now: now)
        }
        if event.isReadable || event.isHangup { receive(connection, now: now) }
        if connection.channel != nil, !connection.output.isEmpty { flush(connection) }
    }

    /// Goes on with the handshake; once it is done, greets.
    private mutating func proceed(_ connection: Connection, now: Instant) {
        guard let channel = connection.channel, let registration = connection.registration else { return }
        if Socket.connectOutcome(channel.descriptor) != nil {
            return close(connection, reason: "refused", now: now)
        }
        switch channel.proceed() {
        case .wantsRead: reactor.change(registration, [.readable])
        case .wantsWrite: reactor.change(registration, [.writable])
        case .failed(let error):
            lastFailure = error.description
            close(connection, reason: "handshake", now: now)
        case .done:
            reactor.change(registration, [.readable])
            connection.output.append { [greeting = connection.wire.greeting()] in $0.append(contentsOf: greeting) }
            connection.greetingsLeft = connection.wire.greetingAnswers
            connection.phase = .greeting(since: now)
            if connection.greetingsLeft == 0 { begin(connection, now: now) }
            flush(connection)
        }
    }

    private mutating func begin(_ connection: Connection, now: Instant) {
        connection.phase = .open
        driver.refill(connection, now: now)
    }

    private mutating func receive(_ connection: Connection, now: Instant) {
        while let channel = connection.channel {
            switch channel.read(into: buffer) {
            case .bytes(let count):
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[0..<count])
                connection.input.append(bytes.bytes)
                if let problem = digest(connection, now: now) { return close(connection, reason: problem, now: now) }
                // A level-triggered socket calls again; what TLS holds back would never be announced.
                if !channel.hasHiddenInput { return }
            case .wouldBlockRead, .wouldBlockWrite: return
            case .end: return close(connection, reason: "closed", now: now)
            case .failed: return close(connection, reason: "reset", now: now)
            }
        }
    }

    /// Takes all whole answers off the input. Gives what is wrong with the connection, if something is.
    private mutating func digest(_ connection: Connection, now: Instant) -> String? {
        var control: [UInt8] = []
        var hasAnswers = false
        while true {
            do throws(WireError) {
                let answer = try connection.input.withBytes { (bytes) throws(WireError) -> Answer? in
                    let answer = try connection.wire.next(in: bytes, control: &control)
                    if let answer, let ticket = answer.ticket {
                        hasAnswers = true
                        driver.answered(
                            connection.finish(ticket: ticket), answer, reply: bytes.extracting(0..<answer.consumed),
                            by: connection, now: now)
                    }
                    return answer
                }
                guard let answer else { break }
                connection.input.consume(answer.consumed)
                if answer.ticket == nil, connection.greetingsLeft > 0 {
                    connection.greetingsLeft -= 1
                    if connection.greetingsLeft == 0 { begin(connection, now: now) }
                }
            } catch {
                return error.description
            }
        }
        if !control.isEmpty { connection.output.append { $0.append(contentsOf: control) } }
        if hasAnswers { driver.refill(connection, now: now) }
        return nil
    }

    private mutating func flush(_ connection: Connection) {
        guard let channel = connection.channel, let registration = connection.registration else { return }
        while !connection.output.isEmpty {
            switch connection.output.withFirst({ $0.withUnsafeBytes { channel.write($0) } }) {
            case .bytes(let count): connection.output.consume(count)
            case .wouldBlockWrite: return reactor.change(registration, [.readable, .writable])
            // What is wrong with the connection is told by the next read.
            case .wouldBlockRead, .end, .failed: return
            }
        }
        reactor.change(registration, [.readable])
    }
}
