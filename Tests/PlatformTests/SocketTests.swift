// Sockets and their addresses.

import Glibc
import Platform
import Testing
import Vocabulary

@Suite struct SocketTests {
    @Test func `bytes go both ways, then the end is told`() throws {
        let pair = try SocketPair()
        #expect(write("ping", to: pair.client) == .bytes(4))
        #expect(read(from: pair.server).text == "ping")
        #expect(write("pong", to: pair.server) == .bytes(4))
        #expect(read(from: pair.client).text == "pong")
        Socket.finishWriting(pair.client)
        #expect(read(from: pair.server).outcome == .end)
        #expect(Socket.peerAddress(pair.client) == Socket.localAddress(pair.server))
        #expect(Socket.peerAddress(pair.server) == Socket.localAddress(pair.client))
    }

    @Test func `a read of nothing and a write into a full socket would block`() throws {
        let pair = try SocketPair()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        #expect(buffer.withUnsafeMutableBytes { Socket.read(pair.server, into: $0) } == .wouldBlockRead)
        var outcome = IOOutcome.bytes(0)
        while case .bytes = outcome { outcome = buffer.withUnsafeBytes { Socket.write(pair.client, $0) } }
        #expect(outcome == .wouldBlockWrite)
    }

    @Test func `writing to a connection that was reset fails without a signal`() throws {
        let listener = try Socket.listen(on: .loopback(port: 0))
        defer { Socket.close(listener) }
        let client = try Socket.connect(to: try #require(Socket.localAddress(listener)))
        defer { Socket.close(client) }
        #expect(Socket.wait(listener, .readable, until: nil))
        let server = try #require(try Socket.accept(listener)).descriptor
        Socket.resetOnClose(server)
        Socket.close(server)
        guard case .failed(.system(let first)) = read(from: client).outcome else {
            Issue.record("a reset connection was read")
            return
        }
        #expect(first.errno == ECONNRESET)
        guard case .failed(.system(let second)) = write("ping", to: client) else {
            Issue.record("a reset connection was written")
            return
        }
        #expect(second.errno == EPIPE)
        #expect(second.remedy == .retry("the other end closed the connection: connect again"))
    }

    @Test func `an accept without a connection is nil`() throws {
        let listener = try Socket.listen(on: .loopback(port: 0))
        defer { Socket.close(listener) }
        #expect(try Socket.accept(listener) == nil)
    }

    @Test func `a port in use is refused by name`() throws {
        let listener = try Socket.listen(on: .loopback(port: 0))
        defer { Socket.close(listener) }
        let address = try #require(Socket.localAddress(listener))
        let error = failure { () throws(SystemError) in try Socket.listen(on: address) }
        #expect(error?.errno == EADDRINUSE)
        #expect(error?.description == "listen \(address): Address already in use (EADDRINUSE)")
        #expect(
            error?.remedy == .operate("stop the process that listens on \(address), or choose another port"))
    }

    @Test func `an address of another machine is refused by name`() {
        let error = failure { () throws(SystemError) in
            try Socket.listen(on: SocketAddress(v4: (192, 0, 2, 1), port: 0))
        }
        #expect(error?.errno == EADDRNOTAVAIL)
    }

    @Test func `a connection that nobody takes is refused`() throws {
        // Bound, so that no other test gets the port meanwhile, and not listening.
        let bound = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { Socket.close(bound) }
        var any = sockaddr_in()
        any.sin_family = sa_family_t(AF_INET)
        any.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        let status = withUnsafeBytes(of: &any) { bytes in
            bind(bound, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        #expect(status == 0)
        let address = try #require(Socket.localAddress(bound))
        let client = try Socket.connect(to: address)
        defer { Socket.close(client) }
        #expect(Socket.wait(client, .writable, until: nil))
        #expect(
            Socket.connectOutcome(client, to: address)
                == SystemError(call: "connect", errno: ECONNREFUSED, subject: address.description))
    }

    @Test func `a wait for a silent socket ends at its deadline`() throws {
        let pair = try SocketPair()
        #expect(!Socket.wait(pair.client, .readable, until: MonotonicClock.now() + .microseconds(100)))
    }
}

@Suite struct SocketAddressTests {
    @Test(arguments: [
        "127.0.0.1:7101", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:7101", "[::]:1", "[2001:db8::7:1]:443",
    ]) func `an address is written as it is read`(text: String) throws {
        #expect(try #require(SocketAddress(parsing: text)).description == text)
    }

    @Test(arguments: [
        "", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:x", "::1:7101", "[::1]",
        "[127.0.0.1]:1", "n1:7101", "1.2.3:4", "[::1:1", "127.0.0.1 :1",
    ]) func `what is no address is refused`(text: String) {
        #expect(SocketAddress(parsing: text) == nil)
    }

    @Test func `loopback and unspecified addresses are known`() throws {
        #expect(try #require(SocketAddress(parsing: "127.9.9.9:1")).isLoopback)
        #expect(try #require(SocketAddress(parsing: "[::1]:1")).isLoopback)
        #expect(try !#require(SocketAddress(parsing: "128.0.0.1:1")).isLoopback)
        #expect(try !#require(SocketAddress(parsing: "[::2]:1")).isLoopback)
        #expect(try #require(SocketAddress(parsing: "0.0.0.0:1")).isUnspecified)
        #expect(try #require(SocketAddress(parsing: "[::]:1")).isUnspecified)
        #expect(try !#require(SocketAddress(parsing: "[::1]:1")).isUnspecified)
    }

    @Test func `an IPv4 address in IPv6 form is the IPv4 address`() throws {
        #expect(SocketAddress(parsing: "[::ffff:10.1.2.3]:5") == SocketAddress(v4: (10, 1, 2, 3), port: 5))
    }

    @Test func `a host name is resolved, and one that is none is refused by name`() throws {
        #expect(try SocketAddress.resolve("localhost:7101").isLoopback)
        #expect(try SocketAddress.resolve("127.0.0.1:7101") == .loopback(port: 7101))
        #expect(
            failure { () throws(SystemError) in try SocketAddress.resolve("no port") }
                == SystemError(call: "resolve", errno: EINVAL, subject: "no port"))
        #expect(
            failure { () throws(SystemError) in try SocketAddress.resolve("name.invalid:1") }
                == SystemError(call: "resolve", errno: ENOENT, subject: "name.invalid:1"))
    }
}
