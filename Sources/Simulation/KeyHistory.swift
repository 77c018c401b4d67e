// One key's operations made ready for the search: in order of time, without those that cannot matter.

/// The operations of one key as moves, and the events at which they were called and answered.
///
/// Left out are refused operations and reads without an answer: no explanation needs them.
struct KeyHistory {
    struct Event {
        let move: Int
        let isReturn: Bool
    }

    /// A value that some `get` was answered with.
    struct SeenValue {
        let value: Int32
        let bytes: [UInt8]
        let isInteger: Bool
        /// Events: the last call of a `get` that saw it, and of a move that may leave it; -1 when there is none.
        var lastRead = -1
        var lastMaker = -1
    }

    /// How a value grows on which there are reads and one kind of writes: never back to what it was.
    enum Growth {
        /// By `INCR`: as far as the number says.
        case number
        /// By `APPEND`: as far as it is long.
        case length
    }

    private(set) var moves: [Move] = []
    private(set) var events: [Event] = []
    /// Marked in the values with their places here. Absence is not among them.
    private(set) var seen: [SeenValue] = []
    /// The last return of an operation whose answer tells of the value that was there, other than of a `get`.
    private(set) var lastGlimpse = -1
    private let hasAppend: Bool
    private let hasIncr: Bool
    /// Whether values are kept apart that no answer tells apart.
    private let tellsAll: Bool
    /// Nil when writes of several kinds are mixed, or such that replace the value.
    let growth: Growth?
    /// Behind each event, how far the value may grow at most before the next of the operations that are called later.
    private(set) var laterNeeds: [Int] = []
    /// Of a list that only grows: the last call of a `get` that saw a beginning of the longest value that any `get`
    /// saw; -1 for other keys. Until then the key has a value on the path that is drawn in the tree, or none.
    private(set) var lastReadOnPath = -1

    /// `tellsAll`: values that no answer tells apart are kept apart all the same, for people.
    init(_ operations: [History.Operation], tellsAll: Bool, _ values: inout ValueTree) {
        let mattering = operations.indices.filter {
            let operation = operations[$0]
            return operation.result != .refused && !(operation.kind == .get && operation.result == .unknown)
        }
        let kinds = Set(mattering.map { operations[$0].kind })
        growth = KeyHistory.growth(by: kinds)
        hasAppend = kinds.contains(.append)
        hasIncr = kinds.contains(.incr)
        self.tellsAll = tellsAll
        moves = mattering.map { Move(operations[$0], at: $0, &values) }
        order(operations)
        see(operations, &values)
        findUses(values)
        hideUnseen(&values)
        findTwins()
        findMakers(values)
        if growth != nil { findNeeds(values) }
        if growth == .length { drawPath(&values) }
    }

    private static func growth(by kinds: Set<History.Kind>) -> Growth? {
        if kinds.isSubset(of: [.get, .append]) { return .length }
        return kinds.isSubset(of: [.get, .incr]) ? .number : nil
    }

    private mutating func see(_ operations: [History.Operation], _ values: inout ValueTree) {
        for event in events.reversed() where event.isReturn {
            let move = moves[event.move]
            guard case (.get, .value(let bytes)) = (move.kind, move.result) else { continue }
            values.see(move.value, at: move.end)
            guard values.mark(of: move.value) < 0 else { continue }
            values.mark(move.value, with: seen.count)
            let isInteger = values.integer(of: move.value) != nil
            seen.append(SeenValue(value: move.value, bytes: bytes, isInteger: isInteger))
        }
    }

    // MARK: Values that nobody will see

    /// The value itself, or what stands for all that no answer at `event` or later tells from it.
    func canonical(_ value: Int32, at event: Int, _ values: inout ValueTree) -> Int32 {
        guard value > ValueTree.unseen, !tellsAll, values.lastSeen(value) < event,
            !(hasIncr && values.mayBecomeInteger(value))
        else { return value }
        return hasAppend ? values.unseen(ofLength: values.length(of: value)) : ValueTree.unseen
    }

    /// Puts what stands for them in place of values that are written when nobody will see them any more.
    private mutating func hideUnseen(_ values: inout ValueTree) {
        guard !tellsAll, growth == nil else { return }
        let beginnings = hasAppend ? values.seenByLength() : [:]
        for index in moves.indices {
            let move = moves[index]
            switch (move.kind, move.result) {
            case (.set, _), (.setnx, _): moves[index].value = canonical(move.value, at: move.call, &values)
            case (.append, .integer(let length)):
                let isSeen = (beginnings[Int(length)] ?? []).contains { value in
                    values.lastSeen(value) >= move.call
                        && values.bytes(of: value, limit: move.addition.count) == move.addition
                }
                if isSeen || hasIncr && move.addition.allSatisfy(ValueTree.mayBeOfInteger) { continue }
                moves[index].value = values.unseen(ofLength: Int(length))
            default: break
            }
        }
    }

    // MARK: Order

    /// Sorts the events, calls before returns at equal times, and tells the moves their places.
    private mutating func order(_ operations: [History.Operation]) {
        var timed: [(time: UInt64, event: Event)] = []
        for (index, move) in moves.enumerated() {
            let operation = operations[move.position]
            timed.append((operation.call, Event(move: index, isReturn: false)))
            guard move.isAnswered else { continue }
            guard let end = operation.return else { preconditionFailure("an answer without a return: \(operation)") }
            precondition(end >= operation.call, "an answer before its question: \(operation)")
            timed.append((end, Event(move: index, isReturn: true)))
        }
        timed.sort { a, b in
            if a.time != b.time { return a.time < b.time }
            if a.event.isReturn != b.event.isReturn { return b.event.isReturn }
            return a.event.move < b.event.move
        }
        events = timed.map(\.event)
        for (place, event) in events.enumerated() {
            if event.isReturn { moves[event.move].end = place } else { moves[event.move].call = place }
        }
    }

