// Segment headers, records and the chain: what the writer makes, the reader demands.

import ByteCoding
import LogFormat
import Testing
import Vocabulary

@Suite struct LogChainTests {
    /// A segment with a state, two frames, a vote, a cut and a frame in its place.
    static func segment() -> (bytes: [UInt8], chain: LogChain) {
        let header = SegmentHeader(identity: Fixture.identity, sequence: 1, base: LSN(0), start: ChainLink())
        var bytes: [UInt8] = []
        header.encode(into: &bytes)
        var chain = LogChain(header)
        chain.write(LogState(), into: &bytes)
        chain.beginBatch()
        let first = Fixture.frame([Array("one".utf8)])
        chain.write(first, commitIndex: .zero, into: &bytes)
        let second = Fixture.frame(
            [Array("two".utf8), Array("three".utf8)], first: 2, previousTerm: 1,
            previousChecksum: first.header.checksum)
        chain.write(second, commitIndex: LogIndex(1), into: &bytes)
        chain.beginBatch()
        chain.write(LogState(term: Term(2), votedFor: NodeID("n2")), into: &bytes)
        chain.write(
            LogTruncation(from: LogIndex(2), lastTerm: Term(1), lastChecksum: first.header.checksum), into: &bytes)
        let third = Fixture.frame(
            [Array("four".utf8)], term: 2, first: 2, previousTerm: 1, previousChecksum: first.header.checksum)
        chain.write(third, commitIndex: LogIndex(1), into: &bytes)
        return (bytes, chain)
    }

    /// Walks a segment; nil when its header or any record is refused.
    static func walk(_ bytes: [UInt8]) -> (chain: LogChain, kinds: [RecordKind])? {
        guard case .header(let header) = SegmentHeader.decode(bytes.rawBytes.extracting(0..<128)) else { return nil }
        var chain = LogChain(header)
        var kinds: [RecordKind] = []
        var offset = SegmentHeader.byteCount
        while offset < bytes.count {
            let finding = RecordHeader.examine(
                bytes.rawBytes, at: offset, available: bytes.count - offset, expected: chain.next, seed: chain.seed)
            guard case .record(let record, let body) = finding,
                chain.accept(record, body: bytes.rawBytes.extracting(body)) == nil, let kind = record.kind
            else { return nil }
            kinds.append(kind)
            offset += record.recordLength
        }
        return (chain, kinds)
    }

    @Test func `a reader ends where the writer did`() throws {
        let (bytes, written) = LogChainTests.segment()
        let read = try #require(LogChainTests.walk(bytes))
        #expect(read.kinds == [.state, .frame, .frame, .state, .truncation, .frame])
        #expect(read.chain == written)
        #expect(read.chain.last == LogPosition(term: Term(2), index: LogIndex(2)))
        #expect(read.chain.link.highestIndex == LogIndex(3))
        #expect(read.chain.commitIndex == LogIndex(1))
        #expect(read.chain.state == LogState(term: Term(2), votedFor: NodeID("n2")))
    }

    @Test func `every flipped bit of a segment is noticed`() {
        let bytes = LogChainTests.segment().bytes
        for offset in bytes.indices {
            for bit in 0..<8 {
                var flipped = bytes
                flipped[offset] ^= 1 << UInt8(bit)
                #expect(LogChainTests.walk(flipped) == nil, "bit \(bit) of byte \(offset)")
            }
        }
    }

    @Test func `the bytes of version 1 stay what they are`() {
        #expect(hex(LogChainTests.segment().bytes) == Golden.segment)
    }

    @Test func `a segment goes on in the next one, and in no other`() {
        var (bytes, chain) = LogChainTests.segment()
        let next = chain.successor(sequence: 2)
        #expect(next.base == LSN(UInt64(bytes.count)))
        var other = chain
        let far = SegmentHeader(identity: next.identity, sequence: 2, base: LSN(8), start: next.start)
        let unlinked = SegmentHeader(identity: next.identity, sequence: 2, base: next.base, start: ChainLink())
        let entered = [other.enter(far), other.enter(unlinked)]
        #expect(entered == [false, false])
        #expect(other == chain)
        let follows = chain.enter(next)
        #expect(follows)
        bytes = []
        next.encode(into: &bytes)
        chain.write(chain.state, into: &bytes)
        #expect(LogChainTests.walk(bytes)?.chain.link == chain.link)
    }

