// What a reply tells a client, and how an operation is known again in the log.

import ByteCoding
import Keyspace
import Platform
import Testing

@testable import Simulation

@Suite struct ClientAnswerTests {
    private func answer(_ text: String) -> ClientAnswer? { ClientAnswer(bytes(text)[...]) }

    static let refusals = ["READONLY", "TRYAGAIN", "CLUSTERDOWN", "MAINTENANCE", "OOM", "NOSPACE"]

    @Test(arguments: ClientAnswerTests.refusals)
    func `a first word that promises no effect is a refusal`(word: String) {
        #expect(answer("-\(word) for some reason\r\n") == .refused)
        #expect(answer("-\(word)\r\n") == .refused)
        #expect(answer("-\(word)\r\n")?.result == .refused)
        #expect(answer("-\(word)S and more\r\n") == nil)
        #expect(answer("-ERR \(word)\r\n") == nil)
    }

    @Test func `those words are the ones that the documentation names`() throws {
        let top = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let content = try FileSystem.readAll("/\(top)/docs/COMPATIBILITY.md", limit: 1 << 20)
        let page = String(decoding: content, as: UTF8.self)
        let part = try #require(page.firstRange(of: "## First words of errors")).upperBound
        let table = page[part...].prefix(upTo: try #require(page[part...].firstRange(of: "UNKNOWNRESULT")).lowerBound)
        for word in ClientAnswerTests.refusals { #expect(table.contains("`\(word)`")) }
    }

    @Test func `an unknown result is no refusal`() {
        #expect(answer("-UNKNOWNRESULT the outcome of this request is not known\r\n") == .unknown)
        #expect(answer("-UNKNOWNRESULT\r\n")?.result == .unknown)
        #expect(answer("-ERR value is not an integer or out of range\r\n") == .other(.notInteger))
        #expect(answer("-ERR value is not an integer\r\n") == nil)
    }

    @Test func `replies are read as they are`() {
        #expect(answer("+OK\r\n") == .other(.ok))
        #expect(answer(":0\r\n") == .other(.integer(0)))
        #expect(answer(":-12\r\n") == .other(.integer(-12)))
        #expect(answer("$-1\r\n") == .other(.null))
        #expect(answer("$0\r\n\r\n") == .other(.value([])))
        #expect(answer("$5\r\na\r\nbc\r\n") == .other(.value(bytes("a\r\nbc"))))
        #expect(answer("$2\r\nab\r\n")?.result == .value(bytes("ab")))
        // A part of a larger buffer.
        #expect(ClientAnswer(bytes("xx:7\r\n")[2...]) == .other(.integer(7)))
        #expect(ClientAnswer(bytes("xx$2\r\nab\r\n")[2...]) == .other(.value(bytes("ab"))))
    }

    @Test func `arrays are read with all that is in them`() {
        #expect(answer("*-1\r\n") == .array(nil))
        #expect(answer("*0\r\n") == .array([]))
        let nested = ClientAnswer.array([.array([.other(.integer(1))]), .other(.value(bytes("a")))])
        #expect(answer("*2\r\n*1\r\n:1\r\n$1\r\na\r\n") == nested)
        #expect(answer("-UNBLOCKED the leader has changed\r\n") == .unblocked)
    }

    @Test func `answers of collections read as those of values`() {
        #expect(AnswerReading.stored.result(of: .other(.integer(0))) == .ok)
        #expect(AnswerReading.presence.result(of: .other(.integer(0))) == .null)
        #expect(AnswerReading.presence.result(of: .other(.integer(1))) == .value(bytes("1")))
        #expect(AnswerReading.number.result(of: .other(.value(bytes("12")))) == .integer(12))
        #expect(AnswerReading.joined.result(of: .array([])) == .null)
        let letters = ClientAnswer.array([.other(.value(bytes("a"))), .other(.value(bytes("b")))])
        #expect(AnswerReading.joined.result(of: letters) == .value(bytes("ab")))
        #expect(AnswerReading.increased(to: 7).result(of: .array([.other(.ok)])) == .integer(7))
        #expect(AnswerReading.increased(to: 7).result(of: .other(.ok)) == .integer(7))
        for late in [ClientAnswer.array(nil), .other(.null), .refused] {
            #expect(AnswerReading.increased(to: 7).result(of: late) == .refused)
        }
        for reading in [AnswerReading.plain, .stored, .presence, .number, .joined, .increased(to: 7)] {
            #expect(reading.result(of: .unknown) == .unknown)
        }
    }

    @Test(arguments: [
        "", "\r\n", "+OK", "+OK\rx", "+OKAY\r\n", "+PONG\r\n", "+OK\r\n+OK\r\n", "OK\r\n", "-\r\n", "-ERR\r\n",
        "-TRYAGAIN x\r\n-TRYAGAIN y\r\n", ":\r\n", ":x\r\n", ":1\r", ":9223372036854775808\r\n", ":1\r\n:2\r\n",
        "$\r\n", "$x\r\n", "$-2\r\n", "$-1\r\n$-1\r\n", "$1\r\nab\r\n", "$2\r\n", "$2\r\nab", "$2\r\nabcd",
        "$3\r\nab\r\n", "*\r\n", "*2\r\n:1\r\n", "*1\r\n:1\r\n:2\r\n", "*x\r\n", "_\r\n",
    ])
    func `what these clients cannot get is told as such`(text: String) {
        #expect(answer(text) == nil)
    }
}

@Suite struct OperationMarkTests {
    private func mark(_ code: CommandCode, _ words: String...) -> UInt64? {
        OperationMark.find(in: EntryCoding.encoded(code, words.map(bytes)).rawBytes)
    }

    @Test func `a marked value is found where the command has it`() {
        #expect(mark(.set, "k", "m12.") == 12)
        #expect(mark(.set, "k", "m12.xxxxx", "px", "5") == 12)
        #expect(mark(.setnx, "k", "m0.") == 0)
        #expect(mark(.append, "k", "m18446744073709551615.") == .max)
        #expect(mark(.getset, "k", "m3.") == 3)
        #expect(mark(.psetex, "k", "100", "m3." + String(repeating: "x", count: 5000)) == 3)
        for number in [0, 7, 1 << 40, .max] as [UInt64] {
            let entry = EntryCoding.encoded(.set, [[1], OperationMark.bytes(number) + bytes("padding")])
            #expect(OperationMark.find(in: entry.rawBytes) == number)
        }
    }

    @Test func `what carries no mark has none`() {
        #expect(mark(.set, "m1.", "v") == nil)
        #expect(mark(.set, "k", "m1") == nil)
        #expect(mark(.set, "k", "1.") == nil)
        #expect(mark(.set, "k", "m.") == nil)
        #expect(mark(.set, "k", "mx.") == nil)
        #expect(mark(.set, "k", "m18446744073709551616.") == nil)
        #expect(mark(.set, "k", "") == nil)
        #expect(mark(.set, "k") == nil)
        #expect(mark(.psetex, "k", "m1.", "v") == nil)
        #expect(mark(.incr, "k") == nil)
        #expect(mark(.get, "k", "m1.") == nil)
        #expect(mark(.del, "k", "m1.") == nil)
        #expect(mark(.tick) == nil)
    }

    @Test func `an entry that was cut has none, and is no trap`() {
        let entry = EntryCoding.encoded(.psetex, [bytes("k"), bytes("100"), bytes("m123456.")])
        for count in 0..<entry.count {
            #expect(OperationMark.find(in: Array(entry.prefix(count)).rawBytes) == nil)
        }
        #expect(OperationMark.find(in: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF].rawBytes) == nil)
    }
}
