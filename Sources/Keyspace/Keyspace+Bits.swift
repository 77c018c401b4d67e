// Commands on the bits of strings. Bit 0 is the highest one of the first byte.

import ByteCoding
import RESP

extension Keyspace {
    mutating func setbit(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let offset = try Keyspace.bitOffset(arguments)
        let bit = try Keyspace.bitValue(arguments)
        let key = arguments[0]
        let place = records.place(of: key)
        let old = try liveStringForWrite(key, at: place)
        let (oldLength, position) = (old?.valueLength ?? 0, offset >> 3)
        let mask: UInt8 = 0x80 >> UInt8(offset & 7)
        let byte = old?.byte(ofValueAt: position) ?? 0
        let was = byte & mask != 0
        reply.integer(was ? 1 : 0)
        guard position >= oldLength || was != bit else { return }
        if old == nil { note(.new, "new", key) }
        note(.string, "setbit", key)
        let patch = [bit ? byte | mask : byte & ~mask]
        overwrite(key, at: place, old, from: position, with: patch.rawBytes)
    }

    func getbit(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let offset = try Keyspace.bitOffset(arguments)
        let byte = try liveString(arguments[0])?.byte(ofValueAt: offset >> 3) ?? 0
        reply.integer(byte & 0x80 >> UInt8(offset & 7) != 0 ? 1 : 0)
    }

    func bitcount(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        // Redis looks at the range only when there is a string.
        guard let record = try liveString(arguments[0]) else { return reply.integer(0) }
        let range = try BitRange(arguments, from: 1, endIsOptional: false)
        reply.integer(range.resolved(record.valueLength).map { record.countBits($0) } ?? 0)
    }

    func bitpos(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let bit = try arguments.integer(1)
        guard bit == 0 || bit == 1 else { throw .bitArgument }
        guard let record = try liveString(arguments[0]) else { return reply.integer(bit == 0 ? 0 : -1) }
        let range = try BitRange(arguments, from: 2, endIsOptional: true)
        guard let bits = range.resolved(record.valueLength) else { return reply.integer(-1) }
        let found = record.firstBit(bit == 1, in: bits)
        // Without an end the string counts as followed by zeros.
        let behind = bit == 0 && !range.hasEnd ? bits.upperBound : -1
        reply.integer(Int64(found ?? behind))
    }

    /// `BITOP AND|OR|XOR|NOT target source …`.
    mutating func bitop(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let operation = try BitOperation(arguments)
        let target = arguments[1]
        var result: [UInt8] = []
        var cursor = arguments.first
        for _ in 0..<2 { _ = arguments.next(&cursor) }
        for position in 2..<arguments.count {
            operation.take(try liveString(arguments.next(&cursor)), isFirst: position == 2, into: &result)
        }
        let place = records.place(of: target)
        if !result.isEmpty {
            noteCreation(target, at: place)
            store(target, at: place, result.rawBytes, deadline: TreeNode.never)
            note(.string, "set", target)
        } else if liveForWrite(target, at: place) != nil {
            _ = records.remove(target, at: place)
            note(.generic, "del", target)
        }
        reply.integer(Int64(result.count))
    }

    static func bitOffset(_ arguments: borrowing Arguments) throws(CommandError) -> Int {
        guard let offset = DecimalText.integer(in: arguments[1]), offset >= 0, offset >> 3 < stringLengthMax else {
            throw .bitOffset
        }
        return Int(offset)
    }

    static func bitValue(_ arguments: borrowing Arguments) throws(CommandError) -> Bool {
        switch DecimalText.integer(in: arguments[2]) {
        case 0: return false
        case 1: return true
        default: throw .bitValue
        }
    }
}

/// What `[start [end [BIT|BYTE]]]` says of a string.
private struct BitRange {
    private var start: Int64 = 0
    private var end: Int64 = -1
    private var isInBits = false
    let hasEnd: Bool
    /// Redis takes a range of this form for empty whatever the string's length.
    private let isBackwards: Bool

    init(_ arguments: borrowing Arguments, from first: Int, endIsOptional: Bool) throws(CommandError) {
        let count = arguments.count - first
        guard count <= 3, count != 1 || endIsOptional else { throw .syntax }
        hasEnd = count > 1
        if count > 0 { start = try arguments.integer(first) }
        // BITPOS looks at the unit before the end, BITCOUNT behind it.
        if endIsOptional, count == 3 { isInBits = try BitRange.isBit(arguments[first + 2]) }
        if hasEnd { end = try arguments.integer(first + 1) }
        isBackwards = !endIsOptional && start < 0 && end < 0 && start > end
        if !endIsOptional, count == 3, !isBackwards { isInBits = try BitRange.isBit(arguments[first + 2]) }
    }

