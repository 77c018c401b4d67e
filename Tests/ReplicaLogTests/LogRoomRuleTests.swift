// When a replica is told that its log is full, and that it is not any more.

import LogStore
import ReplicaLog
import Testing
import Vocabulary

@Suite struct LogRoomRuleTests {
    /// What the rule says after each report, and whether it says that something has changed.
    private func outcomes(_ reports: [LogRoom]) -> [(hasChanged: Bool, hasRoom: Bool)] {
        var rule = LogRoomRule(roomMin: .mebibytes(8))
        return reports.map { report in
            let hasChanged = rule.take(report)
            return (hasChanged, rule.hasRoom)
        }
    }

    @Test func `little room counts as none only on a full disk`() {
        let found = outcomes([
            LogRoom(left: .zero, isDiskFull: false), LogRoom(left: .mebibytes(7), isDiskFull: true),
        ])
        #expect(found.map(\.hasRoom) == [true, false])
    }

    @Test func `a full disk with room in prepared segments takes writes`() {
        #expect(outcomes([LogRoom(left: .mebibytes(8), isDiskFull: true)]).map(\.hasRoom) == [true])
    }

    @Test func `a change is told once, each way`() {
        let full = LogRoom(left: .mebibytes(1), isDiskFull: true)
        let found = outcomes([full, full, LogRoom(left: .mebibytes(1), isDiskFull: false), full])
        #expect(found.map(\.hasChanged) == [true, false, true, true])
    }
}
