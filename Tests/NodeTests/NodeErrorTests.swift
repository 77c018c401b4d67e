// What a node says as it ends, and with which exit code.

import Replica
import Testing
import Vocabulary

@testable import Node

struct NodeErrorTests {
    @Test func `a node that cannot trust its own state ends with the code of damaged data`() {
        let error = NodeError.replicaFailed(.unreadableEntry(LogIndex(7), Term(2), what: "no list"))
        #expect(error.exitCode == 65)
        #expect(error.description.contains("index 7 of term 2"))
        #expect(error.remedy.text.contains("evidence"))
    }
}
