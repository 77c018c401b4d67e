// Records of drills: written and read back the same, judged by what is in them, and chained.

import ArchiveFormat
import ObjectStores
import Testing
import Vocabulary

@testable import ArchiveStore

@Suite struct DrillRecordTests {
    private let cluster = ClusterID(high: 1, low: 2)

    private func record(_ number: UInt64) -> DrillRecord {
        let time = Timestamp(rawValue: 1_764_000_000_000_000 + number * 1_000_003)
        var record = DrillRecord(
            id: RecordID(time: time, draw: number), cluster: cluster, scenario: .totalLoss,
            seed: DrillRecord.numberMax - number, machine: "host <1>", program: "0.2.0")
        var source = DrillRecord.Source(
            timeline: TimelineName(.first), index: LogIndex(7), time: time, digest: Digest(high: 3, low: number))
        source.backup = BackupID(time: time, timeline: TimelineName(.first), index: LogIndex(5))
        (source.backupBytes, source.expandedBytes, source.fetchedBytes) = (1, 2, 3)
        (source.entries, source.records) = (4, 5)
        record.source = source
        record.duration = .microseconds(1_234_567)
        (record.detection, record.response, record.recovery) = (.microseconds(1), .microseconds(2), .seconds(3))
        record.loss.time = .seconds(2)
        record.phases = [.init("load", .microseconds(17))]
        record.events = [.init(.disaster, "all is \"lost\"", at: .microseconds(3))]
        record.checks = [.init("read", expected: "1", found: "1")]
        record.warnings = ["a", "b"]
        record.previous = [UInt8](repeating: 0xA5, count: 32)
        return record
    }

    @Test func `a record comes back as it was written, and no bit of it can be another`() throws {
        let bytes = record(3).encoded
        #expect(try DrillRecord.decode(bytes) == record(3))
        for place in bytes.indices {
            var flipped = bytes
            flipped[place] ^= 1 << UInt8(place % 8)
            #expect(throws: ArchiveFault.self) { try DrillRecord.decode(flipped) }
        }
    }

    @Test func `a record without a source and measures comes back too`() throws {
        let whole = record(3)
        let bare = DrillRecord(
            id: whole.id, cluster: cluster, scenario: .lostLeader, seed: 0, machine: "", program: "")
        #expect(try DrillRecord.decode(bare.encoded) == bare)
    }

    @Test func `a failed check fails a drill, and a missed target is over budget`() {
        var good = record(1)
        good.targets.recovery = .seconds(3)
        good.targets.loss = .seconds(2)
        good.judge()
        #expect(good.verdict == .passed && good.overruns.isEmpty)
        var late = good
        late.targets.recovery = .milliseconds(2999)
        late.judge()
        #expect(late.verdict == .overBudget && late.overruns.count == 1 && late.failure == nil)
        late.targets.loss = .seconds(1)
        #expect(late.overruns.count == 2)
        late.checks.append(.init("digest", expected: "a", found: "b"))
        late.judge()
        #expect(late.verdict == .failed && late.failure?.code == "digest-differs")
    }

    @Test func `drills are a history of their own beside the verifications`() throws {
        let store = MemoryObjects()
        let log = DrillLog(store, cluster)
        for number in UInt64(0)..<3 {
            var record = record(number)
            record.previous = try log.newestHash()
            try log.append(record)
        }
        let ids = try log.ids()
        #expect(ids == [2, 1, 0].map { record($0).id })
        #expect(try log.record(ids[0]).previous == log.read(ids[1]).hash)
        #expect(try VerificationLog(store, cluster).ids().isEmpty)
        #expect(DrillRecord.id(name: DrillRecord.name(ids[0], of: cluster), of: cluster) == ids[0])
        #expect(DrillRecord.id(name: VerificationRecord.name(ids[0], of: cluster), of: cluster) == nil)
    }
}