    private struct TwinKey: Hashable {
        let kind: History.Kind
        let result: History.Result
        let length: Int
        /// Nil where what is added makes no difference.
        let addition: [UInt8]?
        let value: Int32
    }

    private mutating func findTwins() {
        var numbers: [TwinKey: Int] = [:]
        for index in moves.indices {
            let move = moves[index]
            let key = TwinKey(
                kind: move.kind, result: move.result, length: move.addition.count,
                addition: move.value == ValueTree.none ? move.addition : nil, value: move.value)
            moves[index].twins = numbers[key] ?? numbers.count
            numbers[key] = moves[index].twins
        }
    }

    // MARK: Use

    /// Finds until when unanswered writes matter.
    private mutating func findUses(_ values: ValueTree) {
        var lastAbsence = -1
        var lastAnswer = -1
        for move in moves where move.isAnswered {
            lastAnswer = max(lastAnswer, move.end)
            switch (move.kind, move.result) {
            case (.del, .integer(1)), (.setnx, .integer(0)): lastGlimpse = max(lastGlimpse, move.end)
            case (.append, _), (.incr, _):
                lastGlimpse = max(lastGlimpse, move.end)
                lastAbsence = max(lastAbsence, move.end)
            case (.del, _), (.setnx, _), (.get, .null): lastAbsence = max(lastAbsence, move.end)
            default: break
            }
        }
        // A DEL of which no answer tells may be what another operation that is not answered needs to have an effect.
        let mayEnable = hasAppend || hasIncr || moves.contains { $0.kind == .setnx && !$0.isAnswered }
        for index in moves.indices where !moves[index].isAnswered {
            let move = moves[index]
            switch move.kind {
            case .set, .setnx:
                let mayBecomeAny = tellsAll || hasIncr && values.mayBecomeInteger(move.value)
                moves[index].lastUse = mayBecomeAny ? lastAnswer : max(lastGlimpse, values.lastSeen(move.value))
            case .del: moves[index].lastUse = tellsAll || mayEnable ? lastAnswer : lastAbsence
            default: moves[index].lastUse = lastAnswer
            }
        }
    }

    /// Finds when values are made and seen last.
    private mutating func findMakers(_ values: ValueTree) {
        var ofLength: [Int: [Int]] = [:]
        for index in seen.indices { ofLength[seen[index].bytes.count, default: []].append(index) }
        for move in moves {
            switch (move.kind, move.result) {
            case (.get, .value):
                let index = values.mark(of: move.value)
                seen[index].lastRead = max(seen[index].lastRead, move.call)
            case (.append, .integer(let length)): noteMaker(move, of: ofLength[Int(length)] ?? [])
            case (_, .unknown): noteMaker(move, of: seen.indices)
            default:
                let index = move.value >= 0 ? values.mark(of: move.value) : -1
                if index >= 0 { noteMaker(move, of: [index]) }
            }
        }
    }

    private mutating func noteMaker(_ move: Move, of candidates: some Sequence<Int>) {
        for index in candidates {
            let wanted = seen[index]
            guard wanted.lastMaker < move.call else { continue }
            if move.mayLeave(wanted.value, wanted.bytes, isInteger: wanted.isInteger) {
                seen[index].lastMaker = move.call
            }
        }
    }

    /// How far a value that only grows has grown; nil for one that does not grow in the way of this history.
    func growth(of value: Int32, _ values: ValueTree) -> Int? {
        guard value != ValueTree.absent else { return 0 }
        return growth == .length ? values.length(of: value) : values.integer(of: value).map { Int($0) }
    }

    private mutating func findNeeds(_ values: ValueTree) {
        for index in moves.indices {
            let move = moves[index]
            switch (move.kind, move.result) {
            case (.get, .null): moves[index].need = 0
            case (.get, .value): moves[index].need = growth(of: move.value, values) ?? Int.max
            case (.incr, .integer(let number)): moves[index].need = Int(number.subtractingReportingOverflow(1).0)
            case (.append, .integer(let length)):
                moves[index].need = Int(length.subtractingReportingOverflow(Int64(move.addition.count)).0)
            default: break
            }
        }
        laterNeeds = [Int](repeating: Int.max, count: events.count + 1)
        for place in events.indices.reversed() {
            let own = events[place].isReturn ? Int.max : moves[events[place].move].need
            laterNeeds[place] = min(laterNeeds[place + 1], own)
        }
    }

    private mutating func drawPath(_ values: inout ValueTree) {
        guard let longest = seen.max(by: { $0.bytes.count < $1.bytes.count }) else { return }
        values.drawPath(to: longest.value)
        for value in seen where values.isOnPath(value.value) { lastReadOnPath = max(lastReadOnPath, value.lastRead) }
    }
}

extension Move {
    fileprivate init(_ operation: History.Operation, at position: Int, _ values: inout ValueTree) {
        self.position = position
        kind = operation.kind
        result = operation.result
        addition = operation.kind == .append ? operation.argument : []
        switch (operation.kind, operation.result) {
        case (.set, _), (.setnx, _): value = values.value(operation.argument)
        case (.get, .null): value = ValueTree.absent
        case (.get, .value(let bytes)): value = values.value(bytes)
        case (.incr, .integer(let number)): value = values.value(Array(String(number).utf8))
        default: value = ValueTree.none
        }
    }
}
