// Join tokens as text: what was made is read, and nothing else is.

import Testing
import Vocabulary

@testable import Telemetry

@Suite struct JoinTokenTests {
    private let node = NodeID("n4")!

    private func token(
        fingerprint: String = String(repeating: "0123456789abcdef", count: 4),
        addresses: [String] = ["n1.example.org:7102", "[fd00::2]:7102"]
    ) -> JoinToken? {
        JoinToken(
            node: node, asVoter: true, expiry: Timestamp(microseconds: 77), fingerprint: fingerprint, number: 9,
            addresses: addresses
        ) { terms in (0..<32).map { UInt8(truncatingIfNeeded: terms.count + $0) } }
    }

    @Test func `a token survives its text, and blanks around it`() throws {
        let made = try #require(token())
        #expect(JoinToken(text: made.text) == made)
        #expect(JoinToken(text: "  \(made.text)\n") == made)
        #expect(made.text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3D && $0 != 0x2F && $0 != 0x2B })
    }

    @Test func `a token that was cut or changed is none, or says something else`() throws {
        let made = try #require(token())
        let text = Array(made.text.utf8)
        for length in 0..<text.count {
            #expect(JoinToken(text: String(decoding: text[..<length], as: UTF8.self)) == nil)
        }
        for place in text.indices {
            var changed = text
            changed[place] = changed[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(JoinToken(text: String(decoding: changed, as: UTF8.self)) != made, "letter \(place)")
        }
        #expect(JoinToken(text: made.text + "A") == nil)
        #expect(JoinToken(text: made.text + " " + made.text) == nil)
        #expect(JoinToken(text: String(repeating: "A", count: JoinToken.textLengthMax + 1)) == nil)
    }

    @Test func `fields that could say more than they should are refused`() {
        #expect(token(fingerprint: "00") == nil)
        #expect(token(fingerprint: String(repeating: "Z", count: 64)) == nil)
        #expect(token(addresses: []) == nil)
        #expect(token(addresses: ["a:1,b:2"]) == nil)
        #expect(token(addresses: ["a:1\nb:2"]) == nil)
        #expect(token(addresses: Array(repeating: "a:1", count: JoinToken.addressesMax + 1)) == nil)
    }

    @Test func `base64url is that of RFC 4648`() {
        let texts = [
            "": "", "f": "Zg", "fo": "Zm8", "foo": "Zm9v", "foob": "Zm9vYg", "fooba": "Zm9vYmE", "foobar": "Zm9vYmFy",
        ]
        for (plain, text) in texts {
            #expect(Base64URL.encode(Array(plain.utf8)) == text)
            #expect(Base64URL.decode(text) == Array(plain.utf8))
        }
        #expect(Base64URL.encode([0xFB, 0xFF]) == "-_8")
        for text in ["Zg==", "Zh", "Z", "Zm9vY", "+/8", "Z g"] { #expect(Base64URL.decode(text) == nil, "\(text)") }
    }
}
