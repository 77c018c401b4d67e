// SipHash beside OpenSSL's, which agrees with the authors' vectors.

import ByteCoding
import Testing

@Suite struct SipHashTests {
    static let key = SipHash.Key(0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908)

    /// Of the bytes 0, 1, 2, … as in the reference's `vectors.h`: the length, the 16 bytes of SipHash-2-4-128, and the
    /// 8 of SipHash-1-3.
    @Test(arguments: [
        (0, "a3817f04ba25a8e66df67214c7550293", "dcc40f055801acab"),
        (1, "da87c1d86b99af44347659119b22fc45", "93ca577df39bf4c9"),
        (8, "3b62a9ba6258f5610f83e264f31497b4", "8e9a298d11959036"),
        (15, "5493e99933b0a8117e08ec0f97cfc3d9", "5699512a6dd820d3"),
        (63, "5150d1772f50834a503e069a973fbd7c", "a8b3bbb76290199d"),
    ])
    func `hashes are those of the reference`(length: Int, long: String, short: String) {
        let bytes = (0..<length).map { UInt8($0) }
        let digest = SipHash.digest(bytes.rawBytes, key: SipHashTests.key)
        #expect(hex(digest.low) + hex(digest.high) == long)
        let hash = SipHash.hash(bytes.rawBytes, key: SipHashTests.key)
        #expect(hex(hash) == short)
    }

    private func hex(_ word: UInt64) -> String {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: word)
        return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
