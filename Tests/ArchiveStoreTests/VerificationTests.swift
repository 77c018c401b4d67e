// Records of verifications: written and read back the same, in the order of time, and told apart from damaged ones.

import ArchiveFormat
import ObjectStores
import Testing
import Vocabulary

@testable import ArchiveStore

@Suite struct VerificationTests {
    private let cluster = ClusterID(high: 1, low: 2)

    private func record(_ number: UInt64, isGood: Bool, previous: [UInt8] = []) throws -> VerificationRecord {
        let time = Timestamp(rawValue: 1_764_000_000_000_000 + number * 1_000_003)
        let timeline = TimelineName(.first)
        return VerificationRecord(
            id: RecordID(time: time, draw: number), node: try #require(NodeID("n2")), program: "0.2.0",
            duration: .milliseconds(Int64(number)), timeline: isGood ? timeline : nil,
            position: isGood ? LogPosition(term: Term(3), index: LogIndex(number + 1)) : nil,
            backup: isGood ? BackupID(time: time, timeline: timeline, index: LogIndex(number + 1)) : nil,
            records: isGood ? 7 : nil, digest: isGood ? Digest(high: number, low: 5) : nil,
            failure: isGood ? nil : .init(code: "backup-damaged", text: "the \"object\" is gone"), previous: previous)
    }

    @Test func `a record comes back as it was written, and no bit of it can be another`() throws {
        for isGood in [true, false] {
            let record = try record(9, isGood: isGood, previous: [UInt8](repeating: 0xA5, count: 32))
            let bytes = record.encoded
            #expect(try VerificationRecord.decode(bytes) == record)
            for place in bytes.indices {
                var flipped = bytes
                flipped[place] ^= 1 << UInt8(place % 8)
                #expect(throws: ArchiveFault.self) { try VerificationRecord.decode(flipped) }
            }
            for length in stride(from: 0, to: bytes.count, by: 17) {
                #expect(throws: ArchiveFault.self) { try VerificationRecord.decode(Array(bytes.prefix(length))) }
            }
        }
    }

    @Test func `names are in the order of time, and another form is none`() throws {
        let ids = try (0..<50).map { try record($0, isGood: true).id }
        #expect(ids == ids.sorted())
        let other = ClusterID(high: 3, low: 4)
        for id in ids {
            #expect(VerificationRecord.id(name: VerificationRecord.name(id, of: cluster), of: cluster) == id)
            #expect(RecordID(id.text + "0") == nil && RecordID(id.text.dropLast()) == nil)
            #expect(VerificationRecord.id(name: VerificationRecord.name(id, of: cluster), of: other) == nil)
        }
    }

    @Test func `the newest that can be read is given, and each says which it was written behind`() throws {
        let store = MemoryObjects()
        let log = VerificationLog(store, cluster)
        #expect(try log.newest() == nil)
        for number in UInt64(0)..<5 {
            try log.append(try record(number, isGood: number != 4, previous: try log.newestHash()))
        }
        let ids = try log.ids()
        #expect(ids.count == 5 && ids == ids.sorted(by: >))
        #expect(try log.newest()?.failure?.code == "backup-damaged")
        for (newer, older) in zip(ids, ids.dropFirst()) {
            #expect(try log.record(newer).previous == log.read(older).hash)
        }
        let newest = try #require(ObjectKey(VerificationRecord.name(ids[0], of: cluster)))
        try store.delete(newest)
        _ = try store.put(newest, [1, 2, 3])
        #expect(try log.newest()?.id == ids[1])
    }
}