    @Test func `a record of another storage never verifies`() {
        let bytes = LogChainTests.segment().bytes
        let finding = RecordHeader.examine(
            bytes.rawBytes, at: 128, available: bytes.count - 128, expected: LSN(128), seed: 1)
        #expect(finding == .invalid(.checksumMismatch))
    }

    @Test func `a whole record in the wrong place is told apart`() {
        let bytes = LogChainTests.segment().bytes
        let finding = RecordHeader.examine(
            bytes.rawBytes, at: 128, available: bytes.count - 128, expected: LSN(4096 + 128),
            seed: Fixture.identity.recordSeed)
        #expect(finding == .invalid(.misplacedBlock))
    }

    @Test func `a header whose numbers no log has reached is refused, and the largest others are not`() {
        for field in stride(from: 64, to: 104, by: 8) {
            for (number, isTaken) in [(UInt64(1) << 62, true), (1 << 62 + 1, false), (.max, false)] {
                var bytes = Array(LogChainTests.segment().bytes[..<SegmentHeader.byteCount])
                bytes.store(littleEndian: number, at: field)
                bytes.store(littleEndian: CRC32C.checksum(bytes.rawBytes.extracting(12..<bytes.count)), at: 8)
                let finding = SegmentHeader.decode(bytes.rawBytes)
                guard case .header(let header) = finding else {
                    #expect(!isTaken && finding == .invalid(.failedRecovery), "\(number) at \(field)")
                    continue
                }
                #expect(isTaken && header.firstRecord > header.base, "\(number) at \(field)")
            }
        }
    }

    @Test func `a newer segment, record or frame is told apart from damage`() {
        var bytes = LogChainTests.segment().bytes
        bytes.store(littleEndian: UInt32(2), at: 12)
        bytes.store(littleEndian: CRC32C.checksum(bytes.rawBytes.extracting(12..<128)), at: 8)
        #expect(SegmentHeader.decode(bytes.rawBytes.extracting(0..<128)) == .newer(2))
        bytes[128 + 53] = 2
        let end = 128 + LogChain.stateLength
        let checksum = CRC32C.checksum(bytes.rawBytes.extracting(132..<end), seed: Fixture.identity.recordSeed)
        bytes.store(littleEndian: checksum, at: 128)
        let finding = RecordHeader.examine(
            bytes.rawBytes, at: 128, available: bytes.count - 128, expected: LSN(128),
            seed: Fixture.identity.recordSeed)
        guard case .record(let record, let body) = finding else {
            Issue.record("\(finding)")
            return
        }
        #expect(LogChain.newerVersion(of: record, body: bytes.rawBytes.extracting(body))?.found == 2)
    }

    @Test func `versions count from 1, in segments and records`() {
        var bytes = LogChainTests.segment().bytes
        bytes.store(littleEndian: UInt32(0), at: 12)
        bytes.store(littleEndian: CRC32C.checksum(bytes.rawBytes.extracting(12..<128)), at: 8)
        #expect(SegmentHeader.decode(bytes.rawBytes.extracting(0..<128)) == .invalid(.failedRecovery))
        bytes[128 + 53] = 0
        let end = 128 + LogChain.stateLength
        let checksum = CRC32C.checksum(bytes.rawBytes.extracting(132..<end), seed: Fixture.identity.recordSeed)
        bytes.store(littleEndian: checksum, at: 128)
        let finding = RecordHeader.examine(
            bytes.rawBytes, at: 128, available: bytes.count - 128, expected: LSN(128),
            seed: Fixture.identity.recordSeed)
        #expect(finding == .invalid(.failedRecovery))
    }

