// What clients did and were answered, as a judge sees it: operations with the times of their call and return.

/// The operations of a run, in any order. Times are of one clock that all clients share and that does not go back.
public struct History: Hashable, Sendable {
    public var operations: [Operation]

    public init(_ operations: [Operation] = []) { self.operations = operations }

    /// The operations on each key, keys in the order of their bytes, operations in the history's order.
    public var byKey: [(key: [UInt8], operations: [Operation])] {
        let order = operations.indices.sorted { one, other in
            let (a, b) = (operations[one].key, operations[other].key)
            return a == b ? one < other : a.lexicographicallyPrecedes(b)
        }
        var groups: [(key: [UInt8], operations: [Operation])] = []
        for index in order {
            if groups.last?.key != operations[index].key { groups.append((operations[index].key, [])) }
            groups[groups.count - 1].operations.append(operations[index])
        }
        return groups
    }
}

extension History {
    /// One request of a client and its answer.
    public struct Operation: Hashable, Sendable {
        /// When the client sent it, in nanoseconds.
        public var call: UInt64
        /// When the client had the answer, in nanoseconds, not before `call`; nil when none came.
        ///
        /// One operation is before another only if it returned strictly before the other was called: at equal times
        /// the two are concurrent, also for one client. A client that asks again must do so a nanosecond later.
        public var `return`: UInt64?
        /// Which client. Told to people; the order that is judged comes from the times alone.
        public var client: UInt64
        public var kind: Kind
        public var key: [UInt8]
        /// What is stored or appended; empty for kinds that take none.
        public var argument: [UInt8]
        public var result: Result

        public init(
            call: UInt64, return: UInt64?, client: UInt64, kind: Kind, key: [UInt8], argument: [UInt8] = [],
            result: Result
        ) {
            self.call = call
            self.return = `return`
            self.client = client
            self.kind = kind
            self.key = key
            self.argument = argument
            self.result = result
        }
    }

    /// The commands that are judged, by what Redis calls them.
    public enum Kind: String, CaseIterable, Hashable, Sendable {
        case get, set, setnx, incr, append, del

        public var takesArgument: Bool { self == .set || self == .setnx || self == .append }
    }

    /// What a client knows of an operation's outcome.
    public enum Result: Hashable, Sendable {
        /// No answer, or one that does not say: the operation took effect at any time after its call, or never will.
        case unknown
        /// Refused with a promise that it had no effect and never will.
        case refused
        /// `INCR` of a value that is no integer, or of the greatest one: no effect, but it has seen the value.
        case notInteger
        /// There is no value.
        case null
        case ok
        case value([UInt8])
        case integer(Int64)
    }
}

extension History.Operation: CustomStringConvertible {
    /// `client 3: append list "x" → 7, from 1200 to 1900 ns`.
    public var description: String {
        let what = kind.takesArgument ? " \"\(History.shown(argument))\"" : ""
        let end = `return`.map { "to \($0) ns" } ?? "without a return"
        return "client \(client): \(kind.rawValue) \(History.shown(key))\(what) → \(result), from \(call) \(end)"
    }
}

extension History.Result: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknown: "unknown"
        case .refused: "refused"
        case .notInteger: "not an integer"
        case .null: "nil"
        case .ok: "ok"
        case .value(let bytes): "\"\(History.shown(bytes))\""
        case .integer(let number): String(number)
        }
    }
}

extension History {
    /// Bytes for people: whole when short, else their end, which is where appended values differ.
    static func shown(_ bytes: [UInt8]) -> String {
        let tail = 40
        guard bytes.count > 2 * tail else { return String(decoding: bytes, as: UTF8.self) }
        return "(\(bytes.count - tail) bytes)…" + String(decoding: bytes.suffix(tail), as: UTF8.self)
    }
}
