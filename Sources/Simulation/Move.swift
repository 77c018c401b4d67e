// An operation as the search sees it: what it asks of a value, and what it makes of it.

/// One operation of a key's history that may have had an effect.
struct Move {
    /// Where it stands among the key's operations.
    let position: Int
    let kind: History.Kind
    let result: History.Result
    /// For `append`: what it adds. For the others, `value` has it.
    let addition: [UInt8]
    /// What `set` and `setnx` store, what `get` must find, what an answered `incr` leaves, what an answered `append`
    /// leaves that nobody will see; else `ValueTree.none`.
    var value: Int32
    /// Places among the events; an operation without a known outcome returns after all of them.
    var call = 0
    var end = Int.max
    /// For one without a known outcome: after this event, nothing that is answered can tell whether it was done.
    var lastUse = Int.max
    /// Which operations are the same but for their times: of those, the one that must be done first comes first.
    var twins = 0

    /// Of an answered operation on a value that only grows: how far it had grown before, as the answer tells; see
    /// `KeyHistory.Growth`.
    var need = Int.max

    var isAnswered: Bool { result != .unknown }

    /// Whether its answer says that it changed nothing. Then it is done as soon as its answer is right.
    var isRead: Bool {
        switch (kind, result) {
        case (.get, _), (_, .notInteger), (.del, .integer(0)), (.setnx, .integer(0)): true
        default: false
        }
    }

    /// The value behind `old` when this is done; nil when its answer would be wrong, or when it has no known outcome
    /// and would change nothing, which is as good as not being done.
    func next(after old: Int32, _ values: inout ValueTree) -> Int32? {
        guard isAnswered else {
            let new = effect(on: old, &values)
            return new == old ? nil : new
        }
        switch (kind, result) {
        case (.get, .null), (.get, .value): return old == value ? old : nil
        case (.set, .ok): return value
        case (.setnx, .integer(1)): return old == ValueTree.absent ? value : nil
        case (.setnx, .integer(0)): return old != ValueTree.absent ? old : nil
        case (.del, .integer(1)): return old != ValueTree.absent ? ValueTree.absent : nil
        case (.del, .integer(0)): return old == ValueTree.absent ? old : nil
        case (.incr, .integer(let number)): return Move.increased(old, values) == number ? value : nil
        case (.incr, .notInteger):
            return old != ValueTree.absent && Move.increased(old, values) == nil ? old : nil
        case (.append, .integer(let length)):
            let oldLength = old == ValueTree.absent ? 0 : values.length(of: old)
            guard length == oldLength + addition.count else { return nil }
            return value != ValueTree.none ? value : effect(on: old, &values)
        default: return nil
        }
    }

    private func effect(on old: Int32, _ values: inout ValueTree) -> Int32 {
        switch kind {
        case .get: return old
        case .set: return value
        case .setnx: return old == ValueTree.absent ? value : old
        case .del: return ValueTree.absent
        case .append: return values.appended(addition, to: old == ValueTree.absent ? ValueTree.empty : old)
        case .incr: return Move.increased(old, values).map { values.value(Array(String($0).utf8)) } ?? old
        }
    }

    /// What `INCR` makes of the value; nil when that is no integer of 64 bits.
    private static func increased(_ old: Int32, _ values: ValueTree) -> Int64? {
        guard let number = old == ValueTree.absent ? 0 : values.integer(of: old) else { return nil }
        let (sum, overflow) = number.addingReportingOverflow(1)
        return overflow ? nil : sum
    }

    /// Whether it might leave `wanted`, whose bytes are `bytes`, whatever it finds. Never false by mistake.
    func mayLeave(_ wanted: Int32, _ bytes: [UInt8], isInteger: Bool) -> Bool {
        switch (kind, result) {
        case (.set, _), (.setnx, _): return value == wanted && !isRead
        case (.incr, .unknown): return isInteger
        case (.incr, .integer): return value == wanted
        case (.append, .integer(let length)) where length != bytes.count: return false
        case (.append, _): return bytes.count >= addition.count && bytes.suffix(addition.count) == addition[...]
        default: return false
        }
    }
}