    @Test func `an uncertain ballot keeps the highest term and no vote`() throws {
        let (bytes, chain) = LogChainTests.segment()
        var before = LogChain(
            SegmentHeader(identity: Fixture.identity, sequence: 1, base: LSN(0), start: ChainLink()))
        var evidence = DamageEvidence(behind: before)
        var offset = 128
        var records: [(RecordHeader, Range<Int>)] = []
        while offset < bytes.count {
            let finding = RecordHeader.examine(
                bytes.rawBytes, at: offset, available: bytes.count - offset, expected: LSN(UInt64(offset)),
                seed: chain.seed)
            guard case .record(let record, let body) = finding else { break }
            records.append((record, body))
            offset += record.recordLength
        }
        // The damage takes the vote; the cut and the frame behind it tell that there was one.
        for (record, body) in records[..<3] {
            let damage = before.accept(record, body: bytes.rawBytes.extracting(body))
            #expect(damage == nil)
        }
        evidence = DamageEvidence(behind: before)
        for (record, body) in records[4...] { evidence.note(record, body: bytes.rawBytes.extracting(body)) }
        #expect(!evidence.provesDamage)
        // The same, had the damage been in the batch before.
        before = LogChain(SegmentHeader(identity: Fixture.identity, sequence: 1, base: LSN(0), start: ChainLink()))
        let damage = before.accept(records[0].0, body: bytes.rawBytes.extracting(records[0].1))
        #expect(damage == nil)
        evidence = DamageEvidence(behind: before)
        for (record, body) in records[4...] { evidence.note(record, body: bytes.rawBytes.extracting(body)) }
        #expect(evidence.provesDamage)
        #expect(evidence.hidesBallot)
        let fenced = evidence.fencedState(after: before.state)
        #expect(fenced.isBallotUncertain)
        #expect(fenced.term == Term(2))
        #expect(fenced.votedFor == nil)
        #expect(fenced.fence == LogIndex(3))
        evidence.note(records[3].0, body: bytes.rawBytes.extracting(records[3].1))
        #expect(!evidence.hidesBallot)
        #expect(evidence.fencedState(after: before.state).votedFor == NodeID("n2"))
    }

    @Test func `the numbers of states go round, and past those that were lost`() throws {
        let last = StateNumber(.max)
        var written = LogChain(
            SegmentHeader(
                identity: Fixture.identity, sequence: 1, base: LSN(0), start: ChainLink(stateNumber: last)))
        var read = written
        written.skipStates(through: StateNumber(4))
        // Neither an older number nor one so far ahead that it would seem older says anything.
        written.skipStates(through: StateNumber(.max - 9))
        written.skipStates(through: StateNumber(.max >> 1))
        var bytes = [UInt8](repeating: 0, count: SegmentHeader.byteCount)
        var numbers: [StateNumber] = []
        for term in 1...2 as ClosedRange<UInt64> {
            let place = bytes.count
            written.write(LogState(term: Term(term), votedFor: NodeID("n2")), into: &bytes)
            let finding = RecordHeader.examine(
                bytes.rawBytes, at: place, available: bytes.count - place, expected: read.next, seed: read.seed)
            guard case .record(let record, let body) = finding else {
                Issue.record("\(finding)")
                return
            }
            let damage = read.accept(record, body: bytes.rawBytes.extracting(body))
            #expect(damage == nil)
            numbers.append(record.stateNumber)
        }
        #expect(numbers == [StateNumber(5), StateNumber(6)])
        #expect(read == written)
        #expect(read.link.stateNumber.isNewer(than: last))
        #expect(!last.isNewer(than: read.link.stateNumber))
    }

    // MARK: Restarts

