// Runs of the log as objects: what goes in comes out, and nothing else is taken for it.

import ByteCoding
import LogFormat
import Testing
import Vocabulary

@testable import ArchiveFormat

@Suite struct LogRunTests {
    private func open(_ object: [UInt8]) throws(ArchiveFault) -> LogRun {
        try LogRun(try ArchiveObject(object), limit: .mebibytes(64))
    }

    @Test func `what a run was made of comes back`() throws {
        let frames = Fixtures.frames(50)
        let (facts, object, end) = Fixtures.run(frames)
        let run = try open(object)
        #expect(run.facts == facts)
        #expect(run.start == .zero)
        #expect(run.end == end)
        #expect(run.frames.frames.indices.map { run.frames.frame(at: $0) } == frames)
        #expect(run.digests == [CertifiedDigest(index: end.position.index, digest: Digest(high: 1, low: 2))])
        #expect(Fixtures.name(of: facts).fits(try ArchiveObject(object).header))
    }

    @Test func `the chain is the same however the log is cut into runs`() throws {
        let frames = Fixtures.frames(40)
        let whole = Fixtures.run(frames).end
        for cut in [1, 7, 20, 39] {
            let first = Fixtures.run(frames[..<cut])
            let second = Fixtures.run(frames[cut...], behind: first.end)
            #expect(second.end == whole)
            #expect(try open(second.object).start == first.end)
        }
    }

    @Test func `one builder makes runs that follow one another`() throws {
        let frames = Fixtures.frames(30)
        var builder = LogRunBuilder(Fixtures.owner, term: Term(3), behind: .zero, level: 1)
        var end = ChainEnd.zero
        for part in [frames[..<10], frames[10..<11], frames[11...]] {
            for frame in part { builder.append(frame.header, frame.bytes.rawBytes) }
            let run = try open(builder.finish().object)
            #expect(run.start == end)
            end = run.end
        }
        #expect(end == Fixtures.run(frames).end)
    }

    @Test func `a run larger than a block is cut into blocks of one size`() throws {
        var builder = FrameBuilder(cluster: Fixtures.cluster)
        var noise = SplitMix64(seed: 5)
        builder.appendEntry([UInt8]((0..<3_000_000).map { _ in UInt8(truncatingIfNeeded: noise.next()) }).rawBytes)
        let frame = builder.seal(
            kind: .entries, term: Term(1), firstIndex: LogIndex(1), timestamp: Fixtures.start, previousTerm: .zero,
            previousChecksum: 0)
        let object = try ArchiveObject(Fixtures.run([frame]).object)
        #expect(object.blockCount == 3)
        #expect(object.plainLength == frame.bytes.count)
        #expect(try object.plain() == frame.bytes)
    }

    @Test func `no bit of an object can change without being found`() throws {
        let object = Fixtures.run(Fixtures.frames(3)).object
        for position in object.indices {
            for bit in 0..<8 {
                var bytes = object
                bytes[position] ^= 1 << UInt8(bit)
                #expect(throws: ArchiveFault.self, "bit \(bit) of byte \(position)") { try open(bytes) }
            }
        }
    }

    @Test func `no part of an object is taken for it`() throws {
        let object = Fixtures.run(Fixtures.frames(3)).object
        for count in object.indices {
            #expect(throws: ArchiveFault.self) { try open(Array(object[..<count])) }
        }
        #expect(throws: ArchiveFault.self) { try open(object + [0]) }
    }

    @Test func `an object is known not to be what another name says`() throws {
        let frames = Fixtures.frames(20)
        let first = Fixtures.run(frames[..<10])
        let second = Fixtures.run(frames[10...], behind: first.end)
        let header = try ArchiveObject(second.object).header
        #expect(!Fixtures.name(of: first.facts).fits(header))
        #expect(Fixtures.name(of: second.facts).fits(header))
    }

    @Test func `bytes of all kinds are refused and never crash`() {
        var random = SplitMix64(seed: 77)
        let object = Fixtures.run(Fixtures.frames(5)).object
        for _ in 0..<20_000 {
            var bytes = object
            for _ in 0...Int(random.next() % 4) {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            if random.next() % 3 == 0 { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
            guard bytes != object else { continue }
            #expect(throws: ArchiveFault.self) { try open(bytes) }
        }
    }
}
