// A client desk with its reactor and a clock that tests set.

import ByteCoding
import PeerProtocol
import Platform
import RESP
import Sessions
import TLS
import Telemetry
import Testing
import Vocabulary

@testable import Node

/// Turns the desk as the node's loop does, without a replica: requests gather in `desk.batch` until a test answers.
final class DeskWorld {
    let reactor: Reactor
    let desk: ClientDesk
    let address: SocketAddress
    var now = Instant(nanoseconds: 1_000_000_000)
    private let scratch = Scratch()
    private var events: [ReadyEvent] = []

    init(
        connectionsMax: Int = 100, outputBufferMax: Int = 64 << 20, tokens: (any TokenVerifier)? = nil,
        tls: TLSContext? = nil
    ) throws {
        reactor = try Reactor()
        address = try freeAddress()
        let limits = ClientLimits(
            request: RequestLimits(bulkLengthMax: .mebibytes(2), argumentsMax: 1000), connectionsMax: connectionsMax,
            outputBufferMax: outputBufferMax)
        desk = ClientDesk(
            limits: limits,
            environment: SessionEnvironment(now: now, wall: .zero, tokens: tokens, facts: sampleFacts()),
            tlsContext: tls, reactor: reactor, scratch: scratch.buffer)
        try desk.open(address, kind: tls == nil ? .clientPlaintext : .client)
    }

    /// One turn of the loop; waits a little when nothing is ready.
    func turn() {
        let wait = desk.hasRunnable ? Instant(nanoseconds: 0) : MonotonicClock.now() + .milliseconds(2)
        reactor.wait(until: wait, into: &events)
        for event in events { _ = desk.handle(event, at: now) }
        desk.decodeRunnable(at: now)
        desk.flush(at: now)
    }

    /// Turns until `condition` holds; fails when it does not come to hold.
    func turn(_ what: Comment, _ location: SourceLocation = #_sourceLocation, until condition: () -> Bool) throws {
        let deadline = farDeadline()
        while !condition() {
            try #require(MonotonicClock.now() < deadline, what, sourceLocation: location)
            turn()
        }
    }

    /// A few turns in which nothing is expected to happen.
    func idle() { for _ in 0..<5 { turn() } }

    /// Connects, and turns until the desk has taken it.
    func visitor() throws -> Visitor {
        let before = desk.metrics.accepted.total
        let visitor = try Visitor(address)
        try turn("the connection is taken") { desk.metrics.accepted.total > before }
        return visitor
    }

    /// Turns until the visitor has received exactly this much; compares then.
    func expect(
        _ text: String, by visitor: Visitor, _ location: SourceLocation = #_sourceLocation
    ) throws {
        try turn("\(text.utf8.count) bytes of reply", location) {
            visitor.read()
            return visitor.received.count >= text.utf8.count || visitor.hasEnded
        }
        #expect(visitor.text == text, sourceLocation: location)
    }

    func expectEnd(of visitor: Visitor, _ location: SourceLocation = #_sourceLocation) throws {
        try turn("the connection ends", location) {
            visitor.read()
            return visitor.hasEnded
        }
    }

    var connections: [ClientConnection] {
        var all: [ClientConnection] = []
        desk.forEach { all.append($0) }
        return all
    }

    /// Answers the requests with these places in the batch, in this order, each with its place.
    func answer(_ order: [Int]) {
        var answers = AnswerBatch()
        for place in order {
            answers.answer(desk.batch.items[place].token, version: .two) { $0.integer(Int64(place)) }
        }
        desk.deliver(answers)
    }
}

/// A request as clients send it.
func request(_ words: String...) -> String {
    "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
}