    private static func isBit(_ word: RawSpan) throws(CommandError) -> Bool {
        if word.isWord("bit") { return true }
        guard word.isWord("byte") else { throw .syntax }
        return false
    }

    /// The bits of a string of `length` bytes; nil when there are none.
    func resolved(_ length: Int) -> Range<Int>? {
        guard !isBackwards else { return nil }
        let total = Int64(isInBits ? length * 8 : length)
        func place(_ number: Int64) -> Int64 { max(0, number < 0 ? total + max(number, -total) : number) }
        let (first, last) = (place(start), min(place(end), total - 1))
        guard first <= last else { return nil }
        return isInBits ? Int(first)..<Int(last) + 1 : Int(first) * 8..<Int(last + 1) * 8
    }
}

private enum BitOperation {
    case and, or, xor, not

    init(_ arguments: borrowing Arguments) throws(CommandError) {
        let word = arguments[0]
        if word.isWord("and") {
            self = .and
        } else if word.isWord("or") {
            self = .or
        } else if word.isWord("xor") {
            self = .xor
        } else if word.isWord("not") {
            self = .not
        } else {
            throw .syntax
        }
        guard self != .not || arguments.count == 3 else { throw .bitopNotOfSeveral }
    }

    /// Joins the result so far with a string, which counts as followed by zeros, as the result does.
    func take(_ record: Record?, isFirst: Bool, into result: inout [UInt8]) {
        let length = record?.valueLength ?? 0
        if length > result.count { result.append(contentsOf: repeatElement(0, count: length - result.count)) }
        var position = 0
        record?.forEachPiece(of: 0..<length) { piece in
            for offset in 0..<piece.byteCount {
                let (old, byte) = (result[position + offset], piece.byte(at: offset))
                switch self {
                case .and: result[position + offset] = isFirst ? byte : old & byte
                case .or: result[position + offset] = old | byte
                case .xor: result[position + offset] = old ^ byte
                case .not: result[position + offset] = ~byte
                }
            }
            position += piece.byteCount
        }
        if self == .and { for position in length..<result.count { result[position] = 0 } }
    }
}

extension Keyspace {
    /// Refuses what can be refused without looking at a record.
    static func precheckBits(_ code: CommandCode, _ arguments: borrowing Arguments) throws(CommandError) {
        switch code {
        case .setbit: _ = try (bitOffset(arguments), bitValue(arguments))
        case .bitop: _ = try BitOperation(arguments)
        default: break
        }
    }
}

extension Record {
    /// A byte of a string; nil behind its end.
    fileprivate func byte(ofValueAt position: Int) -> UInt8? {
        guard position < valueLength else { return nil }
        var byte: UInt8?
        forEachPiece(of: position..<position + 1) { byte = $0.byte(at: 0) }
        return byte
    }

    /// How many of some bits, at least one, are set.
    fileprivate func countBits(_ bits: Range<Int>) -> Int64 {
        let (first, last) = (bits.lowerBound >> 3, (bits.upperBound - 1) >> 3)
        var count = 0
        forEachPiece(of: first..<last + 1) { piece in
            var offset = 0
            while offset + 8 <= piece.byteCount {
                count += piece.word(at: offset).nonzeroBitCount
                offset += 8
            }
            while offset < piece.byteCount {
                count += piece.byte(at: offset).nonzeroBitCount
                offset += 1
            }
        }
        // Those of the outer bytes that are out of the range.
        let before = byte(ofValueAt: first).map { ($0 & ~(0xFF >> UInt8(bits.lowerBound & 7))).nonzeroBitCount } ?? 0
        let unused = UInt8((8 - bits.upperBound & 7) & 7)
        let behind = byte(ofValueAt: last).map { ($0 & ~(0xFF << unused)).nonzeroBitCount } ?? 0
        return Int64(count - before - behind)
    }

    /// The first bit of a range that is `wanted`.
    fileprivate func firstBit(_ wanted: Bool, in bits: Range<Int>) -> Int? {
        let flip: UInt8 = wanted ? 0 : 0xFF
        var position = bits.lowerBound >> 3
        var found: Int?
        forEachPiece(of: position..<(bits.upperBound + 7) >> 3) { piece in
            guard found == nil else { return }
            for offset in 0..<piece.byteCount {
                var byte = piece.byte(at: offset) ^ flip
                let start = (position + offset) * 8
                if start < bits.lowerBound { byte &= 0xFF >> UInt8(bits.lowerBound - start) }
                guard byte != 0 else { continue }
                let place = start + byte.leadingZeroBitCount
                found = place < bits.upperBound ? place : nil
                return
            }
            position += piece.byteCount
        }
        return found
    }
}
