// A connection that waits, for tools that do one thing at a time.

public import Platform
public import Vocabulary

/// Why a blocking connection could not be made or used.
public enum StreamError: Error, Hashable, Sendable, CustomStringConvertible {
    case system(SystemError)
    case tls(TLSError)
    /// The deadline passed. `doing` is what was waited for.
    case timedOut(doing: String, address: String)
    /// The other end closed before what was expected of it had come.
    case closed(address: String)
    case failed(String)

    public var description: String {
        switch self {
        case .system(let error): error.description
        case .tls(let error): error.description
        case .timedOut(let doing, let address): "\(address): timed out while \(doing)"
        case .closed(let address): "\(address): closed by the other end"
        case .failed(let text): text
        }
    }

    public var remedy: Remedy {
        switch self {
        case .system(let error): error.remedy
        case .tls(let error): error.remedy
        case .timedOut(_, let address): .retry("check that \(address) runs and can be reached, or allow more time")
        case .closed(let address): .retry("look at the log of \(address), and connect again")
        case .failed: .retry("connect again")
        }
    }
}

/// A TCP connection with or without TLS whose calls wait until a deadline. Closed when it goes out of scope.
public struct BlockingStream: ~Copyable {
    private let descriptor: Int32
    private let session: TLSSession?
    public let address: SocketAddress

    /// Connects, and with a context shakes hands.
    ///
    /// - Parameter serverName: what the server's certificate must be for; nil takes any of the authority.
    public static func connect(
        _ address: SocketAddress, serverName: String?, context: TLSContext?, until deadline: Instant
    ) throws(StreamError) -> BlockingStream {
        let descriptor: Int32
        do throws(SystemError) { descriptor = try Socket.connect(to: address) } catch { throw .system(error) }
        do throws(StreamError) {
            guard Socket.wait(descriptor, .writable, until: deadline) else {
                throw StreamError.timedOut(doing: "connecting", address: address.description)
            }
            if let error = Socket.connectOutcome(descriptor, to: address) { throw StreamError.system(error) }
            guard let context else { return BlockingStream(descriptor: descriptor, session: nil, address: address) }
            let session = try handshake(context, descriptor, serverName, address, until: deadline)
            return BlockingStream(descriptor: descriptor, session: session, address: address)
        } catch {
            Socket.close(descriptor)
            throw error
        }
    }

    private init(descriptor: Int32, session: TLSSession?, address: SocketAddress) {
        self.descriptor = descriptor
        self.session = session
        self.address = address
    }

    deinit {
        session?.closeNotify()
        Socket.close(descriptor)
    }

    private static func handshake(
        _ context: TLSContext, _ descriptor: Int32, _ name: String?, _ address: SocketAddress, until deadline: Instant
    ) throws(StreamError) -> TLSSession {
        let session: TLSSession
        do throws(TLSError) {
            session = try TLSSession(client: context, descriptor: descriptor, expectedName: name)
        } catch { throw .tls(error) }
        while true {
            let interest: Interest
            switch session.handshake() {
            case .done: return session
            case .wantsRead: interest = .readable
            case .wantsWrite: interest = .writable
            case .failed(let error): throw .tls(error)
            }
            guard Socket.wait(descriptor, interest, until: deadline) else {
                throw .timedOut(doing: "shaking hands", address: address.description)
            }
        }
    }

    /// Reads at least one byte, waiting for it.
    /// - Returns: the number of bytes read; 0 at the end.
    public borrowing func read(
        into buffer: UnsafeMutableRawBufferPointer, until deadline: Instant
    ) throws(StreamError) -> Int {
        while true {
            let outcome = session?.read(into: buffer) ?? Socket.read(descriptor, into: buffer)
            if case .bytes(let count) = outcome { return count }
            if case .end = outcome { return 0 }
            try wait(after: outcome, doing: "reading", until: deadline)
        }
    }

    /// Reads at most `count` bytes, waiting for the first; empty at the end.
    public borrowing func read(upTo count: Int, until deadline: Instant) throws(StreamError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        // The standard library's closure does not throw typed errors.
        let filled: Result<Int, StreamError> = bytes.withUnsafeMutableBytes { buffer in
            do throws(StreamError) { return .success(try read(into: buffer, until: deadline)) } catch {
                return .failure(error)
            }
        }
        bytes.removeLast(count - (try filled.get()))
        return bytes
    }

    /// Writes all bytes, waiting for room.
    public borrowing func write(_ bytes: RawSpan, until deadline: Instant) throws(StreamError) {
        var done = 0
        while done < bytes.byteCount {
            let outcome = bytes.extracting(done..<bytes.byteCount).withUnsafeBytes { part in
                session?.write(part) ?? Socket.write(descriptor, part)
            }
            if case .bytes(let count) = outcome {
                done += count
            } else {
                try wait(after: outcome, doing: "writing", until: deadline)
            }
        }
    }

    public borrowing func write(_ bytes: [UInt8], until deadline: Instant) throws(StreamError) {
        try write(bytes.span.bytes, until: deadline)
    }

    private borrowing func wait(
        after outcome: IOOutcome, doing: String, until deadline: Instant
    ) throws(StreamError) {
        let interest: Interest
        switch outcome {
        case .bytes: return
        case .wouldBlockRead: interest = .readable
        case .wouldBlockWrite: interest = .writable
        case .end: throw .closed(address: address.description)
        case .failed(.system(let error)): throw .system(error)
        case .failed(.secured(let text)):
            if let failure = session?.failure { throw .tls(failure) }
            throw .failed(text)
        }
        guard Socket.wait(descriptor, interest, until: deadline) else {
            throw .timedOut(doing: doing, address: address.description)
        }
    }
}
