// Writes this node's snapshots, fetches those of others, and removes old ones.

import Keyspace
import LogStore
import PeerProtocol
import Platform
import Replica
import ReplicaSnapshots
import SnapshotFormat
import SnapshotStore
import Vocabulary

/// Owns the directory of snapshots: nobody else writes there. Every other thread goes before it. States that nobody
/// needs any more end here too, because to free one takes its time.
final class SnapshotThread: Sendable {
    enum Order: Sendable {
        case store(SnapshotOrder)
        case fetch(LogIndex, from: NodeID)
        case piece(SnapshotPiece, from: NodeID)
        /// The conversation with this node is over.
        case lost(NodeID)
        /// Keep this state for whoever looks for what went wrong.
        case keepEvidence(ReplicatedState)
        case discard(Keyspace)
    }

    enum Letter: Sendable {
        /// Snapshots are on stable storage; `outcome` tells of the newest.
        case stored(StoredSnapshots, SnapshotOutcome)
        case failed(String)
        case ask(SnapshotRead, of: NodeID)
        /// Fetched, on stable storage, and loaded.
        case fetched(ReplicatedState, StoredSnapshots, SnapshotOutcome)
        case fetchFailed(String)
        case underWay(share: Double)
        case fetching(bytes: ByteCount)
        /// Where the evidence is.
        case evidenceKept(directory: String)
    }

    /// What the newest snapshot took.
    struct SnapshotOutcome: Sendable {
        var manifest: SnapshotManifest
        var figures: SnapshotFigures
        var took: Duration
        var count: Int
        var bytesOnDisk: ByteCount
    }

    private let orders: WorkQueue<Order>
    private let thread: WorkerThread

    init(
        _ parts: SnapshotKeeper.Parts, report: @escaping @Sendable (Letter) -> Void
    ) throws(SystemError) {
        let orders = WorkQueue<Order>()
        self.orders = orders
        thread = try WorkerThread.start(name: "snapshot", yields: true) {
            var keeper = SnapshotKeeper(parts)
            var taken: [Order] = []
            while orders.takeAll(into: &taken, waitUntil: keeper.isStoring ? MonotonicClock.now() : nil) {
                for order in taken { keeper.take(order, report) }
                taken.removeAll(keepingCapacity: true)
                keeper.goOn(report)
            }
            keeper.end()
        }
    }

    func post(_ order: Order) { orders.post(order) }

    func stop() {
        orders.close()
        thread.join()
    }
}

/// What the thread does, one order or one step of a snapshot at a time.
struct SnapshotKeeper {
    /// What it is made of.
    struct Parts: Sendable {
        var catalogue: SnapshotCatalogue<DirectoryStorage>
        var featureLevel: UInt32
        /// Snapshots that are kept.
        var keeping: Int
        var shelf: SnapshotShelf
    }

    private let parts: Parts
    private var catalogue: SnapshotCatalogue<DirectoryStorage>
    private var maker: SnapshotMaker<DirectoryStorage>?
    private var fetch: SnapshotFetch<DirectoryStorage>?
    private var beganAt = MonotonicClock.now()

    /// Bytes of one step.
    private static let step = ByteCount.mebibytes(1)

    init(_ parts: Parts) {
        self.parts = parts
        catalogue = parts.catalogue
    }

    private var disk: DirectoryStorage { catalogue.disk }

    var isStoring: Bool { maker != nil }

    mutating func take(_ order: SnapshotThread.Order, _ report: (SnapshotThread.Letter) -> Void) {
        switch order {
        case .store(let order): store(order, report)
        case .fetch(let index, let node): begin(index, from: node, report)
        case .piece(let piece, let node): take(piece, from: node, report)
        case .lost(let node):
            guard fetch?.sender == node else { return }
            fetch?.restart()
        case .keepEvidence(let state): keep(state, report)
        case .discard: break
        }
    }

    // MARK: Storing

    private mutating func store(_ order: SnapshotOrder, _ report: (SnapshotThread.Letter) -> Void) {
        guard maker == nil, fetch == nil else { return report(.failed("another one is being written or fetched")) }
        beganAt = MonotonicClock.now()
        do throws(SnapshotError) {
            maker = try SnapshotMaker(
                order, on: disk, featureLevel: parts.featureLevel, base: catalogue.snapshots.first)
        } catch { fail(error, report) }
    }

    mutating func goOn(_ report: (SnapshotThread.Letter) -> Void) {
        guard maker != nil else { return }
        do throws(SnapshotError) {
            guard let manifest = try maker?.step(SnapshotKeeper.step) else {
                return report(.underWay(share: maker?.share ?? 0))
            }
            guard let figures = maker?.figures else { return }
            maker = nil
            let (stored, outcome) = try finish(manifest, figures)
            report(.stored(stored, outcome))
        } catch { fail(error, report) }
    }

