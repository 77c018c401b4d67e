// Payloads of RESTORE, hostile and otherwise.

import ByteCoding
import Keyspace
import RESP
import Vocabulary

extension FuzzTarget {
    /// The bytes are a payload as they are, and the kind and body of one that is sealed for them.
    ///
    /// 1. There is one reply; a refusal changes nothing, and in the end every sum and order is what the records make.
    /// 2. What is taken is dumped as a payload that is taken too, and gives the same value.
    static let dumps = FuzzTarget("dumps", lengthMax: 4096) { bytes throws(Violation) in
        try DumpRun.check(bytes)
        var sealed = Array("TRD".utf8) + [1] + bytes
        sealed.append(littleEndian: CRC32C.checksum(sealed.rawBytes))
        try DumpRun.check(sealed)
    }
}

private enum DumpRun {
    private static let key: [UInt8] = [107]

    static func check(_ payload: [UInt8]) throws(Violation) {
        var keyspace = Keyspace(of: ClusterID(high: 1, low: 2))
        let reply = restore(payload, &keyspace)
        keyspace.checkInvariants()
        try require(keyspace.recomputedDigest() == keyspace.digest, "the digest is not that of the records")
        guard reply == Array("+OK\r\n".utf8) else {
            try require(reply.first == UInt8(ascii: "-"), "neither taken nor refused: \(reply)")
            return try require(keyspace.count == 0, "refused, and yet there is a record")
        }
        var other = Keyspace(of: ClusterID(high: 1, low: 2))
        let again = try dumped(keyspace)
        try require(restore(again, &other) == reply, "what was dumped is not taken: \(again)")
        try require(other.digest == keyspace.digest, "what was dumped is another value: \(again)")
        try require(try dumped(other) == again, "two payloads of one value")
    }

    private static func restore(_ payload: [UInt8], _ keyspace: inout Keyspace) -> [UInt8] {
        let entry = EntryCoding.encoded(.restore, [key, [UInt8(ascii: "0")], payload])
        var writer = ReplyWriter(version: .two)
        keyspace.apply(entry.rawBytes, at: .zero, index: LogIndex(1), reply: &writer)
        return writer.bytes
    }

    private static func dumped(_ keyspace: Keyspace) throws(Violation) -> [UInt8] {
        var writer = ReplyWriter(version: .two)
        keyspace.read(EntryCoding.encoded(.dump, [key]).rawBytes, clock: .zero, reply: &writer)
        guard case .bulk(let bytes) = try? ReplyDecoder.value(of: writer.bytes.rawBytes) else {
            throw Violation("no payload: \(writer.bytes)")
        }
        return bytes
    }
}
