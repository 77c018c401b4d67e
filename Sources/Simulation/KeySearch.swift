// The search for an order of one key's operations that explains every answer.

/// Goes through the events of a key's history and keeps every configuration that may be the case.
///
/// When an operation is answered, each configuration in which it is not done yet is continued by operations that are
/// open, in every order, until it is; what need not have been done by then is left for later. A history is explained if
/// a configuration is left at its end. Six rules keep the configurations few; each leaves out only what another one
/// that is kept can do as well, or what cannot be continued to the end:
///
/// 1. An answered operation without an effect is done as soon as its answer is right.
/// 2. Of operations that differ in their times only, the one that returns first is done first; of those without an
///    outcome, the one that was called first.
/// 3. Of two configurations that differ only in the operations without an outcome used up, the lesser is kept
///    (`SearchConfigurationTable`), and what can no longer be told by any answer is no longer tried (`Move.lastUse`).
/// 4. Values that no answer to come tells apart are one value (`KeyHistory.canonical`), and a `set` of such a one is
///    done for nothing right before any other `set`, once no answer to come tells of more than `get` does.
/// 5. A value is not left while a `get` that is still to be called will see it and nothing is left that could make it.
/// 6. A number or a list that only grows is not let grow past what an answer still needs, and such a list begins every
///    list that is seen later.
struct KeySearch {
    enum Outcome: Equatable {
        case fits
        /// No configuration is left in which the operation that returns at this event is done.
        case stuck(atEvent: Int)
        case gaveUp(String)
    }

    let history: KeyHistory
    private(set) var values = ValueTree()
    private let limits: LinearizabilityJudge.Limits

    /// What may be the case now.
    private(set) var frontier = SearchConfigurationTable()
    /// Configurations of the answer that is looked at in which the operation that it is for is not done.
    private(set) var unfinished = SearchConfigurationTable()
    private var finished = SearchConfigurationTable()
    private var attempts = 0

    /// Answered operations that are open, by place: bit `p` stands for `openMoves[p]`.
    private(set) var openMoves = [Int](repeating: 0, count: 64)
    private(set) var open: UInt64 = 0
    private var openReads: UInt64 = 0
    /// Those that do nothing but put a value there that nobody saw.
    private var openUnseenSets: UInt64 = 0
    /// For each place those of its twins that return earlier.
    private var earlierTwins = [UInt64](repeating: 0, count: 64)
    /// Operations without an outcome, in the order of their calls.
    private(set) var unanswered: [Unanswered] = []
    private var freePlaces = Array((0..<SmallSet.capacity).reversed())

    struct Unanswered {
        let move: Int
        let place: Int
        /// The place of the last one before it that is the same but for its time; -1 when there is none.
        var earlierTwin = -1
    }

    init(_ operations: [History.Operation], limits: LinearizabilityJudge.Limits, tellsAll: Bool = false) {
        history = KeyHistory(operations, tellsAll: tellsAll, &values)
        self.limits = limits
        frontier.insert(SearchConfiguration(value: ValueTree.absent))
    }

    mutating func run() -> Outcome {
        for (place, event) in history.events.enumerated() {
            if let outcome = event.isReturn ? answer(event.move, at: place) : call(event.move) { return outcome }
            // Reads that are called, and operations that are forgotten, file all configurations anew.
            if let reason = tooManyComparisons { return .gaveUp(reason) }
        }
        return .fits
    }

    // MARK: Calls

    private mutating func call(_ index: Int) -> Outcome? {
        let move = history.moves[index]
        guard move.isAnswered else { return callUnanswered(index) }
        let place = (~open).trailingZeroBitCount
        guard place < 64 else { return .gaveUp("more than 64 operations are open at once") }
        openMoves[place] = index
        let bit: UInt64 = 1 << UInt64(place)
        if move.isRead {
            openReads |= bit
        } else {
            meetTwins(of: move, at: place)
            if move.kind == .set, move.result == .ok, values.isUnseen(move.value) { openUnseenSets |= bit }
        }
        open |= bit
        if move.isRead { refresh() }
        return nil
    }

    private mutating func meetTwins(of move: Move, at place: Int) {
        earlierTwins[place] = 0
        var rest = open & ~openReads
        while rest != 0 {
            let other = rest.trailingZeroBitCount
            rest &= rest - 1
            let twin = history.moves[openMoves[other]]
            guard twin.twins == move.twins else { continue }
            if twin.end < move.end {
                earlierTwins[place] |= 1 << UInt64(other)
            } else {
                earlierTwins[other] |= 1 << UInt64(place)
            }
        }
    }

