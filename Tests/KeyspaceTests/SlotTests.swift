// The keys of a slot: counted, and given up to a number.

import ByteCoding
import RESP
import Testing
import Vocabulary

@testable import Keyspace

struct SlotTests {
    private static let slot = HashSlot.of(Array("{here}".utf8).rawBytes)

    private func keyspace(_ keys: [String]) -> Keyspace {
        var rig = Rig()
        for key in keys { _ = rig.run("SET \(key) x") }
        return rig.keyspace
    }

    private func ask(_ code: CommandCode, _ arguments: [String], _ keyspace: Keyspace) throws -> Reply {
        let entry = EntryCoding.encoded(code, arguments.map { Array($0.utf8) })
        var reply = ReplyWriter(version: .two)
        keyspace.read(entry.rawBytes, clock: .zero, reply: &reply)
        return try ReplyDecoder.value(of: reply.bytes.rawBytes)
    }

    @Test func `keys belong to the slots that Redis Cluster gives them`() {
        for (key, slot) in [("123456789", 12739), ("foo", 12182), ("bar", 5061), ("hello", 866), ("", 0)] {
            #expect(HashSlot.of(Array(key.utf8).rawBytes) == slot, "\(key)")
        }
    }

    /// The specification read out: what is hashed, and each bit of the remainder by itself.
    private static func slot(of key: [UInt8]) -> Int {
        var part = key[...]
        if let open = key.firstIndex(of: UInt8(ascii: "{")),
            let close = key[open...].firstIndex(of: UInt8(ascii: "}")), close > open + 1
        {
            part = key[open + 1..<close]
        }
        var remainder: UInt16 = 0
        for byte in part {
            remainder ^= UInt16(byte) << 8
            for _ in 0..<8 { remainder = remainder << 1 ^ (remainder & 0x8000 == 0 ? 0 : 0x1021) }
        }
        return Int(remainder) % HashSlot.count
    }

    @Test func `slots of keys of any length, with hash tags and without, are those of the specification`() {
        var random = SplitMix64(seed: 3)
        let letters: [UInt8] = Array("ab{}\u{7A}\u{7C}".utf8) + [0, 0x80, 0xFB, 0xFD, 0xFF]
        for number in 0..<20_000 {
            let key = (0..<number % 41).map { _ in
                number % 2 == 0 ? letters[Int(random.next() % UInt64(letters.count))] : UInt8(random.next() % 256)
            }
            #expect(HashSlot.of(key.rawBytes) == Self.slot(of: key), "\(key)")
        }
    }

    @Test func `a slot counts and gives its own keys only`() throws {
        let keys = (0..<40).map { "{here}\($0)" }
        let state = keyspace(keys + ["elsewhere", "{there}1"])
        #expect(try ask(.countkeysinslot, ["\(Self.slot)"], state) == .integer(40))
        for (limit, expected) in [(0, 0), (1, 1), (39, 39), (40, 40), (1000, 40)] {
            guard case .array(let found) = try ask(.getkeysinslot, ["\(Self.slot)", "\(limit)"], state) else {
                Issue.record("no array")
                return
            }
            #expect(found.count == expected)
            #expect(Set(found.compactMap(\.text)).isSubset(of: keys))
            #expect(Set(found.compactMap(\.text)).count == expected)
        }
    }

    @Test func `an empty slot has no keys and there is no slot beyond the last`() throws {
        let state = keyspace([])
        #expect(try ask(.countkeysinslot, ["0"], state) == .integer(0))
        #expect(try ask(.getkeysinslot, ["16383", "5"], state) == .array([]))
        for slot in ["16384", "-1", "x", ""] {
            guard case .error = try ask(.countkeysinslot, [slot], state) else {
                Issue.record("\(slot) is taken for a slot")
                return
            }
        }
    }
}
