// Golden bytes of every reply in both versions, and that no error text can forge a second reply.

import ByteCoding
import RESP
import Testing
import Vocabulary

struct ReplyWriterTests {
    static func text(_ version: RESPVersion, _ write: (inout ReplyWriter) -> Void) -> String {
        var writer = ReplyWriter(version: version)
        write(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func expect(
        _ two: String, _ three: String, sourceLocation: SourceLocation = #_sourceLocation,
        _ write: (inout ReplyWriter) -> Void
    ) {
        #expect(ReplyWriterTests.text(.two, write) == two, sourceLocation: sourceLocation)
        #expect(ReplyWriterTests.text(.three, write) == three, sourceLocation: sourceLocation)
    }

    @Test func `what both versions have is the same in both`() {
        expect("+OK\r\n", "+OK\r\n") { $0.ok() }
        expect("+PONG\r\n", "+PONG\r\n") { $0.simple("PONG") }
        expect("+a  b\r\n", "+a  b\r\n") { $0.simple(text: "a\r\nb") }
        expect("-ERR syntax error\r\n", "-ERR syntax error\r\n") { $0.error("ERR syntax error") }
        expect(":-42\r\n", ":-42\r\n") { $0.integer(-42) }
        expect("$5\r\nhello\r\n", "$5\r\nhello\r\n") { $0.bulk(text: "hello") }
        expect("$0\r\n\r\n", "$0\r\n\r\n") {
            let nothing: [UInt8] = []
            $0.bulk(nothing.rawBytes)
        }
        expect("$3\r\n-12\r\n", "$3\r\n-12\r\n") { $0.bulk(decimal: -12) }
        expect("*2\r\n:1\r\n:2\r\n", "*2\r\n:1\r\n:2\r\n") {
            $0.arrayHeader(2)
            $0.integer(1)
            $0.integer(2)
        }
    }

    @Test func `what version 3 added is folded for version 2`() {
        expect("$-1\r\n", "_\r\n") { $0.null() }
        expect("*-1\r\n", "_\r\n") { $0.nullArray() }
        expect("*4\r\n", "%2\r\n") { $0.mapHeader(2) }
        expect("*2\r\n", "~2\r\n") { $0.setHeader(2) }
        expect("*2\r\n", ">2\r\n") { $0.pushHeader(2) }
        expect(":1\r\n", "#t\r\n") { $0.boolean(true) }
        expect(":0\r\n", "#f\r\n") { $0.boolean(false) }
        expect("$3\r\n1.5\r\n", ",1.5\r\n") { $0.double(1.5) }
        expect("$1\r\n3\r\n", ",3\r\n") { $0.double(3) }
        expect("$4\r\n-inf\r\n", ",-inf\r\n") { $0.double(-.infinity) }
        expect("$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n") { $0.verbatim(text: "hi") }
        expect("$20\r\n18446744073709551616\r\n", "(18446744073709551616\r\n") {
            $0.bigNumber(digits: "18446744073709551616")
        }
    }

    @Test func `an error cannot end its own line`() {
        expect("-ERR a  +OK  b\r\n", "-ERR a  +OK  b\r\n") { $0.error(text: "ERR a\r\n+OK\r\nb") }
        let hostile = Array("x\r\n+OK\r\n\0y".utf8)
        expect("-ERR no 'x  +OK   y' here\r\n", "-ERR no 'x  +OK   y' here\r\n") {
            $0.error("ERR no '", quoting: hostile.rawBytes, "' here")
        }
    }

    @Test func `a quoted argument is cut`() {
        let long = [UInt8](repeating: UInt8(ascii: "a"), count: 1000)
        let reply = ReplyWriterTests.text(.two) { $0.error("ERR ", quoting: long.rawBytes, "") }
        #expect(reply.utf8.count == 1 + 4 + ReplyWriter.quoteMax + 2)
    }

    @Test func `integers are written and read exactly at every length`() {
        var generator = SplitMix64(seed: 1)
        var values: [Int64] = [0, 9, 10, -1, -9, -10, .max, .min, .max - 1, .min + 1]
        for shift in 0..<64 { values.append(Int64(bitPattern: generator.next() >> UInt64(shift))) }
        for value in values {
            #expect(ReplyWriterTests.text(.two) { $0.integer(value) } == ":\(value)\r\n")
            #expect(DecimalText.integer(in: Array("\(value)".utf8).rawBytes) == value)
        }
    }

    @Test(arguments: [
        "", "-", "-0", "+1", "01", " 1", "1 ", "1a", "9223372036854775808", "-9223372036854775809", "0x1",
        "99999999999999999999", "18446744073709551617", "--1",
    ])
    func `what Redis does not take for an integer is none`(text: String) {
        #expect(DecimalText.integer(in: Array(text.utf8).rawBytes) == nil)
    }
}
