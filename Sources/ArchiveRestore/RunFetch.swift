// The objects of the log in their order, fetched and checked ahead of whoever replays them.

import ArchiveFormat
import ArchiveStore
import ObjectStores
import Platform
import Synchronization
import Vocabulary

/// Threads fetch; one caller takes. At most `ahead` objects for each thread are under way or waiting.
struct RunFetch: ~Copyable {
    private typealias Outcome = Result<LogRun, RestoreError>
    private struct Letter: Sendable {
        var number: Int
        var outcome: Outcome
    }

    private final class Times: Sendable {
        let all = Mutex(FetchTimes())
    }

    private static let ahead = 4

    private let items: [RunCatalogue.Item]
    private let orders: [WorkQueue<Int>]
    private let threads: [WorkerThread]
    private let letters = WorkQueue<Letter>()
    private let times = Times()
    private var ordered = 0
    private var taken = 0
    /// What has come before its turn.
    private var early: [Int: Outcome] = [:]

    init(_ items: [RunCatalogue.Item], from store: any ObjectStore, workers: Int) throws(RestoreError) {
        self.items = items
        var orders: [WorkQueue<Int>] = []
        var threads: [WorkerThread] = []
        for number in 0..<min(workers, items.count) {
            let queue = WorkQueue<Int>()
            let (letters, times) = (letters, times)
            let thread = try onSystem { () throws(SystemError) in
                try WorkerThread.start(name: "runs-\(number)") {
                    var taken: [Int] = []
                    while queue.takeAll(into: &taken) {
                        for number in taken {
                            let outcome = RunFetch.fetch(items[number].name, from: store, times)
                            letters.post(Letter(number: number, outcome: outcome))
                        }
                    }
                }
            }
            orders.append(queue)
            threads.append(thread)
        }
        self.orders = orders
        self.threads = threads
    }

    deinit {
        for queue in orders { queue.close() }
        for thread in threads { thread.join() }
    }

    private static func fetch(_ name: RunName, from store: any ObjectStore, _ times: Times) -> Outcome {
        let began = MonotonicClock.now()
        do throws(ArchiveError) {
            let bytes = try ArchivedRun.bytes(of: name, from: store)
            let fetched = MonotonicClock.now()
            let run = try ArchivedRun.run(name, bytes)
            let done = MonotonicClock.now()
            times.all.withLock { times in
                times.download += fetched - began
                times.decompress += done - fetched
            }
            return .success(run)
        } catch { return .failure(.archive(error)) }
    }

    /// How long the threads were at it, all together.
    var spent: FetchTimes { times.all.withLock { $0 } }

    /// The next object; nil behind the last.
    mutating func next() throws(RestoreError) -> LogRun? {
        guard taken < items.count else { return nil }
        while ordered < min(items.count, taken + orders.count * RunFetch.ahead) {
            orders[ordered % orders.count].post(ordered)
            ordered += 1
        }
        var letters: [Letter] = []
        while early[taken] == nil, self.letters.takeAll(into: &letters) {
            for letter in letters { early[letter.number] = letter.outcome }
        }
        guard let outcome = early.removeValue(forKey: taken) else { preconditionFailure("the queue of runs is closed") }
        taken += 1
        return try outcome.get()
    }
}