    private mutating func fail(_ error: SnapshotError, _ report: (SnapshotThread.Letter) -> Void) {
        // What cannot be removed goes with the next collection.
        try? maker?.abort()
        maker = nil
        report(.failed("\(error); \(error.remedy.text)"))
    }

    private mutating func finish(
        _ manifest: SnapshotManifest, _ figures: SnapshotFigures
    ) throws(SnapshotError) -> (StoredSnapshots, SnapshotThread.SnapshotOutcome) {
        catalogue.add(manifest)
        let now = MonotonicClock.now()
        _ = try catalogue.collectGarbage(keeping: parts.keeping, also: parts.shelf.inUse(at: now))
        parts.shelf.set(catalogue.snapshots)
        let outcome = SnapshotThread.SnapshotOutcome(
            manifest: manifest, figures: figures, took: now - beganAt, count: catalogue.snapshots.count,
            bytesOnDisk: try catalogue.bytesOnDisk())
        return (stored(manifest), outcome)
    }

    private func stored(_ newest: SnapshotManifest) -> StoredSnapshots {
        let oldest = catalogue.snapshots.prefix(parts.keeping).last?.index ?? newest.index
        return StoredSnapshots(newest: newest.end, oldest: oldest)
    }

    // MARK: Fetching

    private mutating func begin(_ index: LogIndex, from node: NodeID, _ report: (SnapshotThread.Letter) -> Void) {
        // An offer that was made again while the same one was being loaded.
        if let newest = catalogue.snapshots.first, newest.index >= index { return }
        if maker != nil {
            try? maker?.abort()
            maker = nil
            report(.failed("a snapshot of \(node) is fetched in its place"))
        }
        do throws(SnapshotError) {
            if fetch == nil {
                beganAt = MonotonicClock.now()
                fetch = SnapshotFetch(
                    of: index, from: node, on: disk, cluster: catalogue.cluster, base: catalogue.snapshots.first,
                    leftovers: try catalogue.leftoverPacks())
            } else {
                fetch?.change(to: index, from: node)
            }
        } catch { return failFetch(error, report) }
        ask(report)
    }

    private mutating func ask(_ report: (SnapshotThread.Letter) -> Void) {
        guard let sender = fetch?.sender else { return }
        while let read = fetch?.nextRead() { report(.ask(read, of: sender)) }
    }

    private mutating func take(
        _ piece: SnapshotPiece, from node: NodeID, _ report: (SnapshotThread.Letter) -> Void
    ) {
        guard fetch != nil else { return }
        do throws(SnapshotError) {
            switch try fetch?.take(piece, from: node) {
            case .finished(let manifest): return load(manifest, report)
            case .gone:
                // The next offer names another one.
                fetch?.restart()
                return
            case .goesOn, nil: break
            }
        } catch {
            guard case .refused = error else { return failFetch(error, report) }
            fetch?.restart()
            report(.fetchFailed("\(error)"))
        }
        report(.fetching(bytes: fetch?.bytesReceived ?? .zero))
        ask(report)
    }

    private mutating func load(_ manifest: SnapshotManifest, _ report: (SnapshotThread.Letter) -> Void) {
        let figures = fetch?.figures
        fetch = nil
        do throws(SnapshotError) {
            let (stored, outcome) = try finish(manifest, figures ?? SnapshotFigures())
            do throws(StateError) {
                let state = try StateLoading.run(manifest, on: disk) { _ in }
                report(.fetched(state, stored, outcome))
            } catch { report(.fetchFailed("\(error); \(error.remedy.text)")) }
        } catch { failFetch(error, report) }
    }

    private mutating func failFetch(_ error: SnapshotError, _ report: (SnapshotThread.Letter) -> Void) {
        try? fetch?.suspend()
        fetch = nil
        report(.fetchFailed("\(error); \(error.remedy.text)"))
    }

    // MARK: Evidence

    /// A state that turned out to be wrong, as a snapshot of its own below `quarantine/`.
    private func keep(_ state: ReplicatedState, _ report: (SnapshotThread.Letter) -> Void) {
        let stamp = WallClock.now().description.filter { $0 != "-" && $0 != ":" }
        let directory = disk.path + "/" + SegmentName.quarantine + "/" + stamp + "-state"
        do {
            try FileSystem.makeDirectory(directory, intermediate: true)
            let place = DirectoryStorage(path: directory)
            var maker = try SnapshotMaker(
                SnapshotOrder(state: state, cause: .rebuild), on: place, featureLevel: parts.featureLevel, base: nil)
            while try maker.step(SnapshotKeeper.step) == nil {}
            report(.evidenceKept(directory: directory))
        } catch {
            report(.failed("the state that turned out to be wrong cannot be kept: \(error)"))
        }
    }

    /// The node stops: what came of a fetch stays for the next start.
    mutating func end() {
        try? maker?.abort()
        try? fetch?.suspend()
    }
}
