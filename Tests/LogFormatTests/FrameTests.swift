// Frames: round trips, and that nothing else decodes.

import ByteCoding
import Testing
import Vocabulary

@testable import LogFormat

@Suite struct FrameTests {
    @Test(arguments: [0, 1, 2, 7, 100, 511, 512, 513, 5000])
    func `a frame comes back as it was sealed`(size: Int) throws {
        var random = SplitMix64(seed: UInt64(size))
        let entries = (0..<5).map { _ in (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) } }
        let frame = Fixture.frame(entries, term: 3, first: 17, previousTerm: 2, previousChecksum: 99)
        let decoded = try Frame.decode(frame.bytes.rawBytes, limit: Fixture.limit)
        #expect(decoded == frame)
        #expect(decoded.header.lastIndex == LogIndex(21))
        #expect(decoded.header.frameLength == frame.bytes.count)
        #expect(try Fixture.entries(of: decoded) == entries)
        #expect(try Frame.decode(taking: frame.bytes, limit: Fixture.limit) == frame)
    }

    @Test func `frames that stand one behind the other come back, and a cut one is named`() throws {
        let frames = [Fixture.frame([[1]]), Fixture.frame([[2, 3], [4]]), Fixture.frame([[5]])]
        let bytes = frames.flatMap(\.bytes)
        #expect(try Frame.decodeRun(bytes.rawBytes, limit: Fixture.limit) == frames)
        #expect(try Frame.decodeRun([UInt8]().rawBytes, limit: Fixture.limit).isEmpty)
        for length in 1..<bytes.count {
            let ends = frames.indices.map { frames[...$0].reduce(0) { $0 + $1.bytes.count } }
            let cut = Array(bytes[..<length])
            let found = Result { () throws(FrameError) in try Frame.decodeRun(cut.rawBytes, limit: Fixture.limit) }
            if case .success = found { #expect(ends.contains(length)) } else { #expect(!ends.contains(length)) }
        }
    }

    @Test func `a payload that shrinks is stored compressed and one that does not is stored plain`() throws {
        let text = Array(String(repeating: "the quick brown fox ", count: 100).utf8)
        let compressed = Fixture.frame([text])
        #expect(compressed.header.codec == .lz4)
        #expect(Int(compressed.header.storedLength) < text.count / 4)
        #expect(Int(compressed.header.plainLength) == text.count + 2)
        #expect(try Fixture.entries(of: compressed) == [text])
        var random = SplitMix64(seed: 1)
        let noise = (0..<2000).map { _ in UInt8.random(in: 0...255, using: &random) }
        #expect(Fixture.frame([noise]).header.codec == .plain)
        #expect(Fixture.frame([Array(text.prefix(400))]).header.codec == .plain)
    }

    @Test func `a builder gives up on noise for a while and then tries again`() {
        var compression = PayloadCompression(threshold: 512)
        var random = SplitMix64(seed: 2)
        let noise = (0..<2000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let text = [UInt8](repeating: 7, count: 2000)
        let outcomes = [noise, text, text, text].map { compression.compress($0) != nil }
        #expect(outcomes == [false, false, false, true])
        for _ in 0..<1000 { _ = compression.compress(noise) }
        var tries = 0
        while compression.compress(text) == nil, tries <= PayloadCompression.skipMax { tries += 1 }
        #expect(tries <= PayloadCompression.skipMax)
    }

    @Test func `a builder is used again and frames chain`() throws {
        var builder = FrameBuilder(cluster: Fixture.cluster)
        builder.begin()
        let first = builder.seal(
            kind: .leaderStart, term: Term(1), firstIndex: LogIndex(1), timestamp: Timestamp(microseconds: 5),
            previousTerm: .zero, previousChecksum: 0)
        #expect(first.header.count == 1)
        #expect(try Fixture.entries(of: first) == [])
        builder.begin()
        builder.payload.append(counted: [UInt8](repeating: 9, count: 40).rawBytes)
        builder.count += 1
        let second = builder.seal(
            kind: .entries, term: Term(1), firstIndex: first.header.lastIndex.next,
            timestamp: Timestamp(microseconds: 6), previousTerm: first.header.term,
            previousChecksum: first.header.checksum)
        #expect(try Fixture.entries(of: second) == [[UInt8](repeating: 9, count: 40)])
        #expect(second.header.previousChecksum == first.header.checksum)
    }

    @Test func `every flipped bit and every cut is refused`() {
        let text = Array(String(repeating: "abcdefgh", count: 80).utf8)
        for frame in [Fixture.frame([[1, 2, 3], [], [4]]), Fixture.frame([text])] {
            for offset in frame.bytes.indices {
                for bit in 0..<8 {
                    var bytes = frame.bytes
                    bytes[offset] ^= 1 << UInt8(bit)
                    #expect(throws: FrameError.self) { try Frame.decode(bytes.rawBytes, limit: Fixture.limit) }
                }
                let cut = Array(frame.bytes.prefix(offset))
                #expect(throws: FrameError.self) { try Frame.decode(cut.rawBytes, limit: Fixture.limit) }
            }
            #expect(throws: FrameError.self) {
                try Frame.decode((frame.bytes + [0]).rawBytes, limit: Fixture.limit)
            }
        }
    }

    @Test func `limits hold for stored and for plain bytes`() {
        let frame = Fixture.frame([[UInt8](repeating: 1, count: 10_000)])
        #expect(frame.bytes.count < 1000)
        #expect(throws: FrameError.overLimit(length: ByteCount(10_002), limit: ByteCount(5000))) {
            try Frame.decode(frame.bytes.rawBytes, limit: ByteCount(5000))
        }
        #expect(throws: FrameError.overLimit(length: ByteCount(frame.bytes.count), limit: ByteCount(100))) {
            try Frame.decode(frame.bytes.rawBytes, limit: ByteCount(100))
        }
    }

    /// Bytes that a peer may have signed with a right checksum and still are no frame.
    @Test(arguments: [
        (8, [UInt8(2), 0]), (8, [0, 0]), (10, [0]), (10, [9]), (11, [7]), (12, [1]), (76, [1]),
        (24, [UInt8](repeating: 0, count: 8)), (32, [UInt8](repeating: 0, count: 8)),
        (32, [UInt8](repeating: 255, count: 8)), (40, [9]), (48, [UInt8](repeating: 255, count: 8)),
        (60, [0, 0, 0, 0]), (64, [1]), (68, [1]), (68, [255, 255, 255, 255]), (72, [1]),
    ])
    func `a wrong field behind a right checksum is refused`(offset: Int, value: [UInt8]) {
        var bytes = Fixture.frame([[1, 2, 3]]).bytes
        bytes.replaceSubrange(offset..<offset + value.count, with: value)
        bytes = Hostile.signed(bytes)
        #expect(throws: FrameError.self) { try Frame.decode(bytes.rawBytes, limit: Fixture.limit) }
    }

    @Test func `a newer version is told apart from damage`() {
        var bytes = Fixture.frame([[1]]).bytes
        bytes[8] = 2
        #expect(throws: FrameError.newerVersion(found: 2, supported: 1)) {
            try Frame.decode(Hostile.signed(bytes).rawBytes, limit: Fixture.limit)
        }
    }

    @Test func `hostile LZ4 costs no more than the stated length and never passes`() throws {
        let frame = Fixture.frame([[UInt8](repeating: 1, count: 10_000)])
        for stated in [1, 9_999, 10_003, 20_000] as [UInt32] {
            var bytes = frame.bytes
            bytes.store(littleEndian: stated, at: 68)
            guard let decoded = try? Frame.decode(Hostile.signed(bytes).rawBytes, limit: Fixture.limit) else {
                continue
            }
            #expect(throws: FrameError.self) { try Fixture.entries(of: decoded) }
        }
        var random = SplitMix64(seed: 3)
        for _ in 0..<5000 {
            var bytes = frame.bytes
            for _ in 0..<4 { bytes[Int.random(in: 80..<bytes.count, using: &random)] = UInt8(random.next() & 255) }
            let decoded = try Frame.decode(Hostile.signed(bytes).rawBytes, limit: Fixture.limit)
            if let entries = try? Fixture.entries(of: decoded) { #expect(entries.count == 1) }
        }
    }

    @Test func `a payload that holds more or fewer entries than stated is refused`() throws {
        for stated in [1, 3] as [UInt32] {
            var bytes = Fixture.frame([[1], [2]]).bytes
            bytes.store(littleEndian: stated, at: 60)
            let decoded = try Frame.decode(Hostile.signed(bytes).rawBytes, limit: Fixture.limit)
            #expect(throws: FrameError.self) { try Fixture.entries(of: decoded) }
        }
    }

    @Test func `the bytes of version 1 stay what they are`() {
        let frame = Fixture.frame([Array("SET".utf8), []], term: 2, first: 3, previousTerm: 1, previousChecksum: 4)
        #expect(hex(frame.bytes) == Golden.frame)
    }
}

enum Hostile {
    /// The frame with the checksum that its bytes ask for.
    static func signed(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        bytes.store(littleEndian: CRC32C.checksum(bytes.rawBytes.extracting(8..<bytes.count)), at: 4)
        return bytes
    }
}
