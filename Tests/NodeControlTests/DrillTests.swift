// Drills' pure parts: files of checks, and points that are drawn.

import ArchiveFormat
import ArchiveRestore
import Platform
import RESP
import Testing
import Vocabulary

@testable import NodeControl

@Suite struct DrillPointTests {
    private func range(_ first: UInt64, _ last: UInt64) -> RestorableRange {
        RestorableRange(
            timeline: TimelineName(.first), first: LogIndex(first), last: LogIndex(last), firstTime: nil,
            lastTime: .zero)
    }

    @Test func `every point but the newest is drawn, and one seed draws one point`() {
        let ranges = [range(3, 5), range(9, 11)]
        var drawn: Set<UInt64> = []
        for seed in 0..<200 as Range<UInt64> {
            let point = DrillPoint(seed: seed, in: ranges)
            #expect(point == DrillPoint(seed: seed, in: ranges))
            if let point { drawn.insert(point.index.rawValue) }
        }
        #expect(drawn == [3, 4, 5, 9, 10])
    }

    @Test func `the newest alone is no point for a drill`() {
        #expect(DrillPoint(seed: 1, in: []) == nil)
        #expect(DrillPoint(seed: 1, in: [range(7, 7)]) == nil)
    }
}

@Suite struct DrillReportTests {
    private func record(_ name: String, recovery: Int, scenario: DrillScenario = .totalLoss) -> DrillRecord {
        let id = RecordID(time: Timestamp(rawValue: 1_764_000_000_000_000), draw: 7)
        var record = DrillRecord(
            id: id, cluster: ClusterID(high: 1, low: 2), scenario: scenario, seed: 3, machine: name, program: "0.2.0")
        record.recovery = .seconds(recovery)
        record.events = [
            .init(.disaster, "<script>alert(1)</script> & \"all\" is lost", at: .zero),
            .init(.recovery, "it | serves", at: .seconds(recovery)),
        ]
        record.checks = [.init("GET <b>", expected: "'1'", found: "2")]
        record.targets.recovery = .seconds(2)
        record.judge()
        return record
    }

    @Test func `a page holds no markup but its own, and the timeline as a picture`() {
        let html = DrillPage(record("<i>host", recovery: 1)).html
        #expect(!html.contains("<script") && !html.contains("<i>") && !html.contains("GET <b>"))
        #expect(html.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;all&quot; is lost"))
        #expect(html.contains("<svg") && html.contains("<circle") && html.contains("</html>"))
    }

    @Test func `a page of a drill in which nothing happened is whole too`() {
        let id = RecordID(time: .zero, draw: 0)
        let bare = DrillRecord(
            id: id, cluster: ClusterID(high: 1, low: 2), scenario: .lostLeader, seed: 0, machine: "", program: "")
        #expect(DrillPage(bare).html.contains("</svg>"))
        #expect(DrillText(bare).text.contains("did not come to that"))
    }

    @Test func `markdown keeps each text in its cell`() {
        let text = DrillText(record("host", recovery: 1)).markdown
        #expect(text.contains("it \\| serves") && !text.contains("<script"))
        #expect(text.contains("| GET &lt;b> | **FAIL** | '1' | 2 |"))
    }

    @Test func `a list tells how recovery changed since the drill before of the same scenario`() {
        let history = DrillHistory([
            record("a", recovery: 3), record("b", recovery: 9, scenario: .badWrite), record("c", recovery: 2),
        ])
        #expect(history.trend(0) == 0.5 && history.trend(1) == nil && history.trend(2) == nil)
        #expect(history.table(inColour: false).contains("+50 %"))
    }

    @Test func `whose fault a failure is, is told apart`() {
        let full = SystemError(call: "write", errno: 28, subject: "x")
        #expect(ControlError.system(full).blame == "verifier-no-space")
        #expect(ControlError.archive(.object("x", .damaged(.truncated, at: 0))).blame == "backup-damaged")
        #expect(ControlError.timedOut(what: "x", follow: "y").blame == "node-not-ready")
        #expect(ControlError.usage("x").blame == "verifier-failed")
    }
}

@Suite struct LogFlipTests {
    /// A segment of records with bodies of these lengths.
    private func segment(_ lengths: [Int]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 128)
        for length in lengths {
            var header = [UInt8](repeating: 0, count: 56)
            header[4] = UInt8(length)
            header.replaceSubrange(48..<52, with: Array("TRIR".utf8))
            bytes += header + [UInt8](repeating: 1, count: (length + 7) & ~7)
        }
        return bytes
    }

    @Test func `the bit is in the body of a record that another one follows`() {
        #expect(LogFlip.place(in: segment([16, 8])) == 128 + 56 + 8)
        #expect(LogFlip.place(in: segment([16])) == nil)
        #expect(LogFlip.place(in: []) == nil)
    }
}
