// The checksum against its standard's vectors, and against the definition bit by bit.

import ByteCoding
import Testing
import Vocabulary

@Suite struct CRC32CTests {
    /// The iSCSI read command of RFC 3720, appendix B.4.
    private static let command: [UInt8] =
        [0x01, 0xC0] + zeros(14) + [0x14, 0, 0, 0, 0, 0, 0x04, 0, 0, 0, 0, 0x14, 0, 0, 0, 0x18, 0x28]
        + zeros(7) + [0x02] + zeros(7)

    private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

    /// The definition: the reflected polynomial, one bit at a time.
    private func naive(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var crc = UInt32.max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
        }
        return ~crc
    }

    @Test(
        arguments: [
            (zeros(32), 0x8A91_36AA),
            ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
            (Array(0...31), 0x46DD_794E),
            (Array((0...31).reversed()), 0x113F_DB5C),
            (command, 0xD996_3A56),
            (Array("123456789".utf8), 0xE306_9283),
            ([], 0),
        ] as [([UInt8], UInt32)])
    func `the vectors of RFC 3720 hold`(bytes: [UInt8], checksum: UInt32) {
        #expect(CRC32C.checksum(bytes.rawBytes) == checksum)
        #expect(naive(bytes) == checksum)
    }

    @Test func `every length and alignment agrees with the definition`() {
        let bytes = randomBytes(100, seed: 1)
        for start in 0..<16 {
            for end in start...bytes.count {
                let found = CRC32C.checksum(bytes.rawBytes.extracting(start..<end))
                if found != naive(bytes[start..<end]) { Issue.record("\(start)..<\(end)") }
            }
        }
    }

    @Test func `a checksum goes on from any cut`() {
        let bytes = randomBytes(200, seed: 2)
        let whole = CRC32C.checksum(bytes.rawBytes)
        for cut in 0...bytes.count {
            let head = CRC32C.checksum(bytes.rawBytes.extracting(0..<cut))
            #expect(CRC32C.checksum(bytes.rawBytes.extracting(cut..<bytes.count), seed: head) == whole)
        }
    }

    @Test func `a change of one bit anywhere changes the checksum`() {
        var bytes = [UInt8](repeating: 0x5A, count: 64)
        let before = CRC32C.checksum(bytes.rawBytes)
        for bit in 0..<512 {
            bytes[bit / 8] ^= 1 << (bit % 8)
            #expect(CRC32C.checksum(bytes.rawBytes) != before)
            bytes[bit / 8] ^= 1 << (bit % 8)
        }
    }

    private func randomBytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
}
