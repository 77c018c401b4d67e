// Counted ranges, integers and names come back as written; hostile lengths are refused before they are believed.

import ByteCoding
import Testing
import Vocabulary

@Suite struct CountedTests {
    private func bytes(length: UInt64, body: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(varint: length)
        return bytes + [UInt8](repeating: 1, count: body)
    }

    @Test(arguments: [0, 1, 127, 128, 300])
    func `a counted range comes back, and the reader stands behind it`(length: Int) throws {
        var bytes = [UInt8](repeating: 9, count: 3)
        bytes.append(counted: [UInt8](repeating: 5, count: length).rawBytes)
        bytes.append(counted: "tail")
        var reader = ByteReader(offset: 3, end: bytes.count)
        let range = try reader.counted(from: bytes.rawBytes)
        #expect(Array(bytes[range]) == [UInt8](repeating: 5, count: length))
        #expect(try reader.text(from: bytes.rawBytes, limit: 4) == "tail")
        #expect(reader.isAtEnd)
    }

    @Test(arguments: [1, 2, 127, 128, 1 << 20, UInt64(Int.max) - 1, UInt64(Int.max)])
    func `a length beyond the end is truncated, however large`(length: UInt64) {
        let all = bytes(length: length, body: 0)
        #expect(throws: ByteError.truncated(at: all.count, needed: Int(length))) {
            var reader = ByteReader(all.rawBytes)
            _ = try reader.counted(from: all.rawBytes)
        }
    }

    @Test(arguments: [UInt64(Int.max) + 1, .max - 1, .max])
    func `a length that is no Int is over every limit`(length: UInt64) {
        let all = bytes(length: length, body: 8)
        #expect(throws: ByteError.lengthOverLimit(at: 0, length: length, limit: .max)) {
            var reader = ByteReader(all.rawBytes)
            _ = try reader.counted(from: all.rawBytes)
        }
    }

    @Test func `the limit is inclusive, and told before the end is looked at`() throws {
        let all = bytes(length: 5, body: 5)
        var reader = ByteReader(all.rawBytes)
        #expect(try reader.counted(from: all.rawBytes, limit: 5) == 1..<6)
        let short = bytes(length: 6, body: 1)
        #expect(throws: ByteError.lengthOverLimit(at: 0, length: 6, limit: 5)) {
            var reader = ByteReader(short.rawBytes)
            _ = try reader.counted(from: short.rawBytes, limit: 5)
        }
    }

    @Test func `a counted range cut anywhere is truncated`() {
        let whole = bytes(length: 200, body: 200)
        for length in 0..<whole.count {
            let cut = Array(whole[..<length])
            let expected: ByteError =
                length < 2 ? .truncated(at: length, needed: 1) : .truncated(at: 2, needed: 202 - length)
            #expect(throws: expected) {
                var reader = ByteReader(cut.rawBytes)
                _ = try reader.counted(from: cut.rawBytes)
            }
        }
    }

    @Test(arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82]] as [[UInt8]])
    func `text that is no UTF-8 is refused, not repaired`(invalid: [UInt8]) {
        var all: [UInt8] = []
        all.append(counted: invalid.rawBytes)
        #expect(throws: ByteError.invalidValue(at: 1)) {
            var reader = ByteReader(all.rawBytes)
            _ = try reader.text(from: all.rawBytes, limit: 100)
        }
    }
}

@Suite struct IntegerTests {
    @Test func `integers are little-endian, and come back from any offset`() throws {
        var bytes: [UInt8] = [0xEE]
        bytes.append(littleEndian: UInt8(0x12))
        bytes.append(littleEndian: UInt16(0x1234))
        bytes.append(littleEndian: UInt32(0x1234_5678))
        bytes.append(littleEndian: Int64(-2))
        #expect(bytes.prefix(8) == [0xEE, 0x12, 0x34, 0x12, 0x78, 0x56, 0x34, 0x12])
        var reader = ByteReader(offset: 1, end: bytes.count)
        #expect(try reader.integer(UInt8.self, from: bytes.rawBytes) == 0x12)
        #expect(try reader.integer(UInt16.self, from: bytes.rawBytes) == 0x1234)
        #expect(try reader.integer(UInt32.self, from: bytes.rawBytes) == 0x1234_5678)
        #expect(try reader.integer(Int64.self, from: bytes.rawBytes) == -2)
        #expect(reader.remaining == 0)
    }

    @Test func `an integer cut anywhere is truncated, and nothing is taken`() {
        for length in 0..<8 {
            let bytes = [UInt8](repeating: 1, count: length)
            var reader = ByteReader(bytes.rawBytes)
            #expect(throws: ByteError.truncated(at: 0, needed: 8 - length)) {
                _ = try reader.integer(UInt64.self, from: bytes.rawBytes)
            }
            #expect(reader.offset == 0)
        }
    }

    @Test func `a store replaces what stood there and no more`() {
        var bytes = [UInt8](repeating: 0xEE, count: 6)
        bytes.store(littleEndian: UInt32(0x0403_0201), at: 1)
        #expect(bytes == [0xEE, 1, 2, 3, 4, 0xEE])
        bytes.store(littleEndian: UInt32(0), at: 2)
        #expect(bytes == [0xEE, 1, 0, 0, 0, 0])
    }

    @Test func `a store outside of the array traps`() async {
        await #expect(processExitsWith: .failure) {
            var bytes = [UInt8](repeating: 0, count: 6)
            bytes.store(littleEndian: UInt32(0), at: 3)
        }
    }

    @Test func `a skip stays inside`() throws {
        var reader = ByteReader(offset: 2, end: 10)
        try reader.skip(0)
        try reader.skip(8)
        #expect(reader.isAtEnd)
        #expect(throws: ByteError.truncated(at: 10, needed: 1)) { try reader.skip(1) }
        #expect(throws: ByteError.self) { try reader.skip(-1) }
        #expect(throws: ByteError.self) { try reader.skip(.max) }
    }

    @Test func `names and identifiers come back, and a wrong name is refused`() throws {
        let node = try #require(NodeID("node-1"))
        let storage = StorageID(high: 1, low: .max)
        var bytes: [UInt8] = []
        bytes.append(node)
        bytes.append(storage)
        var reader = ByteReader(bytes.rawBytes)
        #expect(try reader.node(from: bytes.rawBytes) == node)
        #expect(try reader.identifier(StorageID.self, from: bytes.rawBytes) == storage)
        bytes[7] = UInt8(ascii: "N")
        #expect(throws: ByteError.invalidValue(at: 0)) {
            var reader = ByteReader(bytes.rawBytes)
            _ = try reader.node(from: bytes.rawBytes)
        }
    }
}
