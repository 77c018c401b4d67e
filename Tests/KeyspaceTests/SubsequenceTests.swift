// LCS, held to what Redis answers and to the table that defines a longest common subsequence.

import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct SubsequenceTests {
    /// Recorded from redis-server 7.0.15.
    @Test func `what strings have in common is told as Redis tells it`() {
        func span(_ first: Int64, _ last: Int64) -> Reply { .array([.integer(first), .integer(last)]) }
        let both = Reply.array([.array([span(4, 7), span(5, 8)]), .array([span(2, 3), span(0, 1)])])
        let long = Reply.array([.array([span(4, 7), span(5, 8), .integer(4)])])
        func places(_ matches: Reply, _ length: Int64) -> Reply {
            .array([.bulk(Array("matches".utf8)), matches, .bulk(Array("len".utf8)), .integer(length)])
        }
        var rig = Rig()
        for line in ["set a ohmytext", "set b mynewtext", "setrange e 0 x", "getdel e", "append e x", "sadd s x"] {
            rig.run(line)
        }
        let notInteger = Reply.error("ERR value is not an integer or out of range")
        let recorded: [(String, Reply)] = [
            ("lcs a b", .bulk(Array("mytext".utf8))), ("lcs a b len", .integer(6)), ("lcs a b LEN len", .integer(6)),
            ("lcs a b idx", places(both, 6)), ("lcs a b idx minmatchlen -5", places(both, 6)),
            ("lcs a b idx minmatchlen 4 withmatchlen", places(long, 6)),
            ("lcs none a", .bulk([])), ("lcs none a idx", places(.array([]), 0)), ("lcs none none len", .integer(0)),
            ("lcs a s foo", .error("ERR The specified keys must contain string values")),
            ("lcs s none", .error("ERR The specified keys must contain string values")),
            ("lcs a b idx len", .error("ERR If you want both the length and indexes, please just use IDX.")),
            ("lcs a b foo", .error("ERR syntax error")), ("lcs a b minmatchlen", .error("ERR syntax error")),
            ("lcs a b minmatchlen x", notInteger),
            ("lcs a", .error("ERR wrong number of arguments for 'lcs' command")),
        ]
        for (line, reply) in recorded { #expect(rig.run(line) == reply, "\(line)") }
    }

    @Test func `a common subsequence is as long as the table says, and is one`() {
        var random = SplitMix64(seed: 7)
        for _ in 0..<400 {
            let strings = (0..<2).map { _ in
                (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 97...99, using: &random) }
            }
            let common = CommonSubsequence(strings[0], strings[1])
            #expect(common.length == Self.lengthByTable(strings[0], strings[1]), "\(strings)")
            var (left, right) = (strings[0].count, strings[1].count)
            for run in common.runs {
                #expect(run.left + run.count <= left && run.right + run.count <= right, "\(strings)")
                #expect(
                    strings[0][run.left..<run.left + run.count] == strings[1][run.right..<run.right + run.count])
                (left, right) = (run.left, run.right)
            }
        }
    }

    @Test func `strings that would take too long to compare are refused`() {
        var rig = Rig()
        rig.run([Array("set".utf8), Array("a".utf8), [UInt8](repeating: 97, count: 4096)])
        rig.run([Array("set".utf8), Array("b".utf8), [UInt8](repeating: 97, count: 4097)])
        #expect(rig.run("lcs a a len") == .integer(4096))
        #expect(rig.run("lcs a b") == .error("ERR the product of the lengths of the strings is too large for LCS"))
        #expect(rig.run("lcs none b") == .bulk([]))
    }

    /// The length of the longest common subsequence, by its definition.
    private static func lengthByTable(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var table = [[Int]](repeating: [Int](repeating: 0, count: right.count + 1), count: left.count + 1)
        for row in 0..<left.count {
            for column in 0..<right.count {
                table[row + 1][column + 1] =
                    left[row] == right[column]
                    ? table[row][column] + 1 : max(table[row][column + 1], table[row + 1][column])
            }
        }
        return table[left.count][right.count]
    }
}
