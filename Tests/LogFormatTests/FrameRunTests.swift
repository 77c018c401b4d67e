// Many frames in one buffer: taken from a message as they are, or refused.

import ByteCoding
import LogFormat
import Testing
import Vocabulary

@Suite struct FrameRunTests {
    @Test func `a run is taken from a message as it is, with the payloads of its frames`() throws {
        let plain = Fixture.frame([Array("one".utf8), []])
        let large = Fixture.frame([[UInt8](repeating: 7, count: 5000)], first: 3)
        let start = Fixture.frame([Array("last".utf8)], first: 4)
        let frames = [plain, large, start]
        #expect(large.header.codec == .lz4)
        let run = try FrameRun(decoding: frames.flatMap(\.bytes), limit: Fixture.limit)
        #expect(run.frames.indices.map { run.frame(at: $0) } == frames)
        for (position, frame) in frames.enumerated() {
            let payload = try run.withPayload(at: position) { payload throws(FrameError) in [UInt8](payload) }
            let expected = try frame.withPayload { payload throws(FrameError) in [UInt8](payload) }
            #expect(payload == expected)
        }
    }

    @Test func `a run with a flipped bit or a frame cut short is refused`() {
        let bytes = Fixture.frame([Array("one".utf8)]).bytes + Fixture.frame([Array("two".utf8)], first: 2).bytes
        for offset in bytes.indices {
            var flipped = bytes
            flipped[offset] ^= 4
            #expect(throws: FrameError.self) { try FrameRun(decoding: flipped, limit: Fixture.limit) }
            // Cut between two frames, it is a shorter run.
            guard offset > 0, offset != bytes.count / 2 else { continue }
            #expect(throws: FrameError.self) {
                try FrameRun(decoding: Array(bytes.prefix(offset)), limit: Fixture.limit)
            }
        }
    }
}
