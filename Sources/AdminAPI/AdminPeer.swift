// One socket of the admin port: TLS under the connection's state machine.

import Platform
import TLS
import Telemetry
import Vocabulary

/// A client's socket, its TLS session and its connection. Moves bytes between them and decides nothing.
final class AdminPeer {
    let descriptor: Int32
    /// For the log.
    let name: String
    /// For counting and allow-lists; nil for an address that is not understood, which is allowed nothing by address.
    let address: NetworkAddress?
    let opened: Instant
    var connection: AdminConnection
    /// The operation whose outcome is its request's answer, and how long it is waited for.
    var operation: (ticket: OperatorTicket, until: Instant)?
    /// What is answered when that operation adds a node that joins.
    var promise: JoinPromise?
    private let session: TLSSession
    /// Nil when the handshake is done.
    private(set) var handshakeDeadline: Instant?
    /// What the last read, or the handshake, waits for besides bytes of the client.
    private var readBlock: Interest = []
    /// What the last write waits for.
    private var writeBlock: Interest = []
    private var hasSaidEnd = false
    private var hasToldRefusal = false
    /// Why the socket is of no more use.
    private(set) var failure: String?

    init(
        _ descriptor: Int32, from client: SocketAddress, context: TLSContext, options: AdminOptions, at now: Instant
    ) throws(TLSError) {
        self.descriptor = descriptor
        name = client.description
        address = NetworkAddress(client.host)
        opened = now
        session = try TLSSession(server: context, descriptor: descriptor)
        connection = AdminConnection(limits: options.connection, opened: now)
        handshakeDeadline = now + options.handshakeTime
    }

    var isShaking: Bool { handshakeDeadline != nil }
    var isFinished: Bool { failure != nil || connection.isFinished }

    var interest: Interest {
        if isShaking { return readBlock }
        var interest = readBlock.union(writeBlock)
        if connection.wantsInput { interest.insert(.readable) }
        return interest
    }

    var deadline: Instant? {
        if let handshakeDeadline { return handshakeDeadline }
        guard let operation else { return connection.deadline }
        return connection.deadline.map { min($0, operation.until) } ?? operation.until
    }

    /// Goes on with the handshake. The error, if it is the end.
    func shakeHands(at now: Instant) -> TLSError? {
        switch session.handshake() {
        case .done:
            handshakeDeadline = nil
            readBlock = []
        case .wantsRead: readBlock = .readable
        case .wantsWrite: readBlock = .writable
        case .failed(let error):
            failure = error.description
            return error
        }
        return nil
    }

    /// Reads once. Returns the number of bytes; nil when there is nothing now, or no wish for more.
    func receive(into buffer: inout [UInt8], at now: Instant) -> Int? {
        guard !isShaking, failure == nil, connection.wantsInput else { return nil }
        readBlock = []
        switch buffer.withUnsafeMutableBytes({ session.read(into: $0) }) {
        case .bytes(let count):
            connection.received(buffer.span.bytes.extracting(0..<count), at: now)
            return count
        case .wouldBlockRead: break
        case .wouldBlockWrite: readBlock = .writable
        case .end: connection.inputEnds(at: now)
        case .failed(let reason): failure = reason.description
        }
        return nil
    }

    /// Writes what there is. Returns the number of bytes that the kernel took.
    func send(at now: Instant) -> Int {
        var total = 0
        writeBlock = []
        while failure == nil, !connection.output.isEmpty {
            switch connection.output.withFirst({ bytes in bytes.withUnsafeBytes { session.write($0) } }) {
            case .bytes(let count):
                connection.sent(count, at: now)
                total += count
                continue
            case .wouldBlockRead: writeBlock = .readable
            case .wouldBlockWrite: writeBlock = .writable
            case .end: failure = "closed by the client"
            case .failed(let reason): failure = reason.description
            }
            break
        }
        if connection.wantsEndOfOutput, !hasSaidEnd {
            hasSaidEnd = true
            session.closeNotify()
            Socket.finishWriting(descriptor)
        }
        return total
    }

    /// Why the connection refused its client, once.
    func takeRefusal() -> HTTPRefusal? {
        guard !hasToldRefusal, let refusal = connection.refusal else { return nil }
        hasToldRefusal = true
        return refusal
    }

    /// Ends TLS as far as that needs no waiting, and closes the socket.
    func close() {
        if !isShaking, failure == nil, !hasSaidEnd { session.closeNotify() }
        Socket.close(descriptor)
    }
}
