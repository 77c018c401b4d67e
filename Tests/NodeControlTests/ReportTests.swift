// The reports over weeks: baselines of sizes, classes of the newest, and the trend of verifications.

import ArchiveFormat
import ArchivePlan
import Foundation
import Testing
import Vocabulary

@testable import NodeControl

@Suite struct ReportTests {
    private static let day: UInt64 = 86_400_000_000
    /// A Monday.
    private static let start: UInt64 = 1_767_571_200_000_000

    private func size(day: Int, _ plain: Int) -> StorageReport.Size {
        let time = Timestamp(microseconds: ReportTests.start + UInt64(day) * ReportTests.day + 7_200_000_000)
        let compact = time.description.prefix(10).filter { $0 != "-" }
        return StorageReport.Size(
            id: BackupID("\(compact)T020000Z-1-\(day + 1)")!, time: time, plain: plain, stored: plain / 2,
            uploaded: 10)
    }

    @Test func `a week begins on Monday`() {
        let monday = Timestamp(microseconds: ReportTests.start)
        #expect(monday.description.hasPrefix("2026-01-05T00:00:00"))
        for second: UInt64 in [0, 1, 86_400, 7 * 86_400 - 1] {
            let time = Timestamp(microseconds: ReportTests.start + second * 1_000_000)
            #expect(StorageReport.monday(of: time) == monday)
        }
        #expect(StorageReport.monday(of: Timestamp(microseconds: ReportTests.start - 1)) < monday)
        #expect(StorageReport.monday(of: .zero) == .zero)
    }

    @Test func `a week's baseline is the median of the last seven backups up to its end`() throws {
        // Three in the first week; seven in the third; none in the second.
        let sizes =
            [100, 300, 200].enumerated().map { size(day: $0.offset, $0.element) }
            + (1...6).map { size(day: 13 + $0, $0 * 1000) } + [size(day: 20, 4000)]
        let report = StorageReport(sizes.reversed(), unreadable: [])
        #expect(report.weeks.map(\.backups) == [3, 7])
        #expect(report.weeks.map(\.baseline) == [200, 4000])
        #expect(report.weeks.map(\.storedBaseline) == [100, 2000])
        #expect(report.weeks.map(\.growth) == [nil, 19])
        #expect(report.newest?.plain == 4000)
        #expect(report.comparison?.ratio == 4.0 / 3)
        #expect(report.isGood)
        #expect(report.text(inColour: false).contains("2026-01-05  3 "))
        let document = try #require(try JSONSerialization.jsonObject(with: Data(report.json)) as? [String: Any])
        #expect(document["class"] as? String == "notice")
        #expect((document["weeks"] as? [[String: Any]])?.count == 2)
    }

    @Test func `the newest is classed beside those before it, and no backup is no good`() {
        for (newest, verdict) in [(100, SizeVerdict.normal), (130, .notice), (190, .grown), (30, .suspicious)] {
            let report = StorageReport((0..<7).map { size(day: $0, 100) } + [size(day: 7, newest)], unreadable: [])
            #expect(report.comparison?.verdict == verdict)
            #expect(report.isGood == (verdict != .suspicious))
        }
        #expect(!StorageReport([], unreadable: []).isGood)
        #expect(StorageReport([], unreadable: []).text(inColour: false).contains("no backup"))
        let damaged = StorageReport([size(day: 0, 100)], unreadable: [size(day: 1, 1).id])
        #expect(!damaged.isGood && damaged.text(inColour: false).contains("can not be read"))
        #expect(StorageReport.percent(-0.125) == "-12.5 %" && StorageReport.percent(0.5) == "+50.0 %")
    }

    @Test func `a trend is flagged only when the time rises faster than the data`() throws {
        func trend(_ seconds: [Double], _ records: [Double]) -> VerificationTrend? {
            VerificationTrend(zip(seconds, records).map { (seconds: $0, records: $1) })
        }
        #expect(trend([1, 1, 9], [1, 1, 1]) == nil)
        #expect(try #require(trend([1, 1, 2, 2], [5, 5, 5, 5])).isFlagged)
        #expect(try !#require(trend([1, 1, 2, 2], [5, 5, 10, 10])).isFlagged)
        #expect(try !#require(trend([1, 1, 1.1, 1.1], [5, 5, 5, 5])).isFlagged)
        #expect(try !#require(trend([2, 2, 1, 1], [9, 9, 1, 1])).isFlagged)
        #expect(try !#require(trend([0, 0, 0, 0], [0, 0, 0, 0])).isFlagged)
    }

    @Test func `a list of backups is fresh when one that can be read is of the last day`() throws {
        let now = Timestamp(microseconds: ReportTests.start + 10 * ReportTests.day)
        #expect(!BackupList(lines: []).isFresh(at: now))
        let invalid = BackupList.Line(id: size(day: 10, 1).id, manifest: nil, why: "damaged")
        #expect(!BackupList(lines: [invalid]).isFresh(at: now))
    }
}
