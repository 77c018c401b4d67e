// Names of objects: one form each, in the order of what they name.

import Testing
import Vocabulary

@testable import ArchiveFormat

@Suite struct ArchiveNameTests {
    @Test func `the name of a run says what a person asks first`() {
        let name = RunName(
            cluster: Fixtures.cluster, timeline: TimelineName(.first), first: LogIndex(1), last: LogIndex(4711),
            lastTime: Fixtures.start, term: Term(7), isTail: true)
        #expect(
            name.description == "0123456789abcdeffedcba9876543210/log/1/00000000000000000001-00000000000000004711-"
                + "20251123T121320.123456Z-t7.tail.zst")
        #expect(RunName(name.description) == name)
    }

    @Test func `a name has one form`() {
        let folder = "0123456789abcdeffedcba9876543210/log/1/"
        let rest = "00000000000000000001-00000000000000004711-20251123T121320.123456Z-t7.run.zst"
        #expect(RunName(folder + rest) != nil)
        for text in [
            "", rest, folder, folder + rest + "x", "x" + folder + rest, folder.uppercased() + rest,
            folder + "0000000000000000001-00000000000000004711-20251123T121320.123456Z-t7.run.zst",
            folder + "00000000000000000002-00000000000000000001-20251123T121320.123456Z-t7.run.zst",
            folder + "00000000000000000001-00000000000000004711-20251323T121320.123456Z-t7.run.zst",
            folder + "00000000000000000001-00000000000000004711-20251123T121320.123456Z-t07.run.zst",
            folder + "00000000000000000001-00000000000000004711-20251123T121320.123456Z-t7.log.zst",
            folder + "00000000000000000001-00000000000000004711-20251123T121320.123456Z-t7.run",
        ] {
            #expect(RunName(text) == nil, "\(text)")
        }
    }

    @Test func `timelines, packs and backups are named in one form`() throws {
        for text in ["1", "2-0f3c9a7e"] { #expect(TimelineName(text)?.description == text) }
        for text in ["", "0", "01", "1-", "1-00000000", "2", "2-0f3c9a7", "2-0f3c9a7g", "2-0f3c9a7e-1"] {
            #expect(TimelineName(text) == nil, "\(text)")
        }
        let timeline = try #require(TimelineName("2-0f3c9a7e"))
        let pack = PackFolder(cluster: Fixtures.cluster, number: 4711, term: Term(7), timeline: timeline)
        let piece = PieceName(pack: pack, offset: 64 << 20)
        #expect(PieceName(piece.description) == piece)
        #expect(PackFolder(pack.name, of: Fixtures.cluster) == pack)
        let backup = BackupID(time: Fixtures.start, timeline: timeline, index: LogIndex(4711))
        #expect(backup.text == "20251123T121320Z-2.0f3c9a7e-4711")
        #expect(BackupID(backup.text) == backup)
        #expect(BackupID("20251123T121320Z-2.0f3c9a7e-04711") == nil)
    }

    @Test func `times are read as they are written, and nothing else is`() {
        var random = SplitMix64(seed: 3)
        for _ in 0..<2000 {
            let time = Timestamp(rawValue: random.next() % 253_402_300_800_000_000)
            #expect(TimeText.compact(TimeText.compact(time)) == time)
            #expect(TimeText.full(time.description) == time)
            #expect(TimeText.seconds(TimeText.seconds(time))?.rawValue == time.rawValue / 1_000_000 * 1_000_000)
        }
        #expect(TimeText.full("2026-11-23T17:19:59Z")?.description == "2026-11-23T17:19:59.000000Z")
        #expect(TimeText.full("2026-11-23T17:19:59.5Z")?.description == "2026-11-23T17:19:59.500000Z")
        for text in [
            "2026-02-30T00:00:00Z", "2026-11-23 17:19:59Z", "2026-11-23T17:19:60Z", "2026-11-23T17:19:59+01:00",
            "2026-11-23T17:19:59.Z", "2026-11-23T17:19:59.1234567Z", "",
        ] {
            #expect(TimeText.full(text) == nil, "\(text)")
        }
    }
}
