// Histories as text: what is written reads back the same, and what is no history is refused with its line.

import Testing

@testable import Simulation

@Suite struct HistoryTextTests {
    @Test func `every kind of operation and result reads back as it was written`() throws {
        let text = """
            trireme-history 1
            0 1 0 get k - nil
            2 3 1 set k a.B-c:9_ ok
            2 - 2 append k x ?
            4 5 1 get k - =a.B-c:9_x
            4 6 1 get k - =
            7 8 3 setnx k -1 #0
            9 10 3 set k b !
            11 12 3 incr k - !integer
            13 18446744073709551615 18446744073709551615 del other - #-9223372036854775808

            """
        let history = try History(parsing: text)
        #expect(history.operations.count == 9)
        #expect(try history.text() == text)
        #expect(history.operations[2].return == nil)
        #expect(history.operations[4].result == .value([]))
        #expect(history.operations[5].argument == bytes("-1"))
    }

    @Test func `random histories read back as they were written`() throws {
        var draw = RandomHistory(random: SeededRandom(seed: 3), operations: 40, values: nil)
        for _ in 0..<50 {
            let history = History(draw.make())
            #expect(try History(parsing: history.text()) == history)
        }
    }

    @Test(arguments: [
        ("0 1 1 get k nil", "line 2: 6 fields"), ("0 1 1 get k -  nil", "line 2: 8 fields"),
        ("0 1 1 get k - nil ", "line 2: 8 fields"), ("", "line 2: 1 fields"),
        ("x 1 1 get k - nil", "line 2: CALL is \"x\""), ("+0 1 1 get k - nil", "line 2: CALL is \"+0\""),
        ("00 1 1 get k - nil", "line 2: CALL"), ("-1 1 1 get k - nil", "line 2: CALL"),
        ("0 18446744073709551616 1 get k - nil", "line 2: RETURN"), ("0 1 a get k - nil", "line 2: CLIENT"),
        ("0 1 1 GET k - nil", "line 2: OP is \"GET\", not one of get, set"), ("0 1 1 get k! - nil", "line 2: KEY"),
        ("0 1 1 get k v nil", "line 2: get takes no ARGUMENT"), ("0 1 1 set k - ok", "line 2: set takes an ARGUMENT"),
        ("0 1 1 set k é ok", "line 2: ARGUMENT"), ("0 1 1 get k - =é", "line 2: RESULT's value"),
        ("0 1 1 incr k - #x", "line 2: RESULT's number"), ("0 1 1 get k - none", "line 2: RESULT is \"none\""),
        ("5 4 1 get k - nil", "line 2: it returns at 4, before its call at 5"),
        ("5 - 1 get k - nil", "line 2: it has a result but no time of return"),
        ("0 1 1 get k - nil\n\n0 1 1 get k - nil", "line 3: 1 fields"),
    ])
    func `a line that is no operation is refused by its number`(line: String, message: String) {
        let error = #expect(throws: HistoryError.self) { try history(line + "\n") }
        #expect("\(error!)".hasPrefix(message), "\(error!)")
    }

    @Test func `a file that does not begin as one is refused`() {
        for text in ["", "\n", "trireme-history 2\n", " trireme-history 1\n", "0 1 1 get k - nil\n"] {
            let error = #expect(throws: HistoryError.self) { try History(parsing: text) }
            #expect("\(error!)".hasPrefix("line 1: a history begins with"), "\(error!)")
        }
        #expect(throws: Never.self) { try History(parsing: "trireme-history 1") }
    }

    @Test func `an operation without a text form is refused when it is written`() {
        let good = History.Operation(call: 1, return: 2, client: 1, kind: .set, key: [107], argument: [97], result: .ok)
        let spoils: [(inout History.Operation) -> Void] = [
            { $0.key = [] }, { $0.key = [32] }, { $0.argument = [] }, { $0.argument = [45] }, { $0.argument = [10] },
            { $0.kind = .get }, { $0.result = .value([61]) }, { $0.return = nil }, { $0.return = 0 },
        ]
        for spoil in spoils {
            var bad = good
            spoil(&bad)
            let error = #expect(throws: HistoryError.self) { try History([good, bad]).text() }
            #expect("\(error!)".hasPrefix("operation 1 has no text form: "))
        }
    }

    @Test func `a key that is set if it is absent may be told so in either command's words`() throws {
        let history = try History(
            parsing: """
                trireme-history 1
                1 2 1 setnx k a ok
                3 4 1 setnx k b nil
                5 6 1 get k - =a
                7 8 1 setnx k c #0
                """)
        #expect(history.operations.map(\.result) == [.integer(1), .integer(0), .value([97]), .integer(0)])
        #expect(LinearizabilityJudge().verdict(on: history) == .linearizable)
    }
}