    /// A segment in the middle of a log: a state, and a restart with a frame behind it in a batch of their own.
    private static func restarted() -> (bytes: [UInt8], chain: LogChain) {
        let link = ChainLink(
            last: LogPosition(term: Term(1), index: LogIndex(7)), lastChecksum: 5, highestIndex: LogIndex(9),
            recordChecksum: 6, stateNumber: StateNumber(3))
        let header = SegmentHeader(identity: Fixture.identity, sequence: 4, base: LSN(4096), start: link)
        var bytes: [UInt8] = []
        header.encode(into: &bytes)
        var chain = LogChain(header)
        chain.write(LogState(term: Term(3), votedFor: NodeID("n2"), fence: LogIndex(9)), into: &bytes)
        chain.beginBatch()
        var state = chain.state
        state.startSequence = 4
        let position = LogPosition(term: Term(2), index: LogIndex(40))
        chain.write(LogRestart(state: state, position: position, checksum: 0xABCD), into: &bytes)
        let frame = Fixture.frame(
            [Array("one".utf8)], term: 3, first: 41, previousTerm: 2, previousChecksum: 0xABCD)
        chain.write(frame, commitIndex: .zero, into: &bytes)
        return (bytes, chain)
    }

    @Test func `a restart moves the log's end and beginning, and keeps vote and fence`() throws {
        let (bytes, written) = LogChainTests.restarted()
        let read = try #require(LogChainTests.walk(bytes))
        #expect(read.kinds == [.state, .restart, .frame])
        #expect(read.chain == written)
        #expect(read.chain.last == LogPosition(term: Term(3), index: LogIndex(41)))
        #expect(read.chain.commitIndex == LogIndex(40))
        #expect(read.chain.link.highestIndex == LogIndex(41))
        #expect(read.chain.state.startSequence == 4)
        #expect(read.chain.state.votedFor == NodeID("n2") && read.chain.state.fence == LogIndex(9))
        #expect(hex(bytes) == Golden.restartedSegment)
        for offset in bytes.indices {
            for bit in 0..<8 {
                var flipped = bytes
                flipped[offset] ^= 1 << UInt8(bit)
                #expect(LogChainTests.walk(flipped) == nil, "bit \(bit) of byte \(offset)")
            }
        }
    }

    @Test func `a restart to no place of a log is refused`() {
        let bytes = LogChainTests.restarted().bytes
        let place = SegmentHeader.byteCount + LogChain.stateLength
        for (field, number) in [(48, UInt64(0)), (48, 1 << 62 + 1), (56, 0), (56, .max)] {
            var forged = Array(bytes[..<(place + LogChain.restartLength)])
            forged.store(littleEndian: number, at: place + RecordHeader.byteCount + field)
            // Also as the highest index, so that nothing else is wrong.
            if field == 48 { forged.store(littleEndian: max(number, 9), at: place + 32) }
            let checksum = CRC32C.checksum(
                forged.rawBytes.extracting(place + 4..<forged.count), seed: Fixture.identity.recordSeed)
            forged.store(littleEndian: checksum, at: place)
            #expect(LogChainTests.walk(forged) == nil, "\(number) at \(field)")
        }
    }

    @Test func `a restart that is damaged tells of its highest index, and is the newest vote when it is whole`() {
        let (bytes, _) = LogChainTests.restarted()
        guard case .header(let header) = SegmentHeader.decode(bytes.rawBytes.extracting(0..<128)) else {
            Issue.record("no header")
            return
        }
        var evidence = DamageEvidence(behind: LogChain(header))
        var offset = SegmentHeader.byteCount
        while offset < bytes.count {
            let finding = RecordHeader.examine(
                bytes.rawBytes, at: offset, available: bytes.count - offset, expected: LSN(4096 + UInt64(offset)),
                seed: Fixture.identity.recordSeed)
            guard case .record(let record, let body) = finding else { break }
            // Once without the restart, as if it were damaged, and once with it.
            if record.kind != .restart {
                evidence.note(record, body: bytes.rawBytes.extracting(body))
            } else {
                var other = evidence
                other.note(record, body: bytes.rawBytes.extracting(body))
                #expect(other.provesDamage && !other.hidesBallot)
                #expect(other.fencedState(after: LogState()).votedFor == NodeID("n2"))
                #expect(other.fencedState(after: LogState()).fence == LogIndex(40))
            }
            offset += record.recordLength
        }
        #expect(offset == bytes.count)
        #expect(evidence.provesDamage && evidence.hidesBallot)
        #expect(evidence.fencedState(after: LogState()).fence == LogIndex(41))
        #expect(evidence.fencedState(after: LogState()).term == Term(3))
    }
}
