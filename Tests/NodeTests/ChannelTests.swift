// Bytes go out in order however the kernel takes them, come in only while they are wanted, and are counted.

import ByteCoding
import Platform
import Testing
import Vocabulary

@testable import Node

@Suite struct ChannelTests {
    private let reactor: Reactor
    private let channel: Channel
    private let other: Int32
    private let past = Instant(nanoseconds: 0)

    init() throws {
        reactor = try Reactor()
        let pair = socketPair()
        other = pair.other
        channel = try Channel(descriptor: pair.one, session: nil, interest: .readable, reactor: reactor)
    }

    private func finish() {
        channel.close()
        Socket.close(other)
    }

    private func events() -> [ReadyEvent] {
        var events: [ReadyEvent] = []
        reactor.wait(until: past, into: &events)
        return events
    }

    private func write(_ bytes: [UInt8]) { _ = bytes.withUnsafeBytes { Socket.write(other, $0) } }

    private func receive(_ size: Int, limit: Int) -> Channel.Reception {
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 1)
        defer { scratch.deallocate() }
        return channel.receive(scratch, limit: limit)
    }

    private var input: [UInt8] { channel.input.withBytes { [UInt8]($0) } }

    @Test func `what the kernel does not take waits, and leaves in order`() throws {
        let bytes = (0..<8 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        channel.output.append(bytes.rawBytes)
        #expect(channel.flush() == nil)
        #expect(channel.output.count > 0 && channel.output.count < bytes.count)
        #expect(events().isEmpty, "no room yet")
        var arrived: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while arrived.count < bytes.count {
            while case .bytes(let count) = buffer.withUnsafeMutableBytes({ Socket.read(other, into: $0) }) {
                arrived += buffer[..<count]
            }
            if !channel.output.isEmpty {
                try #require(events().first?.isWritable == true)
                #expect(channel.flush() == nil)
            }
        }
        #expect(arrived == bytes)
        #expect(channel.bytesOut == UInt64(bytes.count))
        #expect(events().isEmpty, "writability is not watched without need")
        finish()
    }

    @Test func `a paused channel hears of no bytes, and of them all when it goes on`() {
        channel.pause(true)
        write([1, 2, 3])
        #expect(events().isEmpty)
        channel.pause(false)
        #expect(events().first?.isReadable == true)
        _ = receive(100, limit: 100)
        #expect(input == [1, 2, 3])
        finish()
    }

    @Test func `a paused channel is still told that it can write`() {
        channel.output.append([UInt8](repeating: 0, count: 8 << 20).rawBytes)
        _ = channel.flush()
        channel.pause(true)
        var buffer = [UInt8](repeating: 0, count: 8 << 20)
        _ = buffer.withUnsafeMutableBytes { Socket.read(other, into: $0) }
        #expect(events().first?.isWritable == true)
        finish()
    }

    @Test func `one turn takes a bounded share`() {
        write([UInt8](repeating: 7, count: 1000))
        guard case .received(400) = receive(100, limit: 400) else { return #expect(Bool(false)) }
        guard case .received(600) = receive(1000, limit: 1000) else { return #expect(Bool(false)) }
        guard case .received(0) = receive(1000, limit: 1000) else { return #expect(Bool(false)) }
        #expect(channel.input.count == 1000)
        #expect(channel.bytesIn == 1000)
        finish()
    }

    @Test func `the bytes before an end are received and counted, then comes the end`() {
        write([1, 2, 3, 4])
        Socket.finishWriting(other)
        guard case .received(4) = receive(4, limit: 100) else { return #expect(Bool(false)) }
        #expect(input == [1, 2, 3, 4])
        #expect(channel.bytesIn == 4)
        guard case .ended = receive(4, limit: 100) else { return #expect(Bool(false)) }
        finish()
    }

    @Test func `a flush to nobody says what broke`() {
        Socket.close(other)
        channel.output.append([1].rawBytes)
        #expect(channel.flush()?.isEmpty == false)
        channel.close()
        #expect(reactor.count == 0)
    }
}
