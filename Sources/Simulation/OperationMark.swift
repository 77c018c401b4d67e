// How an operation is known again in the log.

import ByteCoding
import Keyspace

/// What clients put in front of each value that they store: `m`, the operation's number, `.`. So no value is stored by
/// two operations, and each can be found in the log.
enum OperationMark {
    private static let begin = UInt8(ascii: "m")
    private static let end = UInt8(ascii: ".")

    /// A number of 64 bits between its two signs.
    private static let lengthMax = 22

    static func bytes(_ number: UInt64) -> [UInt8] { Array("m\(number).".utf8) }

    /// The number of the entry's operation; nil when it carries no mark. In an envelope the first mark counts.
    static func find(in entry: RawSpan) -> UInt64? {
        var reader = ByteReader(entry)
        do throws(ByteError) {
            let code = try reader.varint(from: entry)
            let count = try reader.varint(from: entry)
            guard code != UInt64(CommandCode.envelope.rawValue) else {
                for position in 0..<count {
                    let range = try reader.counted(from: entry)
                    if position >= 2, let mark = find(in: entry.extracting(range)) { return mark }
                }
                return nil
            }
            guard let position = valuePosition(of: code), count > UInt64(position) else { return nil }
            for _ in 0..<position { _ = try reader.counted(from: entry) }
            let range = try reader.counted(from: entry)
            let end = min(range.upperBound, range.lowerBound + lengthMax)
            return number(in: [UInt8](entry.extracting(range.lowerBound..<end)))
        } catch { return nil }
    }

    /// Which argument of a command is a marked value, or a marked key that nobody writes.
    private static func valuePosition(of code: UInt64) -> Int? {
        switch UInt16(exactly: code).flatMap(CommandCode.init) {
        case .set, .setnx, .append, .getset, .lpush, .rpush, .blpop, .brpop: 1
        case .psetex, .hset: 2
        default: nil
        }
    }

    /// The number in a marked value.
    static func number(in bytes: [UInt8]) -> UInt64? {
        guard bytes.first == begin, let end = bytes.firstIndex(of: end) else { return nil }
        return UInt64(String(decoding: bytes[1..<end], as: UTF8.self))
    }
}
