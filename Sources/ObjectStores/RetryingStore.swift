// Another try after an error that may pass by itself.

public import Vocabulary

/// When to try again, and when to give up.
public struct RetryPolicy: Hashable, Sendable {
    /// With the first one.
    public var attemptsMax: Int
    /// No wait begins that would end later than this behind the first try.
    public var budget: Duration
    /// The longest wait before the second try; doubled for each one after it, up to `waitMax`.
    public var waitFirst: Duration
    public var waitMax: Duration

    public init(
        attemptsMax: Int = 8, budget: Duration = .seconds(120), waitFirst: Duration = .milliseconds(200),
        waitMax: Duration = .seconds(20)
    ) {
        self.attemptsMax = attemptsMax
        self.budget = budget
        self.waitFirst = waitFirst
        self.waitMax = waitMax
    }

    /// The wait behind so many failed tries: anything between nothing and the longest, so that nodes that failed
    /// together do not come back together ("Exponential Backoff And Jitter", AWS Architecture Blog, full jitter).
    func wait(after failures: Int, random: UInt64) -> Duration {
        let longest = min(waitMax, waitFirst * (1 << min(failures - 1, 30)))
        return .nanoseconds(Int64(random.multipliedFullWidth(by: UInt64(longest.inNanoseconds) + 1).high))
    }
}

/// A store whose transient errors are tried again. Clock, chance and waiting are the caller's.
///
/// A put that is tried again may find what its own earlier try has made: `exists`, as ever, says only that something
/// has the name. `make` looks what it is.
public struct RetryingStore: ObjectStore {
    private let base: any ObjectStore
    private let policy: RetryPolicy
    private let surroundings: RetrySurroundings

    public var location: String { base.location }

    public init(_ base: any ObjectStore, _ policy: RetryPolicy, _ surroundings: RetrySurroundings) {
        self.base = base
        self.policy = policy
        self.surroundings = surroundings
    }

    public func put(_ key: ObjectKey, _ bytes: [UInt8]) throws(ObjectStoreError) -> PutOutcome {
        try trying { () throws(ObjectStoreError) in try base.put(key, bytes) }
    }

    public func get(_ key: ObjectKey, _ range: Range<Int>?) throws(ObjectStoreError) -> [UInt8] {
        try trying { () throws(ObjectStoreError) in try base.get(key, range) }
    }

    public func list(_ prefix: String, after key: ObjectKey?) throws(ObjectStoreError) -> ObjectPage {
        try trying { () throws(ObjectStoreError) in try base.list(prefix, after: key) }
    }

    public func delete(_ key: ObjectKey) throws(ObjectStoreError) {
        try trying { () throws(ObjectStoreError) in try base.delete(key) }
    }

    public func verdict(
        on capability: StoreCapability, below prefix: String
    ) throws(ObjectStoreError) -> StoreVerdict? {
        try base.verdict(on: capability, below: prefix)
    }

    private func trying<Value>(_ body: () throws(ObjectStoreError) -> Value) throws(ObjectStoreError) -> Value {
        let start = surroundings.now()
        var failures = 0
        while true {
            do throws(ObjectStoreError) { return try body() } catch {
                failures += 1
                let wait = policy.wait(after: failures, random: surroundings.random())
                guard error.isTransient, failures < policy.attemptsMax,
                    surroundings.now() - start + wait <= policy.budget
                else { throw error }
                guard surroundings.wait(wait) else {
                    throw ObjectStoreError(error.operation, error.subject, .stopped, error.text)
                }
            }
        }
    }
}

/// What a retry needs of the world.
public struct RetrySurroundings: Sendable {
    public let now: @Sendable () -> Instant
    public let random: @Sendable () -> UInt64
    /// Waits so long; false when it was cut short because this process stops.
    public let wait: @Sendable (Duration) -> Bool

    public init(
        now: @escaping @Sendable () -> Instant, random: @escaping @Sendable () -> UInt64,
        wait: @escaping @Sendable (Duration) -> Bool
    ) {
        self.now = now
        self.random = random
        self.wait = wait
    }
}
