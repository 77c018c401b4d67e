// Frames come out whole however the stream is cut; what is no frame is refused.

import ByteCoding
import PeerProtocol
import Testing

struct PeerFrameTests {
    private func frames(in stream: [UInt8], pieces cuts: [Int], limit: Int = 1 << 20) throws -> [[UInt8]] {
        let decoder = PeerFrameDecoder(limit: limit)
        var queue: [UInt8] = []
        var frames: [[UInt8]] = []
        for (start, end) in zip([0] + cuts, cuts + [stream.count]) {
            queue += stream[start..<end]
            while let frame = try decoder.next(in: queue.rawBytes) {
                frames.append(Array(queue[..<frame.consumed]))
                queue.removeFirst(frame.consumed)
            }
        }
        #expect(queue.isEmpty)
        return frames
    }

    @Test func `frames cut at any position come out whole and in order`() throws {
        let stream = Samples.frames.flatMap { $0 }
        for cut in 0...stream.count {
            #expect(try frames(in: stream, pieces: [cut]) == Samples.frames)
        }
        #expect(try frames(in: stream, pieces: Array(0..<stream.count)) == Samples.frames)
    }

    @Test func `a frame above the limit is refused when it is announced`() throws {
        let decoder = PeerFrameDecoder(limit: 9)
        let most: [UInt8] = [9, 0, 0, 0, 7]
        let more: [UInt8] = [10, 0, 0, 0, 7]
        let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 7]
        #expect(try decoder.next(in: most.rawBytes) == nil)
        #expect(throws: PeerProtocolError.frameTooLarge(length: 10, limit: 9)) { try decoder.next(in: more.rawBytes) }
        #expect(throws: PeerProtocolError.frameTooLarge(length: 0xFFFF_FFFF, limit: 9)) {
            try decoder.next(in: huge.rawBytes)
        }
    }

    @Test func `a frame of an unknown kind or of none is refused and not skipped`() {
        let decoder = PeerFrameDecoder()
        for kind in UInt8.min...UInt8.max where PeerFrameKind(rawValue: kind) == nil {
            let bytes: [UInt8] = [1, 0, 0, 0, kind]
            #expect(throws: PeerProtocolError.unknownKind(kind)) { try decoder.next(in: bytes.rawBytes) }
        }
        let empty: [UInt8] = [0, 0, 0, 0, 7]
        #expect(throws: PeerProtocolError.emptyFrame) { try decoder.next(in: empty.rawBytes) }
    }

    @Test func `only the greeting is a greeting`() {
        #expect(PeerFrameKind.allCases.filter(\.isGreeting) == [.hello, .welcome, .refusal])
    }

    @Test func `any greeting fits the limit before one`() throws {
        let decoder = PeerFrameDecoder()
        var hello = Samples.hello
        hello.build = String(repeating: "b", count: 1000)
        hello.clientAddress = String(repeating: "é", count: 1000)
        hello.adminAddress = String(repeating: "a", count: 1000)
        var bytes: [UInt8] = []
        PeerCoding.append(PeerWelcome(version: 1, hello: hello), to: &bytes)
        let frame = try #require(try decoder.next(in: bytes.rawBytes))
        let welcome = try PeerCoding.welcome(in: Array(bytes[frame.body]).rawBytes)
        #expect(welcome.hello.build.utf8.count == PeerHello.buildLengthMax)
        #expect(welcome.hello.clientAddress.utf8.count == PeerHello.addressLengthMax - 1)
    }
}
