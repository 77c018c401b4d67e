// When a failed call is made again, by a clock that only the tests move.

import Synchronization
import Testing
import Vocabulary

@testable import ObjectStores

/// A store of which each call fails for the next reason of a list, and succeeds once that is empty.
private final class FailingStore: ObjectStore {
    let location = "failing://"
    let base = MemoryObjects()
    private let reasons: Mutex<[ObjectStoreError.Reason]>
    /// Whether a put that fails is carried out all the same.
    private let putsAnyway: Bool
    let calls = Count()

    init(_ reasons: [ObjectStoreError.Reason], putsAnyway: Bool = false) {
        self.reasons = Mutex(reasons)
        self.putsAnyway = putsAnyway
    }

    private func fail(_ operation: ObjectStoreError.Operation) throws(ObjectStoreError) {
        calls.add()
        let reason = reasons.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        if let reason { throw ObjectStoreError(operation, location, reason, "as scripted") }
    }

    func put(_ key: ObjectKey, _ bytes: [UInt8]) throws(ObjectStoreError) -> PutOutcome {
        if putsAnyway { _ = try? base.put(key, bytes) }
        try fail(.put)
        return try base.put(key, bytes)
    }
    func get(_ key: ObjectKey, _ range: Range<Int>?) throws(ObjectStoreError) -> [UInt8] {
        try fail(.get)
        return try base.get(key, range)
    }
    func list(_ prefix: String, after key: ObjectKey?) throws(ObjectStoreError) -> ObjectPage {
        try fail(.list)
        return try base.list(prefix, after: key)
    }
    func delete(_ key: ObjectKey) throws(ObjectStoreError) {
        try fail(.delete)
        try base.delete(key)
    }
}

/// Time that passes by waiting only.
private final class ScriptedTime: Sendable {
    let waits = Mutex<[Duration]>([])
    let random: UInt64
    let waitsMax: Int

    init(random: UInt64 = .max, waitsMax: Int = .max) {
        self.random = random
        self.waitsMax = waitsMax
    }

    var all: [Duration] { waits.withLock { $0 } }

    var surroundings: RetrySurroundings {
        let random = random
        let waitsMax = waitsMax
        return RetrySurroundings(
            now: { Instant(nanoseconds: 7) + self.all.reduce(.zero, +) }, random: { random },
            wait: { duration in
                self.waits.withLock {
                    $0.append(duration)
                    return $0.count <= waitsMax
                }
            })
    }
}

@Suite struct RetryTests {
    private let policy = RetryPolicy(
        attemptsMax: 5, budget: .seconds(100), waitFirst: .milliseconds(100), waitMax: .milliseconds(500))

    @Test func `transient errors are tried again, with doubled waits up to the longest`() throws {
        let base = FailingStore([.throttled, .serverError, .timeout, .truncated])
        let time = ScriptedTime()
        let store = RetryingStore(base, policy, time.surroundings)
        #expect(try store.put(.any, [1]) == .made)
        #expect(base.calls.now == 5)
        #expect(time.all == [100, 200, 400, 500].map { .milliseconds($0) })
    }

    @Test func `every call is tried again`() throws {
        let base = FailingStore([.throttled, .throttled, .throttled])
        let store = RetryingStore(base, policy, ScriptedTime().surroundings)
        _ = try base.base.put(.any, [1])
        #expect(try store.get(.any) == [1])
        #expect(try store.list("", after: nil).objects.count == 1)
        try store.delete(.any)
        #expect(try base.base.list("", after: nil).objects.isEmpty)
    }

    @Test(arguments: ObjectStoreError.Reason.allCases)
    func `what does not pass by itself is not tried again`(reason: ObjectStoreError.Reason) {
        let base = FailingStore([reason, reason])
        let error = failure(try RetryingStore(base, policy, ScriptedTime().surroundings).get(.any))
        let isTransient = ObjectStoreError(.get, "", reason, "").isTransient
        #expect(base.calls.now == (isTransient ? 3 : 1))
        #expect(error?.reason == (isTransient ? .missing : reason))
    }

