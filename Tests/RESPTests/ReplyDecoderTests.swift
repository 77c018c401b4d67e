// Every reply that we write is read back, in both versions, in any pieces; hostile replies are bounded.

import ByteCoding
import RESP
import Testing
import Vocabulary

struct ReplyDecoderTests {
    private static func everything(_ version: RESPVersion) -> [UInt8] {
        var writer = ReplyWriter(version: version)
        writer.mapHeader(3)
        writer.bulk(text: "a")
        writer.arrayHeader(0)
        writer.simple("b")
        writer.setHeader(2)
        writer.double(2.5)
        writer.null()
        writer.integer(7)
        writer.arrayHeader(2)
        writer.verbatim(text: "text")
        writer.boolean(true)
        return writer.bytes
    }

    @Test func `a nested reply is read back in version 2`() throws {
        let reply = try ReplyDecoder.value(of: Self.everything(.two).rawBytes)
        #expect(
            reply
                == .array([
                    .bulk(Array("a".utf8)), .array([]), .simple("b"), .array([.bulk(Array("2.5".utf8)), .null]),
                    .integer(7), .array([.bulk(Array("text".utf8)), .integer(1)]),
                ]))
    }

    @Test func `a nested reply is read back in version 3`() throws {
        let reply = try ReplyDecoder.value(of: Self.everything(.three).rawBytes)
        #expect(
            reply
                == .map([
                    .init(key: .bulk(Array("a".utf8)), value: .array([])),
                    .init(key: .simple("b"), value: .set([.double(2.5), .null])),
                    .init(key: .integer(7), value: .array([.verbatim(format: "txt", text: "text"), .boolean(true)])),
                ]))
    }

    @Test func `replies cut at any position are delimited`() throws {
        let replies = [
            Self.everything(.three), Array("-ERR x\r\n".utf8), Array("|1\r\n+a\r\n:1\r\n:5\r\n".utf8),
            Array("|0\r\n:5\r\n".utf8), Array("*-1\r\n".utf8), Array(">1\r\n+x\r\n".utf8), Self.everything(.two),
        ]
        let bytes = replies.flatMap { $0 }
        for cut in 0...bytes.count {
            var decoder = ReplyDecoder()
            var queue: [UInt8] = []
            var lengths: [Int] = []
            for piece in [bytes[..<cut], bytes[cut...]] {
                queue += piece
                while let extent = try decoder.next(in: queue.rawBytes) {
                    lengths.append(extent.consumed)
                    #expect(extent.isError == (queue[0] == UInt8(ascii: "-")))
                    #expect(extent.isPush == (queue[0] == UInt8(ascii: ">")))
                    queue.removeFirst(extent.consumed)
                }
            }
            #expect(lengths == replies.map(\.count))
        }
    }

    @Test func `an attribute is dropped`() throws {
        #expect(try ReplyDecoder.value(of: Array("|1\r\n+a\r\n:1\r\n:5\r\n".utf8).rawBytes) == .integer(5))
    }

    @Test func `depth, size and number of elements are bounded`() {
        func error(_ text: String) -> ReplyError? {
            var decoder = ReplyDecoder(limits: ReplyLimits(bytesMax: 1000, elementsMax: 100, depthMax: 4))
            do { _ = try decoder.next(in: Array(text.utf8).rawBytes) } catch { return error }
            return nil
        }
        #expect(error(String(repeating: "*1\r\n", count: 4)) == nil)
        #expect(error(String(repeating: "*1\r\n", count: 5)) == .tooDeep(limit: 4))
        #expect(error("*101\r\n") == .tooLarge(limit: 100))
        #expect(error("%51\r\n" + String(repeating: ":1\r\n", count: 102)) == .tooLarge(limit: 100))
        #expect(error("$1001\r\n") == .tooLarge(limit: 1000))
        #expect(error("+" + String(repeating: "a", count: 1001)) == .tooLarge(limit: 1000))
        #expect(error("?\r\n") == .malformed(at: 0))
        #expect(error("$x\r\n") == .malformed(at: 1))
        #expect(error("+a\n") == .malformed(at: 2))
    }

    @Test func `random changes never trap, and what is delimited can be read`() {
        var generator = SplitMix64(seed: 77)
        let original = Self.everything(.three) + Self.everything(.two)
        let alphabet = Array("*$%~>|_#,(=!+-:0123456789\r\n".utf8)
        for _ in 0..<20_000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] =
                    alphabet.randomElement(using: &generator) ?? 0
            }
            var decoder = ReplyDecoder(limits: ReplyLimits(bytesMax: 4096, elementsMax: 64, depthMax: 6))
            if let extent = try? decoder.next(in: bytes.rawBytes) {
                let whole = Array(bytes[..<extent.consumed])
                #expect((try? ReplyDecoder.value(of: whole.rawBytes)) != nil)
            }
        }
    }
}
