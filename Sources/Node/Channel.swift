// One connection's bytes, plain or TLS: what came in and is not decoded yet, what goes out and is not sent yet.

import ByteCoding
import Platform
import TLS

/// A non-blocking connection registered with the reactor. Used by the loop's thread only.
///
/// 1. `output` is written in order; what the kernel does not take now waits, and writability is watched for just then.
/// 2. While `isPaused`, nothing is read, so a sender that is faster than we are is held back by its own kernel.
final class Channel {
    enum Handshake {
        case underWay
        case done
        case failed(String)
    }
    enum Reception {
        /// Everything that was there (or as much as one turn takes) is in `input`.
        case received(Int)
        case ended
        case failed(String)
    }

    let descriptor: Int32
    let session: TLSSession?
    let registration: Registration
    private let reactor: Reactor
    private var interest: Interest
    private(set) var isEstablished: Bool
    private(set) var isPaused = false
    private var wantsWrite = false
    var input = ByteQueue()
    var output = OutputQueue()
    private(set) var bytesIn: UInt64 = 0
    private(set) var bytesOut: UInt64 = 0

    /// Takes over `descriptor`; it is closed by `close`.
    init(descriptor: Int32, session: TLSSession?, interest: Interest, reactor: Reactor) throws(SystemError) {
        self.descriptor = descriptor
        self.session = session
        self.reactor = reactor
        self.interest = interest
        isEstablished = session == nil
        registration = try reactor.add(descriptor, interest)
    }

    /// Whether bytes wait inside the TLS session, of which the kernel will not tell.
    var hasHiddenInput: Bool { !isPaused && isEstablished && session?.hasBufferedInput == true }

    /// Goes on with the TLS handshake; `done` at once on a plain connection.
    func handshake() -> Handshake {
        guard let session, !isEstablished else { return .done }
        switch session.handshake() {
        case .done:
            isEstablished = true
            watch(write: false)
            return .done
        case .wantsRead:
            watch(write: false)
            return .underWay
        case .wantsWrite:
            watch(write: true)
            return .underWay
        case .failed(let error):
            return .failed(String(describing: error))
        }
    }

    /// Reads what has arrived into `input`, up to `limit` bytes, through `scratch`.
    func receive(_ scratch: UnsafeMutableRawBufferPointer, limit: Int) -> Reception {
        var total = 0
        defer { bytesIn += UInt64(total) }
        while total < limit {
            switch session?.read(into: scratch) ?? Socket.read(descriptor, into: scratch) {
            case .bytes(let count):
                total += count
                input.append(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: scratch[..<count])))
                // A short read emptied the socket; a TLS record may leave others in the session.
                if session == nil ? count < scratch.count : session?.hasBufferedInput != true {
                    return .received(total)
                }
            case .wouldBlockRead, .wouldBlockWrite:
                return .received(total)
            case .end:
                return total > 0 ? .received(total) : .ended
            case .failed(let failure):
                return .failed(String(describing: failure))
            }
        }
        return .received(total)
    }

    /// Sends as much of `output` as the kernel takes. Nil when the connection is fine, else what broke.
    func flush() -> String? {
        guard isEstablished else { return nil }
        while !output.isEmpty {
            let outcome = output.withFirst { bytes in
                bytes.withUnsafeBytes { session?.write($0) ?? Socket.write(descriptor, $0) }
            }
            switch outcome {
            case .bytes(let count):
                bytesOut += UInt64(count)
                output.consume(count)
            case .wouldBlockRead, .wouldBlockWrite:
                watch(write: true)
                return nil
            case .end:
                return "closed by the other side"
            case .failed(let failure):
                return String(describing: failure)
            }
        }
        output.trim(to: Channel.idleCapacity)
        watch(write: false)
        return nil
    }

    /// Stops or resumes reading.
    func pause(_ paused: Bool) {
        guard paused != isPaused else { return }
        isPaused = paused
        watch(write: wantsWrite)
    }

    /// Gives memory back that an idle connection does not need.
    func rest() { session?.releaseBuffers() }

    func close() {
        session?.closeNotify()
        reactor.remove(registration)
        Socket.close(descriptor)
    }

    /// Queue memory that an idle connection may keep.
    private static let idleCapacity = 64 << 10

    private func watch(write: Bool) {
        wantsWrite = write
        var wanted: Interest = isPaused ? [] : .readable
        if write { wanted.insert(.writable) }
        guard wanted != interest else { return }
        interest = wanted
        reactor.change(registration, wanted)
    }
}
