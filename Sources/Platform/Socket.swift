// TCP sockets: thin functions on descriptors, all non-blocking and close-on-exec, none of them delaying small writes.

import CSystem
import Glibc
public import Vocabulary

/// The socket calls that nodes and tools need. Descriptors are plain numbers: their owners (a connection, a listener)
/// close them, once.
public enum Socket {
    /// Opens a listener (socket, bind, listen). Port 0 takes a free one: `localAddress` tells which.
    ///
    /// SO_REUSEADDR is set, so that a restart does not wait for connections of before to time out. What is accepted
    /// inherits TCP_NODELAY and a keep-alive that finds a vanished client within about two minutes.
    public static func listen(on address: SocketAddress, backlog: Int = 1024) throws(SystemError) -> Int32 {
        let descriptor = try open(address)
        set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        guard address.withSocketAddress({ Glibc.bind(descriptor, $0, $1) }) == 0,
            Glibc.listen(descriptor, Int32(clamping: backlog)) == 0
        else { throw closing(descriptor, SystemError("listen", address.description)) }
        return descriptor
    }

    /// Takes one connection; nil when none waits. EMFILE and ENFILE are thrown: the caller pauses accepting, since the
    /// listener stays readable.
    public static func accept(
        _ listener: Int32
    ) throws(SystemError) -> (descriptor: Int32, from: SocketAddress)? {
        while true {
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let descriptor = trireme_accept(listener, &storage, &length)
            if descriptor >= 0 {
                if let from = socketAddress(of: storage) { return (descriptor, from) }
                close(descriptor)
                continue
            }
            switch errno {
            case EAGAIN: return nil
            // The client is gone again, or its network is: accept(2) asks to treat these as nothing.
            case EINTR, ECONNABORTED, EPROTO, ENETDOWN, EHOSTDOWN, ENONET, EHOSTUNREACH, ENETUNREACH, EOPNOTSUPP:
                continue
            default: throw SystemError("accept", "")
            }
        }
    }

    /// Starts to connect. Once the descriptor is writable, `connectOutcome` tells whether it did.
    public static func connect(to address: SocketAddress) throws(SystemError) -> Int32 {
        let descriptor = try open(address)
        let result = address.withSocketAddress { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 || errno == EINPROGRESS || errno == EINTR else {
            throw closing(descriptor, SystemError("connect", address.description))
        }
        return descriptor
    }

    /// Nil when the connection stands (SO_ERROR). To be asked once, when the descriptor has become writable.
    public static func connectOutcome(_ descriptor: Int32, to address: SocketAddress? = nil) -> SystemError? {
        var failure: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &length) == 0 else {
            return SystemError("getsockopt", "")
        }
        return failure == 0
            ? nil : SystemError(call: "connect", errno: failure, subject: address?.description ?? "")
    }

    /// Reads what is there (recv). `buffer` must not be empty: a count of zero means the end.
    public static func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> IOOutcome {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .end }
            if errno == EAGAIN { return .wouldBlockRead }
            if !wasInterrupted { return .failed(.system(SystemError("recv", ""))) }
        }
    }

    /// Writes what fits (send with MSG_NOSIGNAL). `bytes` must not be empty.
    public static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> IOOutcome {
        while true {
            let count = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if count >= 0 { return .bytes(count) }
            if errno == EAGAIN { return .wouldBlockWrite }
            if !wasInterrupted { return .failed(.system(SystemError("send", ""))) }
        }
    }

    /// Ends the sending half (shutdown with SHUT_WR): the other end reads what was written, then the end.
    public static func finishWriting(_ descriptor: Int32) { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    /// Closes a descriptor of any kind. A socket's close has no outcome worth telling: nothing waits for its data.
    public static func close(_ descriptor: Int32) { _ = Glibc.close(descriptor) }

    /// Makes `close` drop what is unsent and reset the connection (SO_LINGER of 0), for a client that never reads.
    public static func resetOnClose(_ descriptor: Int32) {
        var value = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
    }

    /// Gives up on a connection whose sent bytes stay unacknowledged for so long (TCP_USER_TIMEOUT, RFC 5482).
    public static func setUnacknowledgedTimeout(_ descriptor: Int32, milliseconds: Int) {
        set(descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, Int32(clamping: milliseconds))
    }

    /// This end's address. Nil when the descriptor is no TCP socket.
    public static func localAddress(_ descriptor: Int32) -> SocketAddress? {
        address { getsockname(descriptor, $0, $1) }
    }

    /// The other end's address. Nil when the descriptor is not connected.
    public static func peerAddress(_ descriptor: Int32) -> SocketAddress? {
        address { getpeername(descriptor, $0, $1) }
    }

    private static func open(_ address: SocketAddress) throws(SystemError) -> Int32 {
        let descriptor = trireme_tcp_socket(address.socketFamily)
        guard descriptor >= 0 else { throw SystemError("socket", address.description) }
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPIDLE, 60)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPINTVL, 15)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPCNT, 4)
        return descriptor
    }

    /// Options here only make things better: a kernel that refuses one is no reason to refuse the connection.
    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func closing(_ descriptor: Int32, _ error: SystemError) -> SystemError {
        close(descriptor)
        return error
    }

    private static func socketAddress(of storage: sockaddr_storage) -> SocketAddress? {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { SocketAddress($0) }
        }
    }

    private static func address(
        _ ask: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { ask($0, &length) }
        }
        return result == 0 ? socketAddress(of: storage) : nil
    }
}

// For tools that block, one connection at a time.
extension Socket {
    /// Waits until the descriptor is ready for one of `interest` or has hung up (poll). False when the deadline passed.
    public static func wait(_ descriptor: Int32, _ interest: Interest, until deadline: Instant?) -> Bool {
        let events = (interest.contains(.readable) ? POLLIN : 0) | (interest.contains(.writable) ? POLLOUT : 0)
        while let timeout = PollTimeout.milliseconds(until: deadline) {
            var wait = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            if poll(&wait, 1, timeout) > 0 { return true }
        }
        return false
    }
}
