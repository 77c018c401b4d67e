// What an operator asks of a restored state, written down and answered.

import Keyspace
import RESP
import Testing

@testable import ArchiveRestore

struct CheckListTests {
    @Test func `a line is a command, an arrow and an answer; words in quotes may hold spaces`() throws {
        let list = try CheckList(
            """
            # greetings
            GET greeting => hello world

            GET "two words" => (nil)
              HGET h a=>b => x => y
            """)
        #expect(list.lines.map(\.number) == [2, 4, 5])
        #expect(list.lines[1].command == ["GET", "two words"])
        #expect(list.lines[2].command == ["HGET", "h", "a=>b", "=>", "x"])
        #expect(list.lines[2].expected == "y")
    }

    @Test(arguments: ["GET a", "GET \"a => 1", " => 1"])
    func `what is no check is refused with its line`(text: String) {
        #expect {
            try CheckList("# first\n" + text)
        } throws: { ($0 as? CheckListError)?.line == 2 }
    }

    @Test(arguments: ["SET a 1 => OK", "FLUSHALL => OK", "NONSENSE => 1"])
    func `only commands that read are asked of a state`(text: String) throws {
        let list = try CheckList(text)
        #expect(throws: CheckListError.self) { try list.checkThatAllRead() }
    }

    @Test func `too many checks are refused with their number`() {
        let text = String(repeating: "GET a => 1\n", count: CheckList.linesMax + 1)
        #expect {
            try CheckList(text)
        } throws: { ($0 as? CheckListError)?.description.contains("\(CheckList.linesMax + 1) checks") ?? false }
    }

    @Test func `replies are written as expectations are`() {
        #expect(CheckList.text(.array([.bulk(Array("a".utf8)), .null, .integer(3)])) == "[a, (nil), 3]")
        #expect(CheckList.text(.error("ERR no")) == "(error) ERR no")
    }
}
