// Loading a snapshot on all cores.

public import Keyspace
public import LogStore
public import Platform
public import Replica
public import SnapshotFormat
import Synchronization
import Vocabulary

/// Workers take groups of slots from a common list; what they have loaded is joined on the thread that called.
public struct StateLoading {
    /// How far a load is: told a few times a second.
    public struct Progress: Sendable {
        public var records: Int
        public var total: Int
    }

    /// What a worker says: a group's slots, or why there will be none.
    private typealias Letter = Result<[LoadedSlot], StateError>

    /// The list of groups that nobody has taken, and the end of the work when one has failed.
    private final class Shared: Sendable {
        private let next = Mutex(0)

        func take() -> SlotGroup? {
            let position = next.withLock { next in
                defer { next += 1 }
                return next
            }
            return position < SlotGroup.all.count - 1 ? SlotGroup.all[position] : nil
        }

        func end() { next.withLock { $0 = SlotGroup.all.count } }
    }

    public static func run(
        _ manifest: SnapshotManifest, on disk: DirectoryStorage, workers: Int = ThisProcess.processors,
        progress: (Progress) -> Void
    ) throws(StateError) -> ReplicatedState {
        try run(manifest, on: disk, wanted: nil, workers: workers, progress: progress).state
    }

    /// Proves all of it, and holds the records that commands about the wanted keys could come to; nil for all.
    public static func run(
        _ manifest: SnapshotManifest, on disk: DirectoryStorage, wanted: TouchedKeys?, workers: Int,
        progress: (Progress) -> Void
    ) throws(StateError) -> (state: ReplicatedState, omitted: OmittedRecords) {
        var load = try StateLoad(manifest, on: disk, wanted: wanted)
        let shared = Shared()
        let letters = WorkQueue<Letter>()
        let plan = load.plan
        var threads: [WorkerThread] = []
        for number in 0..<max(1, workers) {
            let thread = try? WorkerThread.start(name: "load-\(number)") { work(plan, shared, letters) }
            if let thread { threads.append(thread) }
        }
        // Without a thread it takes longer.
        if threads.isEmpty { work(plan, shared, letters) }
        var missing = SlotGroup.all.count - 1
        var failure: StateError?
        var taken: [Letter] = []
        while missing > 0, failure == nil, letters.takeAll(into: &taken) {
            for letter in taken where failure == nil {
                do throws(StateError) {
                    try load.take(try letter.get())
                    missing -= 1
                } catch { failure = error }
            }
            progress(Progress(records: load.records, total: load.head.count))
        }
        shared.end()
        for thread in threads { thread.join() }
        if let failure { throw failure }
        let omitted = load.omitted
        return (try load.finish(), omitted)
    }

    private static func work(
        _ plan: LoadPlan<DirectoryStorage>, _ shared: Shared, _ letters: WorkQueue<Letter>
    ) {
        var loader = GroupLoader(plan)
        while let group = shared.take() {
            do throws(StateError) { letters.post(.success(try loader.load(group))) } catch {
                letters.post(.failure(error))
                return
            }
        }
    }
}