    @Test func `tries and time come to an end`() {
        let base = FailingStore(Array(repeating: .timeout, count: 100))
        let time = ScriptedTime()
        #expect(failure(try RetryingStore(base, policy, time.surroundings).get(.any))?.reason == .timeout)
        #expect(base.calls.now == 5)
        let hurried = RetryPolicy(
            attemptsMax: 100, budget: .milliseconds(700), waitFirst: .milliseconds(100), waitMax: .seconds(1))
        let other = ScriptedTime()
        let second = FailingStore(Array(repeating: .timeout, count: 100))
        #expect(failure(try RetryingStore(second, hurried, other.surroundings).get(.any))?.reason == .timeout)
        #expect(other.all == [100, 200, 400].map { .milliseconds($0) })
    }

    @Test func `waits are anything from nothing to the longest`() {
        for failures in 1...70 {
            let longest = min(policy.waitMax, .milliseconds(100) * (1 << min(failures - 1, 10)))
            #expect(policy.wait(after: failures, random: 0) == .zero)
            #expect(policy.wait(after: failures, random: .max) == longest)
            let middle = policy.wait(after: failures, random: 1 << 63)
            #expect(middle >= longest / 2 && middle - longest / 2 <= .nanoseconds(1))
        }
    }

    @Test func `a stop ends the waiting`() {
        let base = FailingStore(Array(repeating: .throttled, count: 100))
        let time = ScriptedTime(waitsMax: 2)
        #expect(failure(try RetryingStore(base, policy, time.surroundings).get(.any))?.reason == .stopped)
        #expect(base.calls.now == 3)
    }

    @Test func `a put whose answer was lost says exists, and make finds it the same`() throws {
        let base = FailingStore([.timeout], putsAnyway: true)
        let store = RetryingStore(base, policy, ScriptedTime().surroundings)
        #expect(try store.put(.any, [1, 2]) == .exists)
        let again = RetryingStore(FailingStore([.timeout], putsAnyway: true), policy, ScriptedTime().surroundings)
        #expect(try again.make(.any, [1, 2]) == .same)
        #expect(try again.make(.any, [1, 3]) == .conflict)
    }

    @Test func `make puts once more what somebody has deleted meanwhile, and not for ever`() throws {
        let elusive = ElusiveStore(absences: 2)
        #expect(try elusive.make(.any, [1]) == .same)
        #expect(failure(try ElusiveStore(absences: 3).make(.any, [1]))?.reason == .missing)
    }

    @Test func `the real wait is as long as asked, or until the process stops`() {
        let asked = Count()
        let surroundings = StoreOpening.surroundings { asked.add() >= 1 }
        let start = surroundings.now()
        #expect(!surroundings.wait(.seconds(60)))
        #expect(surroundings.now() - start < .seconds(30))
        #expect(StoreOpening.surroundings { false }.wait(.milliseconds(20)))
        #expect(surroundings.random() != surroundings.random())
    }
}

/// Says that everything exists, and misses it so many times.
private final class ElusiveStore: ObjectStore {
    let location = "elusive://"
    private let absences: Int
    private let gets = Count()

    init(absences: Int) { self.absences = absences }

    func put(_ key: ObjectKey, _ bytes: [UInt8]) throws(ObjectStoreError) -> PutOutcome { .exists }
    func get(_ key: ObjectKey, _ range: Range<Int>?) throws(ObjectStoreError) -> [UInt8] {
        guard gets.add() >= absences else { throw ObjectStoreError(.get, location, .missing, "gone") }
        return [1]
    }
    func list(_ prefix: String, after key: ObjectKey?) throws(ObjectStoreError) -> ObjectPage {
        ObjectPage(objects: [], isLast: true)
    }
    func delete(_ key: ObjectKey) throws(ObjectStoreError) {}
}
