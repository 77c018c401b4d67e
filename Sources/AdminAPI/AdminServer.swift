// The admin port: a listener with a thread of its own.

public import Logging
public import Platform
import Synchronization
public import TLS
public import Telemetry

/// Serves HTTPS on one port from one thread, which sleeps until a client, an answer or a deadline comes.
///
/// It reads the board and posts to the desk, and touches nothing else of the node: whatever the node does, `/healthz`
/// is answered, and `/readyz` says what is known.
public final class AdminServer: Sendable {
    /// What other threads have asked of the loop since it last looked.
    struct Orders: Sendable {
        var stops = false
        var context: TLSContext?
        var tokens: AdminTokens?
    }

    /// Orders and the thread, which is nil before `start` and after `stop`.
    private struct State {
        var loop: Handover?
        var thread: WorkerThread?
    }

    /// Carries the loop to its thread. Sendable, because the loop is used by the thread that made it until `start`
    /// gives it away, and by the new thread alone from then on.
    private struct Handover: @unchecked Sendable {
        let loop: AdminLoop
    }

    /// Where it listens, with the port that was given when 0 was asked for.
    public let address: SocketAddress
    private let orders: OrderBox
    private let state: Mutex<State>

    /// Opens the port, so that one in use is known before anything depends on it. Nothing is served before `start`.
    public init(
        _ options: AdminOptions, board: StatusBoard, desk: OperatorDesk, tokens: AdminTokens, context: TLSContext,
        office: JoinOffice? = nil, log: Logger
    ) throws(AdminError) {
        do throws(SystemError) {
            let reactor = try Reactor()
            let waker = reactor.waker
            let orders = OrderBox(waker: waker)
            let loop = try AdminLoop(
                options, reactor: reactor, board: board, desk: desk, tokens: tokens, context: context,
                office: office, orders: orders, log: log)
            self.orders = orders
            address = loop.address
            state = Mutex(State(loop: Handover(loop: loop), thread: nil))
            desk.attachAsker { waker.wake() }
        } catch {
            throw .listen(error)
        }
    }

    /// Starts the thread. To be called once.
    public func start() throws(AdminError) {
        let handover = state.withLock { state in
            let handover = state.loop
            state.loop = nil
            return handover
        }
        guard let handover else { preconditionFailure("the admin port was started twice") }
        do throws(SystemError) {
            let thread = try WorkerThread.start(name: "admin") { handover.loop.run() }
            state.withLock { $0.thread = thread }
        } catch {
            throw .thread(error)
        }
    }

    /// Closes the port and all connections, and waits for the thread's end. Does nothing when it is not running.
    public func stop() {
        orders.give { $0.stops = true }
        let thread = state.withLock { state in
            let thread = state.thread
            state.thread = nil
            return thread
        }
        thread?.join()
    }

    /// Takes renewed certificates for connections from now on, and renewed tokens for requests from now on.
    public func reload(context: TLSContext? = nil, tokens: AdminTokens? = nil) {
        orders.give { orders in
            if let context { orders.context = context }
            if let tokens { orders.tokens = tokens }
        }
    }
}

/// The orders between the server's callers and its loop.
final class OrderBox: Sendable {
    private let orders = Mutex(AdminServer.Orders())
    private let waker: Waker

    init(waker: Waker) { self.waker = waker }

    func give(_ change: (inout AdminServer.Orders) -> Void) {
        orders.withLock { change(&$0) }
        waker.wake()
    }

    /// What was ordered since the last call. A stop stays ordered.
    func take() -> AdminServer.Orders {
        orders.withLock { orders in
            let taken = orders
            orders = AdminServer.Orders(stops: taken.stops)
            return taken
        }
    }
}
