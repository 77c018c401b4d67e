// A listening socket in the reactor: accepts what is there, and rests when the process is out of descriptors.

import Platform
import TLS
import Vocabulary

/// Accepting fails for want of descriptors without taking the connection out of the queue, so that a level-triggered
/// reactor would spin: the port then rests for `restInterval`.
final class ListenerPort {
    static let backlog = 511
    static let restInterval = Duration.milliseconds(100)
    static let acceptsPerTurn = 64

    let descriptor: Int32
    let address: SocketAddress
    let registration: Registration
    private let reactor: Reactor
    private(set) var restsUntil: Instant?

    init(_ address: SocketAddress, reactor: Reactor) throws(SystemError) {
        descriptor = try Socket.listen(on: address, backlog: ListenerPort.backlog)
        self.address = address
        self.reactor = reactor
        registration = try reactor.add(descriptor, .readable)
    }

    /// Calls `body` with each new connection, which it takes over. Returns what went wrong, if anything.
    func accept(at now: Instant, _ body: (Int32, SocketAddress) -> Void) -> SystemError? {
        do throws(SystemError) {
            for _ in 0..<ListenerPort.acceptsPerTurn {
                guard let (connection, from) = try Socket.accept(descriptor) else { return nil }
                body(connection, from)
            }
            return nil
        } catch {
            restsUntil = now + ListenerPort.restInterval
            reactor.change(registration, [])
            return error
        }
    }

    func wake(at now: Instant) {
        guard let until = restsUntil, until <= now else { return }
        restsUntil = nil
        reactor.change(registration, .readable)
    }

    func close() {
        reactor.remove(registration)
        Socket.close(descriptor)
    }
}
