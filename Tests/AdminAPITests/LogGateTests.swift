// The bound on what strangers can make the admin port log.

import Testing
import Vocabulary

@testable import AdminAPI

@Suite struct LogGateTests {
    @Test func `ten messages pass in a window, the others are counted for the next`() {
        var gate = LogGate()
        let start = Instant(nanoseconds: 1_000_000_000)
        let first = (0..<15).map { gate.pass(at: start + .milliseconds($0)) }
        #expect(first == Array(repeating: 0, count: 10) + Array(repeating: nil, count: 5))
        #expect(gate.pass(at: start + .seconds(10)) == 5)
        #expect(gate.pass(at: start + .seconds(10)) == 0)
    }
}