    private mutating func callUnanswered(_ index: Int) -> Outcome? {
        let move = history.moves[index]
        guard move.lastUse > move.call else { return nil }
        guard let place = freePlaces.popLast() else {
            return .gaveUp("more than \(SmallSet.capacity) operations without a known outcome may matter at once")
        }
        unanswered.append(Unanswered(move: index, place: place))
        linkTwins()
        return nil
    }

    private mutating func linkTwins() {
        var last: [Int: Int] = [:]
        for position in unanswered.indices {
            let twins = history.moves[unanswered[position].move].twins
            unanswered[position].earlierTwin = last[twins] ?? -1
            last[twins] = unanswered[position].place
        }
    }

    /// A read that was just called is done where its answer is right.
    private mutating func refresh() {
        finished.removeAll()
        for entry in frontier.entries where entry.value >= 0 { finished.insert(withReads(entry)) }
        swap(&finished, &frontier)
    }

    // MARK: Answers

    private mutating func answer(_ index: Int, at event: Int) -> Outcome? {
        guard let place = (0..<64).first(where: { open & (1 << UInt64($0)) != 0 && openMoves[$0] == index }) else {
            preconditionFailure("an answer at event \(event) to what is not open")
        }
        retireUseless(at: event)
        let bit: UInt64 = 1 << UInt64(place)
        unfinished.removeAll()
        finished.removeAll()
        for var entry in frontier.entries where entry.value >= 0 {
            entry.value = history.canonical(entry.value, at: event, &values)
            file(entry, answering: bit)
        }
        var next = 0
        while next < unfinished.entries.count {
            let entry = unfinished.entries[next]
            next += 1
            if entry.value >= 0 { continueFrom(entry, answering: bit, at: event) }
            if let reason = limitHit() { return .gaveUp(reason) }
        }
        guard finished.entries.contains(where: { $0.value >= 0 }) else { return .stuck(atEvent: event) }
        swap(&frontier, &finished)
        close(bit)
        retireDone()
        return nil
    }

    /// Among the finished ones if the operation that is answered is done, else among the others.
    private mutating func file(_ entry: SearchConfiguration, answering bit: UInt64) {
        guard entry.answered & bit != 0 else { return unfinished.insert(entry) }
        var entry = entry
        entry.answered &= ~bit
        finished.insert(entry)
    }

    private func limitHit() -> String? {
        if unfinished.entries.count + finished.entries.count > limits.configurations {
            return "more than \(limits.configurations) configurations are possible at once"
        }
        if attempts > limits.attempts { return "the search took more than \(limits.attempts) attempts" }
        if values.count > limits.valueBytes { return "values take more than \(limits.valueBytes) bytes" }
        return tooManyComparisons
    }

    private var tooManyComparisons: String? {
        guard frontier.comparisons + unfinished.comparisons + finished.comparisons > limits.comparisons else {
            return nil
        }
        return "the search took more than \(limits.comparisons) comparisons"
    }

    /// Does each open operation behind the configuration.
    private mutating func continueFrom(_ entry: SearchConfiguration, answering bit: UInt64, at event: Int) {
        var rest = open & ~openReads & ~entry.answered
        while rest != 0 {
            let place = rest.trailingZeroBitCount
            let own: UInt64 = rest & (0 &- rest)
            rest &= rest - 1
            guard earlierTwins[place] & ~entry.answered == 0 else { continue }
            var next = entry
            next.answered |= own
            take(openMoves[place], from: entry, to: next, answering: bit, at: event)
        }
        for candidate in unanswered where !entry.unanswered.contains(candidate.place) {
            guard candidate.earlierTwin < 0 || entry.unanswered.contains(candidate.earlierTwin) else { continue }
            var next = entry
            next.unanswered.insert(candidate.place)
            take(candidate.move, from: entry, to: next, answering: bit, at: event)
        }
    }

    /// Files what comes of doing a move, unless that answers wrongly or cannot go on; `next` has it marked as done.
    private mutating func take(
        _ index: Int, from entry: SearchConfiguration, to next: SearchConfiguration, answering bit: UInt64,
        at event: Int
    ) {
        attempts += 1
        let move = history.moves[index]
        guard var value = move.next(after: entry.value, &values) else { return }
        value = history.canonical(value, at: event, &values)
        var next = next
        next.value = value
        if move.kind == .set, history.lastGlimpse < event { next.answered |= openUnseenSets }
        guard value == entry.value || canLeave(entry.value, next, at: event) else { return }
        next = withReads(next)
        guard history.growth == nil || mayGrow(to: next, at: event) else { return }
        file(next, answering: bit)
    }

