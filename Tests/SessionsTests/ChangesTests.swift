// CHANGES as a session takes it: what it asks the node for, what it refuses, and what waits meanwhile.

import Testing

@testable import Sessions

@Suite struct ChangesTests {
    @Test func `a request for changes goes to the node, with its bounds`() {
        let cases = [
            ("changes from 0", "<changes 0 count 1000>"), ("CHANGES FROM 17 COUNT 5", "<changes 17 count 5>"),
            ("changes from $ block 0", "<changes $ count 1000 block 0>"),
            ("changes from 1 match user:* block 250 count 2", "<changes 1 count 2 block 250 match user:*>"),
            ("changes from 1 count 99999999", "<changes 1 count 100000>"),
            ("changes info", "<changes info>"),
        ]
        for (line, told) in cases {
            var conversation = Conversation()
            #expect(conversation.ask(line) == told)
            #expect(conversation.session.outstanding == 1)
        }
        var conversation = Conversation()
        let last = conversation.ask("changes from 9223372036854775807 block 9223372036854775807")
        #expect(last == "<changes 9223372036854775807 count 1000 block 1099511627776>")
    }

    @Test func `what is no request for changes is refused`() {
        var conversation = Conversation()
        let refusals = [
            ("changes from", "-ERR wrong number of arguments for 'changes|from' command·"),
            ("changes info all", "-ERR wrong number of arguments for 'changes|info' command·"),
            ("changes", "-ERR wrong number of arguments for 'changes' command·"),
            ("changes from -1", "-ERR the index to begin with must be an integer that is not negative, or $·"),
            ("changes from x", "-ERR the index to begin with must be an integer that is not negative, or $·"),
            ("changes from 1 count", "-ERR syntax error·"), ("changes from 1 keys 2", "-ERR syntax error·"),
            ("changes from 1 count 0", "-ERR COUNT must be a positive integer·"),
            ("changes from 1 block -1", "-ERR timeout is negative·"),
            ("changes from 1 block x", "-ERR timeout is not an integer or out of range·"),
        ]
        for (line, told) in refusals { #expect(conversation.ask(line) == told) }
        #expect(conversation.ask("changes to 1").hasPrefix("-ERR unknown subcommand 'to'"))
        let long = String(repeating: "x", count: ChangesOrder.patternLengthMax + 1)
        #expect(conversation.ask("changes from 1 match \(long)") == "-ERR the pattern is too long·")
        #expect(conversation.session.outstanding == 0)
    }

    @Test func `what comes behind a request for changes waits for its answer`() {
        var conversation = Conversation()
        #expect(conversation.ask("changes from 1 block 0").hasPrefix("<changes"))
        #expect(conversation.session.isBlocked)
        #expect(conversation.ask("ping") == "<stall>")
        #expect(conversation.ask("get k") == "<stall>")
        conversation.complete("*2\r\n:1\r\n*0\r\n")
        #expect(!conversation.session.isBlocked)
        #expect(conversation.ask("ping") == "+PONG·")
    }

    @Test func `a transaction holds no request for changes`() {
        var conversation = Conversation()
        _ = conversation.ask("multi")
        #expect(conversation.ask("changes from 1").hasPrefix("-ERR"))
    }
}
