// The options of EXPIRE and its kin, and of COPY.

import ByteCoding
import RESP

/// What `EXPIRE key time [NX|XX|GT|LT]` and its kin ask for.
struct ExpireOptions {
    /// In milliseconds: from now, or since 1970.
    private let time: Int64
    private let isRelative: Bool
    private let conditions: Conditions

    private struct Conditions: OptionSet {
        let rawValue: UInt8
        static let without = Conditions(rawValue: 1)
        static let with = Conditions(rawValue: 2)
        static let later = Conditions(rawValue: 4)
        static let earlier = Conditions(rawValue: 8)

        /// Of the arguments behind the time.
        init(_ arguments: borrowing Arguments) throws(CommandError) {
            var found: Conditions = []
            for position in 2..<max(2, arguments.count) {
                let word = arguments[position]
                if word.isWord("nx") {
                    found.insert(.without)
                } else if word.isWord("xx") {
                    found.insert(.with)
                } else if word.isWord("gt") {
                    found.insert(.later)
                } else if word.isWord("lt") {
                    found.insert(.earlier)
                } else {
                    throw .unsupportedOption([UInt8](word))
                }
            }
            guard !found.contains(.without) || found == .without else { throw .expiryOptionsNXAndOthers }
            guard !found.contains([.later, .earlier]) else { throw .expiryOptionsGTAndLT }
            self = found
        }

        init(rawValue: UInt8) { self.rawValue = rawValue }
    }

    init(_ code: CommandCode, _ arguments: borrowing Arguments) throws(CommandError) {
        conditions = try Conditions(arguments)
        let number = try arguments.integer(1)
        let isSeconds = code == .expire || code == .expireat
        let (time, overflow) = isSeconds ? number.multipliedReportingOverflow(by: 1000) : (number, false)
        guard !overflow else { throw .invalidExpiry }
        self.time = time
        isRelative = code == .expire || code == .pexpire
    }

    /// In milliseconds since 1970; possibly long ago, even before 1970.
    func deadline(now: UInt64) throws(CommandError) -> Int64 {
        guard isRelative else { return time }
        let (end, overflow) = time.addingReportingOverflow(Int64(clamping: now))
        guard !overflow else { throw .invalidExpiry }
        return end
    }

    /// Whether the conditions allow `deadline` in place of `current`, which is `TreeNode.never` when there is none.
    func allow(_ deadline: Int64, after current: UInt64) -> Bool {
        let hasCurrent = current != TreeNode.never
        if conditions.contains(.without), hasCurrent { return false }
        if conditions.contains(.with), !hasCurrent { return false }
        if conditions.contains(.later), !hasCurrent || deadline <= Int64(clamping: current) { return false }
        if conditions.contains(.earlier), hasCurrent, deadline >= Int64(clamping: current) { return false }
        return true
    }
}

/// What `COPY source destination [DB 0] [REPLACE]` asks for.
struct CopyOptions {
    private(set) var replaces = false

    init(_ arguments: borrowing Arguments) throws(CommandError) {
        var position = 2
        while position < arguments.count {
            if arguments[position].isWord("replace") {
                replaces = true
            } else if arguments[position].isWord("db"), position + 1 < arguments.count {
                position += 1
                guard try arguments.integer(position) == 0 else { throw .databaseOutOfRange }
            } else {
                throw .syntax
            }
            position += 1
        }
        guard !arguments[0].hasSameBytes(as: arguments[1]) else { throw .sameObject }
    }
}
