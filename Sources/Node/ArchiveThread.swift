// Ships the log of a leader to the archive, away from the loop: reading, compressing, putting.

import ArchiveFormat
import ArchiveStore
import LogStore
import ObjectStores
import Platform
import Settings
import Synchronization
import Vocabulary

/// Where an archive is and how it is written, for the threads that do.
struct ArchivePlace: Sendable {
    let settings: ArchiveSettings
    let url: StoreURL
    private let ending = StopFlag()

    init?(_ settings: ArchiveSettings) {
        guard let url = settings.url else { return nil }
        self.settings = settings
        self.url = url
    }

    /// Calls that are under way end soon.
    func stop() { ending.set() }
    var isStopped: Bool { ending.isSet }

    /// - Parameter retries: nil leaves every error to the caller.
    func open(retries: RetryPolicy?) throws(ArchiveError) -> any ObjectStore {
        var options = StoreOptions()
        options.credentialsFile = settings.credentialsFile
        options.s3.authorityFile = settings.authorityFile
        options.s3.isStopped = { [ending] in ending.isSet }
        options.retry = retries
        do throws(ObjectStoreError) { return try StoreOpening.open(url, options) } catch { throw .store(error) }
    }

    var terms: ShippingTerms {
        var terms = ShippingTerms()
        terms.runSize = settings.runSize
        terms.runAge = settings.runAge
        terms.objectMax = max(terms.objectMax, settings.runSize)
        terms.level = settings.level
        return terms
    }
}

/// Says to calls on other threads that they are not wanted any more.
final class StopFlag: Sendable {
    private let flag = Atomic(false)

    var isSet: Bool { flag.load(ordering: .relaxed) }
    func set() { flag.store(true, ordering: .relaxed) }
}

/// Takes the newest target, ships up to it, and does so again when an interval has passed since it began.
final class ArchiveThread: Sendable {
    enum Order: Sendable {
        /// This node leads in a term, or no longer.
        case lead(ArchiveOwner, Term, known: LogIndex)
        case rest
        case target(ShippingTarget)
    }

    enum Letter: Sendable {
        case shipped(ShippingOutcome)
        case failed(ArchiveError, inARow: Int)
    }

    private let orders: WorkQueue<Order>
    private let thread: WorkerThread
    private let place: ArchivePlace

    init(
        _ place: ArchivePlace, reader: LogReader<DirectoryStorage>, report: @escaping @Sendable (Letter) -> Void
    ) throws(SystemError) {
        let orders = WorkQueue<Order>()
        self.orders = orders
        self.place = place
        thread = try WorkerThread.start(name: "archive", yields: true) {
            var shipping = Shipping(place, reader)
            var taken: [Order] = []
            while orders.takeAll(into: &taken, waitUntil: shipping.deadline) {
                for order in taken { shipping.take(order) }
                if let letter = shipping.goOn(at: MonotonicClock.now()) { report(letter) }
            }
        }
    }

    func post(_ order: Order) { orders.post(order) }

    /// What was not shipped is, by the next leader.
    func stop() {
        place.stop()
        orders.close()
        thread.join()
    }
}

/// What the thread knows.
private struct Shipping {
    private let place: ArchivePlace
    private let reader: LogReader<DirectoryStorage>
    private var store: (any ObjectStore)?
    private var shipper: LogShipper<DirectoryStorage>?
    private var leading: (owner: ArchiveOwner, term: Term, known: LogIndex)?
    private var target: ShippingTarget?
    private var nextAt: Instant?
    private var failures = 0

    /// The longest wait before another try.
    private static let patienceMax = Duration.seconds(5)
    private static let patienceFirst = Duration.milliseconds(100)

    init(_ place: ArchivePlace, _ reader: LogReader<DirectoryStorage>) {
        self.place = place
        self.reader = reader
    }

    /// Nil while there is nothing to wait for but orders.
    var deadline: Instant? { leading == nil || target == nil ? nil : nextAt }

    mutating func take(_ order: ArchiveThread.Order) {
        switch order {
        case .lead(let owner, let term, let known):
            leading = (owner, term, known)
            (shipper, target, nextAt, failures) = (nil, nil, nil, 0)
        case .rest:
            (leading, shipper, target, nextAt) = (nil, nil, nil, nil)
        case .target(let target):
            self.target = target
        }
    }

    /// One step, if it is time for one.
    mutating func goOn(at now: Instant) -> ArchiveThread.Letter? {
        guard let leading, let target, nextAt.map({ $0 <= now }) ?? true else { return nil }
        do throws(ArchiveError) {
            let store = if let store { store } else { try place.open(retries: nil) }
            self.store = store
            var shipper =
                self.shipper
                ?? LogShipper(
                    leading.owner, term: leading.term, known: leading.known, reader: reader, store: store,
                    terms: place.terms)
            // Kept after an error too: it knows which object it was about to make.
            defer { self.shipper = shipper }
            let outcome = try shipper.step(target, at: now)
            failures = 0
            let isBehind = shipper.archived.map { $0 < target.index } ?? true
            nextAt = isBehind && outcome.name != nil ? now : now + place.settings.interval
            return .shipped(outcome)
        } catch {
            failures += 1
            nextAt = MonotonicClock.now() + patience
            return .failed(error, inARow: failures)
        }
    }

    /// Doubled with each failure, and half of it left to chance.
    private var patience: Duration {
        let longest = min(Shipping.patienceMax, Shipping.patienceFirst * (1 << min(failures - 1, 10)))
        let share = Double(SystemRandom.word() % 1024) / 1024
        return longest * (0.5 + share / 2)
    }
}
