// What may stand behind the key and value of SET, GETEX and their kin, and the times that it says.

import RESP

/// Redis's two units of expiry.
enum ExpiryUnit {
    case seconds
    case milliseconds
}

/// How a time to live or an end is to be read.
struct ExpiryForm: Hashable {
    let unit: ExpiryUnit
    let isAbsolute: Bool

    /// What the text says, in milliseconds since 1970; more than 0 and less than 2^63. `now` is log time.
    func deadline(_ text: RawSpan, now: UInt64) throws(CommandError) -> UInt64 {
        guard let number = DecimalText.integer(in: text) else { throw .notInteger }
        guard number > 0 else { throw .invalidExpiry }
        let (time, overflow) = unit == .seconds ? number.multipliedReportingOverflow(by: 1000) : (number, false)
        guard !overflow else { throw .invalidExpiry }
        guard !isAbsolute else { return UInt64(time) }
        let (end, isLate) = time.addingReportingOverflow(Int64(clamping: now))
        guard !isLate else { throw .invalidExpiry }
        return UInt64(end)
    }
}

/// The options of `SET` and `GETEX`.
struct SetOptions {
    private(set) var onlyIfAbsent = false
    private(set) var onlyIfPresent = false
    private(set) var returnsOld = false
    private(set) var keepsDeadline = false
    private(set) var endsDeadline = false
    private var expiry: (form: ExpiryForm, position: Int)?

    /// Of `SET key value …`.
    init(_ arguments: borrowing Arguments) throws(CommandError) {
        var position = 2
        while position < arguments.count {
            let word = arguments[position]
            if word.isWord("nx"), !onlyIfPresent {
                onlyIfAbsent = true
            } else if word.isWord("xx"), !onlyIfAbsent {
                onlyIfPresent = true
            } else if word.isWord("get") {
                returnsOld = true
            } else if word.isWord("keepttl"), expiry == nil {
                keepsDeadline = true
            } else {
                try takeExpiry(arguments, &position)
            }
            position += 1
        }
    }

    /// Of `GETEX key …`.
    init(getex arguments: borrowing Arguments) throws(CommandError) {
        var position = 1
        while position < arguments.count {
            if arguments[position].isWord("persist"), expiry == nil {
                endsDeadline = true
            } else {
                try takeExpiry(arguments, &position)
            }
            position += 1
        }
    }

    /// Takes `EX n` and its kin at `position`, which moves to the number.
    private mutating func takeExpiry(_ arguments: borrowing Arguments, _ position: inout Int) throws(CommandError) {
        let word = arguments[position]
        let isSeconds = word.isWord("ex") || word.isWord("exat")
        guard isSeconds || word.isWord("px") || word.isWord("pxat") else { throw .syntax }
        let form = ExpiryForm(unit: isSeconds ? .seconds : .milliseconds, isAbsolute: word.byteCount == 4)
        // Redis takes the same option twice, and then the last one.
        guard expiry.map({ $0.form == form }) ?? true, !keepsDeadline, !endsDeadline, position + 1 < arguments.count
        else { throw .syntax }
        position += 1
        expiry = (form, position)
    }

    /// The new deadline in milliseconds since 1970, if the arguments, which the options are from, give one.
    func deadline(in arguments: borrowing Arguments, now: UInt64) throws(CommandError) -> UInt64? {
        guard let expiry else { return nil }
        return try expiry.form.deadline(arguments[expiry.position], now: now)
    }
}

extension Arguments {
    /// The argument as a number of 64 bits.
    func integer(_ position: Int) throws(CommandError) -> Int64 {
        guard let number = DecimalText.integer(in: self[position]) else { throw .notInteger }
        return number
    }
}