    /// Whether a value that only grows is not past what an operation that is not done needs.
    private func mayGrow(to next: SearchConfiguration, at event: Int) -> Bool {
        if event < history.lastReadOnPath, next.value > ValueTree.absent, !values.isOnPath(next.value) { return false }
        guard let growth = history.growth(of: next.value, values) else { return true }
        guard history.laterNeeds[event] >= growth else { return false }
        var rest = open & ~next.answered
        while rest != 0 {
            if history.moves[openMoves[rest.trailingZeroBitCount]].need < growth { return false }
            rest &= rest - 1
        }
        return true
    }

    /// Whether all that will see the value `left` can still be answered rightly from `next` on.
    private func canLeave(_ left: Int32, _ next: SearchConfiguration, at event: Int) -> Bool {
        let mark = values.mark(of: left)
        guard mark >= 0, history.seen[mark].lastRead > event, history.seen[mark].lastMaker < event else { return true }
        let seen = history.seen[mark]
        var rest = open & ~openReads & ~next.answered
        while rest != 0 {
            let move = history.moves[openMoves[rest.trailingZeroBitCount]]
            if move.mayLeave(left, seen.bytes, isInteger: seen.isInteger) { return true }
            rest &= rest - 1
        }
        return unanswered.contains {
            !next.unanswered.contains($0.place)
                && history.moves[$0.move].mayLeave(left, seen.bytes, isInteger: seen.isInteger)
        }
    }

    private mutating func withReads(_ entry: SearchConfiguration) -> SearchConfiguration {
        var entry = entry
        var rest = openReads & ~entry.answered
        while rest != 0 {
            let index = openMoves[rest.trailingZeroBitCount]
            if history.moves[index].next(after: entry.value, &values) != nil { entry.answered |= rest & (0 &- rest) }
            rest &= rest - 1
        }
        return entry
    }

    /// Values that the key may have now, `limit` at most, in the order in which the open operations lead to them.
    /// The search is over then.
    mutating func reachableValues(limit: Int) -> [Int32] {
        unfinished.removeAll()
        for entry in frontier.entries where entry.value >= 0 { unfinished.insert(entry) }
        var next = 0
        var known: Set<Int32> = []
        var reached: [Int32] = []
        while next < unfinished.entries.count, reached.count < limit, limitHit() == nil {
            let entry = unfinished.entries[next]
            next += 1
            guard entry.value >= 0 else { continue }
            if known.insert(entry.value).inserted { reached.append(entry.value) }
            continueFrom(entry, answering: 0, at: history.events.count)
        }
        return reached
    }

    // MARK: Ends

    private mutating func close(_ bit: UInt64) {
        open &= ~bit
        openReads &= ~bit
        openUnseenSets &= ~bit
        for place in earlierTwins.indices { earlierTwins[place] &= ~bit }
    }

    /// Forgets operations without an outcome of which no answer from `event` on can tell.
    private mutating func retireUseless(at event: Int) {
        guard unanswered.contains(where: { history.moves[$0.move].lastUse < event }) else { return }
        var useless = SmallSet()
        for candidate in unanswered where history.moves[candidate.move].lastUse < event {
            useless.insert(candidate.place)
        }
        retire(useless)
    }

    /// Forgets operations without an outcome that are done whatever is the case.
    private mutating func retireDone() {
        guard !unanswered.isEmpty else { return }
        var done: SmallSet?
        for entry in frontier.entries where entry.value >= 0 {
            done?.formIntersection(entry.unanswered)
            done = done ?? entry.unanswered
        }
        if let done, !done.isEmpty { retire(done) }
    }

    private mutating func retire(_ places: SmallSet) {
        for candidate in unanswered where places.contains(candidate.place) { freePlaces.append(candidate.place) }
        unanswered.removeAll { places.contains($0.place) }
        linkTwins()
        finished.removeAll()
        for var entry in frontier.entries where entry.value >= 0 {
            entry.unanswered.subtract(places)
            finished.insert(entry)
        }
        swap(&finished, &frontier)
    }
}
