// What a node under repair tells operators to do.

import Telemetry
import Testing
import Vocabulary

struct RepairStatusTests {
    @Test func `a node that must hear others before it votes names them, and what to do when one is gone for good`()
        throws
    {
        var status = RepairStatus(stage: .fetching, damage: nil)
        guard case .automatic = status.remedy else {
            Issue.record("\(status.remedy)")
            return
        }
        status.unheard = try [#require(NodeID("n3")), #require(NodeID("n4"))]
        #expect(status.text.contains("n3, n4"))
        guard case .operate(let text) = status.remedy else {
            Issue.record("\(status.remedy)")
            return
        }
        #expect(text.contains("n3, n4"))
        #expect(text.contains("replace this node"))
        // Without a leader it has nothing to fetch from, whomever it has heard.
        status.hasLeader = false
        #expect(status.remedy.text.hasPrefix("start the other nodes"))
    }
}
