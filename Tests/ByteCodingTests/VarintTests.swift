// Varints come back as written; what was cut or stretched is refused with the place.

import ByteCoding
import Testing

@Suite struct VarintTests {
    /// Values around every power of two.
    private static let values: [UInt64] = (0..<64).flatMap { [1 << $0 &- 1, 1 << $0, 1 << $0 &+ 1] } + [.max]

    @Test func `a varint comes back, in seven bits a byte`() throws {
        for value in VarintTests.values {
            var bytes: [UInt8] = []
            bytes.append(varint: value)
            #expect(bytes.count == max(1, (64 - value.leadingZeroBitCount + 6) / 7))
            var reader = ByteReader(bytes.rawBytes)
            #expect(try reader.varint(from: bytes.rawBytes) == value)
            #expect(reader.isAtEnd)
        }
    }

    @Test func `a varint cut anywhere is truncated there`() {
        for value in VarintTests.values {
            var bytes: [UInt8] = []
            bytes.append(varint: value)
            for length in 0..<bytes.count {
                let cut = Array(bytes[..<length])
                #expect(throws: ByteError.truncated(at: length, needed: 1)) {
                    var reader = ByteReader(cut.rawBytes)
                    _ = try reader.varint(from: cut.rawBytes)
                }
            }
        }
    }

    @Test func `a varint ends where its reader does, though the span goes on`() {
        let bytes: [UInt8] = [0, 0x80, 1]
        #expect(throws: ByteError.truncated(at: 2, needed: 1)) {
            var reader = ByteReader(offset: 1, end: 2)
            _ = try reader.varint(from: bytes.rawBytes)
        }
    }

    @Test func `more than 64 bits are refused`() throws {
        for last in UInt8.min...UInt8.max {
            let bytes: [UInt8] = [7] + [UInt8](repeating: 0xFF, count: 9) + [last]
            var reader = ByteReader(offset: 1, end: bytes.count)
            if last <= 1 {
                #expect(try reader.varint(from: bytes.rawBytes) == UInt64(last) << 63 | (1 << 63 - 1))
            } else {
                #expect(throws: ByteError.varintTooLong(at: 1)) { _ = try reader.varint(from: bytes.rawBytes) }
            }
        }
    }

    @Test func `a number without end is refused after ten bytes`() {
        let bytes = [UInt8](repeating: 0x80, count: 1000)
        var reader = ByteReader(bytes.rawBytes)
        #expect(throws: ByteError.varintTooLong(at: 0)) { _ = try reader.varint(from: bytes.rawBytes) }
        #expect(reader.offset == 10)
    }
}
