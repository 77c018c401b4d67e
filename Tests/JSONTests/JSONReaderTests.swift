// JSON: what is taken, what is refused, and that noise does no harm.

import JSON
import Testing
import Vocabulary

@Suite struct JSONReaderTests {
    private func value(_ text: String) -> JSONValue? { try? JSONReader.value(of: Array(text.utf8)) }

    @Test func `values of every kind are read`() {
        #expect(value(" null ") == .null)
        #expect(value("true") == .flag(true))
        #expect(value("-0.5e+2") == .number(-50))
        #expect(value("0") == .number(0))
        #expect(value(#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é""#) == .text("a\"\\/\u{8}\u{C}\n\r\té😀é"))
        #expect(value("[1, [], {}]") == .list([.number(1), .list([]), .object([])]))
        #expect(value(#"{"to" : "n2", "force":false}"#) == .object([("to", .text("n2")), ("force", .flag(false))]))
    }

    @Test(arguments: [
        "", "{", "}", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\":1,\"a\":2}", "01", "-",
        "1.",
        ".5", "1e", "+1", "NaN", "tru", "nulll", "1 2", "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"",
        "\"\\ud800\\u0041\"", "\"\u{1}\"", "1e999", "'a'",
    ])
    func `what is not JSON is refused`(text: String) {
        #expect(value(text) == nil)
    }

    @Test func `nesting is bounded`() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(value(nested(JSONReader.depthMax)) != nil)
        #expect(value(nested(JSONReader.depthMax + 1)) == nil)
        #expect(value(nested(100_000)) == nil)
    }

    @Test func `invalid UTF-8 is refused`() {
        #expect(throws: JSONError.self) { try JSONReader.value(of: [0x22, 0xFF, 0x22]) }
    }

    @Test func `mutated documents never trap`() {
        var random = SplitMix64(seed: 3)
        let document = Array(#"{"to":"n2","list":[1,-2.5e3,true,null,{"x":"\u00e9\n"}],"force":false}"#.utf8)
        for _ in 0..<5000 {
            var bytes = document
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...127, using: &random)
            }
            _ = try? JSONReader.value(of: Array(bytes[..<Int.random(in: 0...bytes.count, using: &random)]))
        }
    }
}
