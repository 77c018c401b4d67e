// Probes of ports that answer, refuse, or say nothing.

import Platform
import Testing
import Vocabulary

@testable import Node

@Suite final class PortProbesTests {
    let reactor: Reactor
    var probes: PortProbes
    let start = Instant(nanoseconds: 1_000_000_000)

    init() throws {
        reactor = try Reactor()
        probes = PortProbes(reactor: reactor)
    }

    @Test func `a port that says nothing is given up in time`() throws {
        let listener = try Socket.listen(on: .loopback(port: 0), backlog: 0)
        defer { Socket.close(listener) }
        let address = try #require(Socket.localAddress(listener))
        // With its queue full, the kernel lets further connections wait.
        let queue = try (0..<3).map { _ in try Socket.connect(to: address) }
        defer { for descriptor in queue { Socket.close(descriptor) } }
        let node = try #require(NodeID("n1"))
        let isRefused = probes.start(node, address, at: start)
        let again = probes.start(node, address, at: start + .milliseconds(4))
        #expect(!isRefused && !again)
        let deadline = start + PortProbes.patience
        expect(count: 1, deadline: deadline)
        probes.tick(at: deadline + .nanoseconds(-1))
        expect(count: 1, deadline: deadline)
        probes.tick(at: deadline)
        expect(count: 0, deadline: nil)
        var events: [ReadyEvent] = []
        reactor.wait(until: Instant(nanoseconds: 0), into: &events)
        #expect(events.isEmpty)
    }

    @Test func `a probe that no answer came to is closed with the rest`() throws {
        let listener = try Socket.listen(on: .loopback(port: 0))
        defer { Socket.close(listener) }
        let address = try #require(Socket.localAddress(listener))
        for name in ["n1", "n2"] { _ = probes.start(try #require(NodeID(name)), address, at: start) }
        expect(count: 2, deadline: start + PortProbes.patience)
        probes.closeAll()
        expect(count: 0, deadline: nil)
    }

    private func expect(count: Int, deadline: Instant?, _ location: SourceLocation = #_sourceLocation) {
        let (found, next) = (probes.count, probes.nextDeadline)
        #expect(found == count, sourceLocation: location)
        #expect(next == deadline, sourceLocation: location)
    }
}
