// After a restore: what the state is compared with, what metrics have to say, and how six answers print.

import ArchiveFormat
import ArchiveRestore
import Foundation
import Telemetry
import Testing
import Vocabulary

@testable import NodeControl

@Suite struct RestoreChecklistTests {
    private func health(
        index: UInt64 = 12, records: UInt64 = 5, digest: Digest? = Digest(high: 0, low: 7)
    ) throws -> RestoreExamination.Health {
        var status = NodeStatus(id: NodeID("n1")!)
        (status.appliedTerm, status.appliedIndex, status.keys, status.digest) = (
            Term(3), LogIndex(index), records, digest
        )
        return try JSONDecoder().decode(RestoreExamination.Health.self, from: Data(status.healthJSON()))
    }

    private var report: RestoreReport {
        var report = RestoreReport()
        report.position = LogPosition(term: Term(2), index: LogIndex(10))
        report.records = 5
        report.digest = Digest(high: 0, low: 7)
        report.nextTimeline = TimelineName(.first)
        return report
    }

    @Test func `a restore's own report says what has to be there, on the timeline that it began`() throws {
        let name = report.nextTimeline.description
        let noted = try #require(ExpectedState.noted(report.encoded, path: "d/restore.json", timeline: name))
        #expect(
            noted
                == ExpectedState(
                    index: 10, timeline: "1", records: 5, digest: report.digest.description, source: "d/restore.json"))
        #expect(ExpectedState.noted(report.encoded, path: "", timeline: "2-0f3c9a7e") == nil)
        var damaged = report.encoded
        damaged[20] ^= 1
        #expect(ExpectedState.noted(damaged, path: "", timeline: name) == nil)
        #expect(ExpectedState.kept(in: "/nowhere", timeline: nil) == nil)
    }

    @Test func `entries that leave the records as they are make no difference, others are told`() throws {
        let expected = try #require(ExpectedState.noted(report.encoded, path: "r", timeline: nil))
        let same = RestoreExamination.judge(try health(), expected)
        #expect(same.isGood && same.text == "5 records, digest \(report.digest), as in r")
        let written = RestoreExamination.judge(try health(records: 6, digest: Digest(high: 0, low: 8)), expected)
        #expect(!written.isGood && written.text.contains("2 entries came since"))
        let other = RestoreExamination.judge(try health(index: 10, digest: Digest(high: 0, low: 8)), expected)
        #expect(!other.isGood && !other.text.contains("came since"))
        #expect(RestoreExamination.judge(try health(digest: nil), expected).text == "no state is loaded")
    }

    @Test func `metrics have to be there and fit what the node says of itself`() throws {
        let good = [
            "trireme_node_uptime_seconds 1.5", "trireme_raft_has_leader 1", "trireme_health_status 1",
            "trireme_raft_applied_index 12",
        ]
        #expect(RestoreExamination.judge(good.joined(separator: "\n"), try health()).isGood)
        for (position, wrong) in [(0, "0"), (1, "0"), (2, "0"), (3, "11")] {
            var lines = good
            let name = String(good[position].prefix { $0 != " " })
            lines[position] = "\(name) \(wrong)"
            #expect(!RestoreExamination.judge(lines.joined(separator: "\n"), try health()).isGood, "\(name)")
            lines.remove(at: position)
            let missing = RestoreExamination.judge(lines.joined(separator: "\n"), try health())
            #expect(missing.text == "\(name) is missing")
        }
    }

    @Test func `six lines, of which one that fails makes the whole fail`() throws {
        func list(_ failing: RestoreChecklist.Question?) -> RestoreChecklist {
            RestoreChecklist(
                answers: RestoreChecklist.Question.allCases.map {
                    RestoreChecklist.Answer(question: $0, isGood: $0 != failing, text: "found")
                })
        }
        #expect(list(nil).isGood)
        #expect(!RestoreChecklist(answers: []).isGood)
        let failed = list(.write)
        #expect(!failed.isGood)
        let lines = failed.text(inColour: false).split(separator: "\n")
        #expect(lines.count == 6)
        #expect(lines[0] == "pass  process  found" && lines[3] == "FAIL  write    found")
        let document = try #require(try JSONSerialization.jsonObject(with: Data(failed.json)) as? [String: Any])
        #expect(document["passed"] as? Bool == false)
        #expect((document["checks"] as? [[String: Any]])?.count == 6)
    }

    @Test func `the admin port's questions are answered by a scene without a port for clients`() throws {
        let scene = try Scene(nodes: 1)
        scene.boards[0].update { $0.uptime = .seconds(1) }
        let found = RestoreExamination(view: try scene.view(), clusterFile: scene.file, archive: nil) { _ in }.examine()
        let good = Dictionary(uniqueKeysWithValues: found.answers.map { ($0.question, $0.isGood) })
        #expect(good == [.process: true, .state: false, .read: false, .write: false, .metrics: true, .page: true])
    }
}
