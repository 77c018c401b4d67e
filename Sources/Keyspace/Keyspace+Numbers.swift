// Strings that are numbers: INCR and its kin.

import ByteCoding
import RESP

extension Keyspace {
    mutating func increment(
        _ code: CommandCode, _ arguments: borrowing Arguments, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        let step: Int64
        switch code {
        case .incr: step = 1
        case .decr: step = -1
        case .incrby: step = try arguments.integer(1)
        default:
            let given = try arguments.integer(1)
            guard given != .min else { throw .decrementOverflow }
            step = -given
        }
        let key = arguments[0]
        let place = records.place(of: key)
        let old = try liveStringForWrite(key, at: place)
        let (sum, overflow) = try old.map(Keyspace.integer)?.addingReportingOverflow(step) ?? (step, false)
        guard !overflow else { throw .incrementOverflow }
        if old == nil { note(.new, "new", key) }
        store(key, at: place, deadline: old?.deadline ?? TreeNode.never) { $0.append(decimal: sum) }
        note(.string, "incrby", key)
        reply.integer(sum)
    }

    private static func integer(in record: Record) throws(CommandError) -> Int64 {
        guard !record.hasLargeValue,
            let number = record.block.withBytes(
                record.valueOffset, record.valueLength, { DecimalText.integer(in: $0) })
        else { throw .notInteger }
        return number
    }

    mutating func incrbyfloat(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let key = arguments[0]
        let place = records.place(of: key)
        let old = try liveStringForWrite(key, at: place)
        let value = try old.map(Keyspace.decimal) ?? .zero
        guard let step = DecimalNumber(arguments[1]) else { throw .notFloat }
        guard let sum = value.adding(step) else { throw .incrementNotFinite }
        let text = sum.text
        if old == nil { note(.new, "new", key) }
        store(key, at: place, text.rawBytes, deadline: old?.deadline ?? TreeNode.never)
        note(.string, "incrbyfloat", key)
        reply.bulk(text.rawBytes)
    }

    private static func decimal(in record: Record) throws(CommandError) -> DecimalNumber {
        guard !record.hasLargeValue,
            let number = record.block.withBytes(record.valueOffset, record.valueLength, { DecimalNumber($0) })
        else { throw .notFloat }
        return number
    }
}
