// When a replica is told that its log is full, and that it is not any more.

import LogStore
import ReplicaLog
import Testing
import Vocabulary

@Suite struct LogRoomRuleTests {
    @Test func `little room counts as none only on a full disk`() {
        var rule = LogRoomRule(roomMin: .mebibytes(8))
        #expect(rule.take(LogRoom(left: .zero, isDiskFull: false)) == false)
        #expect(rule.hasRoom)
        #expect(rule.take(LogRoom(left: .mebibytes(7), isDiskFull: true)) == true)
        #expect(!rule.hasRoom)
    }

    @Test func `a full disk with room in prepared segments takes writes`() {
        var rule = LogRoomRule(roomMin: .mebibytes(8))
        #expect(rule.take(LogRoom(left: .mebibytes(8), isDiskFull: true)) == false)
        #expect(rule.hasRoom)
    }

    @Test func `a change is told once, each way`() {
        var rule = LogRoomRule(roomMin: .mebibytes(8))
        let full = LogRoom(left: .mebibytes(1), isDiskFull: true)
        let changes = [full, full, LogRoom(left: .mebibytes(1), isDiskFull: false), full].map { rule.take($0) }
        #expect(changes == [true, false, true, true])
    }
}
