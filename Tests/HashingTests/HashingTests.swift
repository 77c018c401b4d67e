// Hashes, against the examples of their standards.

import Hashing
import Testing

@Suite struct HashingTests {
    @Test func `hashes and comparisons are what they should be`() {
        // FIPS 180-4's example, "abc".
        let digest = SHA256.hash(Array("abc".utf8))
        #expect(digest.prefix(4) == [0xBA, 0x78, 0x16, 0xBF])
        #expect(SHA256.hash([]).prefix(4) == [0xE3, 0xB0, 0xC4, 0x42])
        #expect(ConstantTime.equals([1, 2], [1, 2]))
        #expect(!ConstantTime.equals([1, 2], [1, 3]))
        #expect(!ConstantTime.equals([1, 2], [1]))
        #expect(ConstantTime.equals([], []))
    }

    @Test func `a hash of pieces is that of the whole`() {
        let text = Array("the archive of a cluster".utf8)
        for cut in 0...text.count {
            var running = RunningSHA256()
            running.update(text.span.bytes.extracting(0..<cut))
            running.update(text.span.bytes.extracting(cut..<text.count))
            #expect(running.finish() == SHA256.hash(text))
        }
    }

    @Test func `a code with a key is that of the standard`() {
        // RFC 4231, test case 2.
        let code = SHA256.code(of: Array("what do ya want for nothing?".utf8).span.bytes, key: Array("Jefe".utf8))
        #expect(code.prefix(4) == [0x5B, 0xDC, 0xC1, 0x46])
        #expect(code.suffix(4) == [0x64, 0xEC, 0x38, 0x43])
    }
}
