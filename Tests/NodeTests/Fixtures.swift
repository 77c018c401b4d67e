// What the tests of Node share: a loop to turn, clients that block, an authority, and buffers.

import ByteCoding
import Glibc
import Platform
import RESP
import Sessions
import Synchronization
import TLS
import Telemetry
import Testing
import Vocabulary

@testable import Node

/// Memory to read into, freed with the object.
final class Scratch {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    deinit { buffer.deallocate() }
}

/// A moment that no test waits for: reaching it means that the condition never came.
func farDeadline() -> Instant { MonotonicClock.now() + .seconds(10) }

private let addressesTaken = Atomic<UInt32>(0)

/// An address that is free, and stays so until the test takes it: all of 127.0.0.0/8 is this machine, and no other
/// test, in this process or another, uses the same host.
func freeAddress() throws -> SocketAddress {
    let process = getpid()
    let turn = addressesTaken.wrappingAdd(1, ordering: .relaxed).oldValue
    let host = (UInt8(127), UInt8(process >> 8 & 0xFF), UInt8(process & 0xFF), UInt8(1 + turn % 250))
    let listener = try Socket.listen(on: SocketAddress(v4: host, port: 0))
    defer { Socket.close(listener) }
    return try #require(Socket.localAddress(listener))
}

/// The client's end of a connection: writes and reads without waiting, closed with the object.
final class Visitor {
    let descriptor: Int32
    var received: [UInt8] = []
    private(set) var hasEnded = false
    private var isOpen = true

    init(_ address: SocketAddress) throws {
        descriptor = try Socket.connect(to: address)
        #expect(Socket.wait(descriptor, .writable, until: farDeadline()))
        #expect(Socket.connectOutcome(descriptor) == nil)
    }

    deinit { close() }

    func close() {
        if isOpen { Socket.close(descriptor) }
        isOpen = false
    }

    var text: String { String(decoding: received, as: UTF8.self) }

    /// Writes what the kernel takes, and says how much that was.
    @discardableResult func write(_ bytes: some Sequence<UInt8>) -> Int {
        let bytes = Array(bytes)
        var done = 0
        while done < bytes.count {
            guard
                case .bytes(let count) = bytes.withUnsafeBytes({
                    Socket.write(descriptor, UnsafeRawBufferPointer(rebasing: $0[done...]))
                })
            else { break }
            done += count
        }
        return done
    }

    @discardableResult func write(_ text: String) -> Int { write(text.utf8) }

    /// Takes what has arrived.
    func read() {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while !hasEnded {
            switch buffer.withUnsafeMutableBytes({ Socket.read(descriptor, into: $0) }) {
            case .bytes(let count): received += buffer[..<count]
            case .end, .failed: hasEnded = true
            case .wouldBlockRead, .wouldBlockWrite: return
            }
        }
    }
}

/// Accepts one word.
struct OneToken: TokenVerifier {
    func accepts(_ token: RawSpan) -> Bool { [UInt8](token) == Array("secret".utf8) }
}

/// A directory with an authority that issues for one test.
final class Authority {
    private let path: String
    private let authority: CertificateAuthority

    init() throws {
        path = try FileSystem.makeTemporaryDirectory(prefix: "node-test")
        authority = try CertificateAuthority.create(path + "/pki")
    }

    deinit { try? FileSystem.removeTree(path) }

    func identity(_ name: String, _ role: CertificateRole = .node) throws -> TLSIdentity {
        let issued = try authority.issue(commonName: name, role: role, days: 10)
        return TLSIdentity(
            certificateFile: issued.certificateFile, keyFile: issued.keyFile,
            authorityFile: authority.certificateFile)
    }
}

/// Two connected sockets of this machine (socketpair(2)), non-blocking.
func socketPair() -> (one: Int32, other: Int32) {
    var ends: [Int32] = [0, 0]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let result = socketpair(AF_UNIX, kind, 0, &ends)
    precondition(result == 0, "socketpair failed with errno \(errno)")
    return (ends[0], ends[1])
}

/// The facts of a node without peers.
func sampleFacts() -> NodeFacts {
    guard let id = NodeID("n1") else { preconditionFailure("n1 is a name") }
    return NodeFacts(
        status: NodeStatus(id: id), clusterName: "test", members: [.init(id: id, host: "localhost", port: 7101)])
}
