// A store of objects in the world. It may fail, carry out a put and lose the answer, carry it out after its client has
// given up, list what is gone and not list what is there, and have the process that calls it end in the call.
//
// An object is never changed, and what was acknowledged is there: that is what the archive may rely on.

import ObjectStores
import Synchronization

final class SimulatedArchive: ObjectStore {
    let location = "simulated:"
    private let state: Mutex<State>

    fileprivate struct Stored {
        let bytes: [UInt8]
        let listedFrom: Int64
    }

    fileprivate struct State {
        let traits: ArchiveTraits
        var random: SeededRandom
        var now: Int64 = 0
        var isHealthy = false
        var believesTimeouts = false
        var objects: [ObjectKey: Stored] = [:]
        /// Removed, and listed for a while.
        var ghosts: [ObjectKey: (size: Int, until: Int64)] = [:]
        var late: [(at: Int64, key: ObjectKey, bytes: [UInt8])] = []
        /// Calls that are still answered before the process ends.
        var callsLeft: Int?
        var hasKilled = false
        var figures = RunFigures()
    }

    fileprivate enum Fate { case answered, fails, unanswered, late, stopped }

    init(_ traits: ArchiveTraits, seed: UInt64) {
        // Another stream than that of the traits, so that a trait more does not shift what is drawn here.
        state = Mutex(State(traits: traits, random: SeededRandom.stream(7, of: seed)))
    }

    // MARK: The world

    /// For a planted bug.
    var believesTimeouts: Bool {
        get { state.withLock { $0.believesTimeouts } }
        set { state.withLock { $0.believesTimeouts = newValue } }
    }

    /// A process makes calls now; it may end in one of them.
    func begin(at now: Int64) {
        state.withLock { state in
            state.now = now
            state.land()
            state.hasKilled = false
            state.callsLeft = state.isHealthy || !state.random.chance(state.traits.kills) ? nil : state.random.below(4)
        }
    }

    /// Whether the process has ended in one of the calls since `begin`.
    var hasKilled: Bool { state.withLock { $0.hasKilled } }

    var delay: Int64 {
        state.withLock { Int64($0.random.skewed($0.traits.delay)) }
    }

    func heal() { state.withLock { $0.isHealthy = true } }

    var figures: RunFigures {
        state.withLock { state in
            var figures = state.figures
            figures.archives = 1
            figures.archiveObjects = UInt64(state.objects.count)
            return figures
        }
    }

    /// What is there now, in a store without faults.
    func contents(at now: Int64) -> MemoryObjects {
        let copy = MemoryObjects()
        let objects = state.withLock { state in
            state.now = now
            state.land()
            return state.objects
        }
        for (key, stored) in objects { _ = try? copy.put(key, stored.bytes) }
        return copy
    }

    // MARK: The store

    func put(_ key: ObjectKey, _ bytes: [UInt8]) throws(ObjectStoreError) -> PutOutcome {
        let (fate, outcome, believes) = state.withLock { state in
            let fate = state.fate(isPut: true)
            var outcome = PutOutcome.made
            switch fate {
            case .answered, .unanswered: outcome = state.store(key, bytes)
            case .stopped: if state.random.chance(500) { outcome = state.store(key, bytes) }
            case .late:
                let at = state.now + Int64(state.random.within(1...state.traits.lateness))
                state.late.append((at, key, bytes))
            case .fails: break
            }
            return (fate, outcome, state.believesTimeouts)
        }
        if believes, fate == .late || fate == .unanswered || fate == .fails { return .made }
        try check(fate, .put, key.text)
        return outcome
    }

    func get(_ key: ObjectKey, _ range: Range<Int>?) throws(ObjectStoreError) -> [UInt8] {
        let (fate, found) = state.withLock { ($0.fate(isPut: false), $0.objects[key]?.bytes) }
        try check(fate, .get, key.text)
        guard let found else { throw ObjectStoreError(.get, key.text, .missing, "there is no such object") }
        return range.map { Array(found[$0.clamped(to: 0..<found.count)]) } ?? found
    }

    func list(_ prefix: String, after key: ObjectKey?) throws(ObjectStoreError) -> ObjectPage {
        let (fate, found) = state.withLock { ($0.fate(isPut: false), $0.listed()) }
        try check(fate, .list, prefix)
        let behind = found.filter { item in item.key.text.hasPrefix(prefix) && key.map { $0 < item.key } ?? true }
        return ObjectPage(objects: behind.sorted { $0.key < $1.key }, isLast: true)
    }

    func delete(_ key: ObjectKey) throws(ObjectStoreError) {
        let fate = state.withLock { state in
            let fate = state.fate(isPut: false)
            if fate == .answered || fate == .unanswered { state.remove(key) }
            return fate
        }
        try check(fate, .delete, key.text)
    }

    func verdict(on capability: StoreCapability, below prefix: String) throws(ObjectStoreError) -> StoreVerdict? { nil }

    private func check(
        _ fate: Fate, _ operation: ObjectStoreError.Operation, _ subject: String
    ) throws(ObjectStoreError) {
        switch fate {
        case .answered: break
        case .fails: throw ObjectStoreError(operation, subject, .serverError, "drawn")
        case .unanswered, .late: throw ObjectStoreError(operation, subject, .timeout, "drawn")
        case .stopped: throw ObjectStoreError(operation, subject, .stopped, "the process ends")
        }
    }
}

extension SimulatedArchive.State {
    fileprivate mutating func fate(isPut: Bool) -> SimulatedArchive.Fate {
        if let left = callsLeft {
            callsLeft = left - 1
            if left <= 0 {
                figures.archiveKills += hasKilled ? 0 : 1
                hasKilled = true
                return .stopped
            }
        }
        guard !isHealthy else { return .answered }
        if random.chance(traits.fails) {
            figures.archiveFailures += 1
            return .fails
        }
        guard isPut else { return .answered }
        if random.chance(traits.losesAnswers) {
            figures.archiveLost += 1
            return .unanswered
        }
        if random.chance(traits.landsLate) {
            figures.archiveLate += 1
            return .late
        }
        return .answered
    }

    fileprivate mutating func store(_ key: ObjectKey, _ bytes: [UInt8]) -> PutOutcome {
        guard objects[key] == nil else { return .exists }
        objects[key] = .init(bytes: bytes, listedFrom: now + Int64(random.within(0...traits.listLag)))
        ghosts[key] = nil
        return .made
    }

    fileprivate mutating func remove(_ key: ObjectKey) {
        guard let stored = objects.removeValue(forKey: key) else { return }
        ghosts[key] = (stored.bytes.count, now + Int64(random.within(0...traits.listLag)))
    }

    /// Puts that their clients have given up are carried out when their time has come.
    fileprivate mutating func land() {
        let due = late.filter { $0.at <= now }
        late.removeAll { $0.at <= now }
        for put in due { _ = store(put.key, put.bytes) }
    }

    fileprivate mutating func listed() -> [ObjectListing] {
        ghosts = ghosts.filter { $0.value.until > now }
        let seen = objects.filter { $0.value.listedFrom <= now }
        if seen.count < objects.count || !ghosts.isEmpty { figures.archiveStale += 1 }
        return seen.map { ObjectListing(key: $0.key, size: $0.value.bytes.count) }
            + ghosts.map { ObjectListing(key: $0.key, size: $0.value.size) }
    }
}
