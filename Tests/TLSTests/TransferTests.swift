// Bytes through sessions: large, both ways, blocked and buffered.

import Platform
import TLS
import Testing
import Vocabulary

@Suite struct TransferTests {
    private func conversation(_ certificates: TLSContext.ClientCertificates = .required) throws -> Conversation {
        let authority = try Authority()
        let a = try authority.identity("n1", .node)
        let b = try authority.identity("n2", .node)
        let talk = try Conversation(
            client: .client(a), server: .server(b, clientCertificates: certificates), expectedName: "n2")
        try talk.establish()
        return talk
    }

    private func pattern(_ count: Int, _ factor: Int) -> [UInt8] {
        // A prime number of bytes, so that no record begins as another does.
        let block = (0..<65521).map { UInt8(truncatingIfNeeded: ($0 &* factor) >> 3) }
        var bytes: [UInt8] = []
        while bytes.count < count { bytes += block }
        return Array(bytes.prefix(count))
    }

    /// One direction of a transfer: what is written, how far, and what came out.
    private struct Direction {
        let bytes: [UInt8]
        var written = 0
        var received: [UInt8] = []
        var wasBlocked = false

        mutating func write(by session: TLSSession) {
            while written < bytes.count {
                let outcome = bytes.withUnsafeBytes { session.write(UnsafeRawBufferPointer(rebasing: $0[written...])) }
                guard case .bytes(let count) = outcome else {
                    wasBlocked = wasBlocked || outcome == .wouldBlockWrite
                    return
                }
                written += count
            }
        }

        mutating func read(by session: TLSSession, upTo size: Int) {
            while case let result = session.read(upTo: size), case .bytes = result.outcome { received += result.bytes }
        }
    }

    @Test func `sessions that give their buffers back at any time lose nothing`() throws {
        let talk = try conversation()
        var there = Direction(bytes: pattern(1 << 20, 7))
        var back = Direction(bytes: pattern(1 << 20, 13))
        while there.received.count < there.bytes.count || back.received.count < back.bytes.count {
            for session in [talk.client, talk.server] { session.releaseBuffers() }
            there.write(by: talk.client)
            for session in [talk.client, talk.server] { session.releaseBuffers() }
            back.write(by: talk.server)
            there.read(by: talk.server, upTo: 777)
            for session in [talk.client, talk.server] { session.releaseBuffers() }
            back.read(by: talk.client, upTo: 20_000)
        }
        let arrived = there.received == there.bytes && back.received == back.bytes
        #expect(arrived)
    }

    @Test(arguments: [1000, 16384, 100_000]) func `large transfers both ways at once arrive whole`(size: Int) throws {
        let talk = try conversation()
        var there = Direction(bytes: pattern(16 << 20, 7))
        var back = Direction(bytes: pattern(5 << 20, 13))
        while there.received.count < there.bytes.count || back.received.count < back.bytes.count {
            there.write(by: talk.client)
            back.write(by: talk.server)
            there.read(by: talk.server, upTo: size)
            back.read(by: talk.client, upTo: size)
        }
        // As plain values: a failure should not print megabytes.
        let isWhole = there.received == there.bytes && back.received == back.bytes
        let wasBlocked = there.wasBlocked
        #expect(isWhole)
        #expect(wasBlocked)
    }

    @Test func `bytes that the last read had no room for are told of`() throws {
        let talk = try conversation()
        let bytes = pattern(3000, 5)
        #expect(talk.client.write(bytes) == .bytes(3000))
        #expect(talk.server.readNext(upTo: 1000, on: talk.wire.server).bytes == Array(bytes[..<1000]))
        #expect(talk.server.hasBufferedInput)
        #expect(!Socket.wait(talk.wire.server, .readable, until: MonotonicClock.now() + .microseconds(1)))
        #expect(talk.server.read(upTo: 1500).bytes == Array(bytes[1000..<2500]))
        #expect(talk.server.hasBufferedInput)
        #expect(talk.server.read(upTo: 1500).bytes == Array(bytes[2500...]))
        #expect(!talk.server.hasBufferedInput)
        #expect(talk.server.read(upTo: 1500).outcome == .wouldBlockRead)
        #expect(!talk.server.hasBufferedInput)
    }

    @Test func `several records that wait are read at once`() throws {
        let talk = try conversation()
        for byte in 0..<10 as Range<UInt8> { #expect(talk.client.write([byte, byte]) == .bytes(2)) }
        #expect(Socket.wait(talk.wire.server, .readable, until: nil))
        #expect(talk.server.read(upTo: 100).bytes == (0..<10).flatMap { [$0, $0] })
    }

    @Test func `a part of a record is no input yet`() throws {
        let talk = try conversation()
        #expect(talk.server.read(upTo: 10).outcome == .wouldBlockRead)
        // The first byte of a record's header.
        _ = [UInt8](repeating: 23, count: 1).withUnsafeBytes { Socket.write(talk.wire.client, $0) }
        #expect(Socket.wait(talk.wire.server, .readable, until: nil))
        #expect(talk.server.read(upTo: 10).outcome == .wouldBlockRead)
        #expect(!talk.server.hasBufferedInput)
    }

    @Test func `the end is told after a notice, and after a close without one`() throws {
        let first = try conversation()
        #expect(first.client.write([1]) == .bytes(1))
        first.client.closeNotify()
        #expect(first.server.readNext(upTo: 10, on: first.wire.server).bytes == [1])
        #expect(first.server.readNext(upTo: 10, on: first.wire.server).outcome == .end)
        let second = try conversation()
        Socket.finishWriting(second.wire.client)
        #expect(second.server.readNext(upTo: 10, on: second.wire.server).outcome == .end)
    }

    @Test func `writing to a connection that was reset fails without a signal`() throws {
        let talk = try conversation()
        Socket.resetOnClose(talk.wire.server)
        #expect(talk.client.write([1]) == .bytes(1))
        // The descriptor itself must stay its wire's to close: another socket takes its place, which resets this one.
        let other = try Wire()
        #expect(Descriptors.replace(talk.wire.server, by: other.server))
        guard case .failed(.system(let error)) = talk.client.readNext(upTo: 10, on: talk.wire.client).outcome else {
            Issue.record("a reset connection was read")
            return
        }
        #expect(error.description.contains("ECONNRESET"))
        var outcome = talk.client.write([1])
        if case .bytes = outcome { outcome = talk.client.write([1]) }
        guard case .failed = outcome else {
            Issue.record("a reset connection was written")
            return
        }
    }

    @Test func `TLS 1.3 tickets do not disturb what is read`() throws {
        let talk = try conversation(.notAsked)
        #expect(talk.server.write([5]) == .bytes(1))
        #expect(talk.client.readNext(upTo: 10, on: talk.wire.client).bytes == [5])
    }
}
