// The blocking stream that tools use.

import Platform
import TLS
import Testing
import Vocabulary

@Suite struct BlockingStreamTests {
    private let soon = MonotonicClock.now() + .seconds(30)

    /// Accepts one connection on a thread of its own and sends back what it reads until the end.
    private func echo(_ listener: Int32, _ context: TLSContext?) throws -> WorkerThread {
        try WorkerThread.start(name: "echo") {
            guard Socket.wait(listener, .readable, until: nil), let found = try? Socket.accept(listener) else { return }
            let descriptor = found.descriptor
            defer { Socket.close(descriptor) }
            let session = context.flatMap { try? TLSSession(server: $0, descriptor: descriptor) }
            while let session, session.handshake() != .done { _ = Socket.wait(descriptor, .readable, until: nil) }
            var buffer = [UInt8](repeating: 0, count: 5000)
            while true {
                let outcome = buffer.withUnsafeMutableBytes {
                    session?.read(into: $0) ?? Socket.read(descriptor, into: $0)
                }
                switch outcome {
                case .bytes(let count):
                    buffer.prefix(count).withUnsafeBytes { _ = session?.write($0) ?? Socket.write(descriptor, $0) }
                case .wouldBlockRead: _ = Socket.wait(descriptor, .readable, until: nil)
                default: return
                }
            }
        }
    }

    private func exchange(_ context: TLSContext?, _ server: TLSContext?) throws {
        let listener = try Socket.listen(on: .loopback(port: 0))
        defer { Socket.close(listener) }
        let address = try #require(Socket.localAddress(listener))
        let thread = try echo(listener, server)
        do {
            let stream = try BlockingStream.connect(address, serverName: "n1", context: context, until: soon)
            try stream.write(Array("hello".utf8), until: soon)
            var received: [UInt8] = []
            while received.count < 5 { received += try stream.read(upTo: 3, until: soon) }
            #expect(received == Array("hello".utf8))
        }
        thread.join()
    }

    @Test func `bytes go there and back in plain text`() throws { try exchange(nil, nil) }

    @Test func `bytes go there and back with TLS`() throws {
        let authority = try Authority()
        let node = try authority.identity("n1", .node)
        let client = try authority.identity("admin", .client)
        try exchange(.client(client), .server(node, clientCertificates: .required))
    }

    private func error<Result: ~Copyable>(_ body: () throws(StreamError) -> Result) -> StreamError? {
        do throws(StreamError) {
            _ = try body()
            return nil
        } catch { return error }
    }

    @Test func `a silent server times out, in the handshake and in a read`() throws {
        let listener = try Socket.listen(on: .loopback(port: 0))
        defer { Socket.close(listener) }
        let address = try #require(Socket.localAddress(listener))
        let authority = try Authority()
        let context = try TLSContext.client(nil, authorityFile: authority.authority.certificateFile)
        let handshake = error { () throws(StreamError) in
            try BlockingStream.connect(
                address, serverName: nil, context: context, until: MonotonicClock.now() + .milliseconds(5))
        }
        #expect(handshake == .timedOut(doing: "shaking hands", address: address.description))
        let stream = try BlockingStream.connect(address, serverName: nil, context: nil, until: soon)
        let reading = error { () throws(StreamError) in
            try stream.read(upTo: 1, until: MonotonicClock.now() + .milliseconds(1))
        }
        #expect(reading == .timedOut(doing: "reading", address: address.description))
    }

    @Test func `a refused connection is told by address`() throws {
        let listener = try Socket.listen(on: .loopback(port: 0))
        let address = try #require(Socket.localAddress(listener))
        Socket.close(listener)
        let refused = error { () throws(StreamError) in
            try BlockingStream.connect(address, serverName: nil, context: nil, until: soon)
        }
        #expect(refused?.description == "connect \(address): Connection refused (ECONNREFUSED)")
    }
}
