// Looking whether anybody listens on a port, without saying anything to whoever does.

import Platform
import Vocabulary

/// TCP connections that are made and dropped at once. Used by the loop's thread only.
struct PortProbes: ~Copyable {
    private struct Probe {
        let node: NodeID
        let descriptor: Int32
        let registration: Registration
        let deadline: Instant
    }

    /// A port that neither takes nor refuses a connection for so long says nothing.
    static let patience = Duration.seconds(1)

    private let reactor: Reactor
    private var underWay: [Probe] = []

    init(reactor: Reactor) { self.reactor = reactor }

    var count: Int { underWay.count }
    var nextDeadline: Instant? { underWay.map(\.deadline).min() }

    /// Begins to look, unless it is looking at that node already. True when the port refuses at once.
    mutating func start(_ node: NodeID, _ address: SocketAddress, at now: Instant) -> Bool {
        guard !underWay.contains(where: { $0.node == node }) else { return false }
        let descriptor: Int32
        do throws(SystemError) { descriptor = try Socket.connect(to: address) } catch {
            return error.isConnectionRefused
        }
        do throws(SystemError) {
            underWay.append(
                Probe(
                    node: node, descriptor: descriptor, registration: try reactor.add(descriptor, .writable),
                    deadline: now + PortProbes.patience))
        } catch {
            // The next one may find room.
            Socket.close(descriptor)
        }
        return false
    }

    /// What an event tells of a node's port; nil when it is none of these.
    mutating func finish(_ event: ReadyEvent) -> (node: NodeID, refuses: Bool)? {
        guard let position = underWay.firstIndex(where: { $0.registration == event.registration }) else { return nil }
        let refuses = Socket.connectOutcome(underWay[position].descriptor)?.isConnectionRefused == true
        return (end(position).node, refuses)
    }

    /// Ends those that got no answer.
    mutating func tick(at now: Instant) {
        while let position = underWay.firstIndex(where: { $0.deadline <= now }) { _ = end(position) }
    }

    mutating func closeAll() {
        while !underWay.isEmpty { _ = end(underWay.count - 1) }
    }

    private mutating func end(_ position: Int) -> Probe {
        let probe = underWay.remove(at: position)
        reactor.remove(probe.registration)
        Socket.close(probe.descriptor)
        return probe
    }
}
