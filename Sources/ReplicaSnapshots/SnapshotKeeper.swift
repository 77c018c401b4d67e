// Writes a node's snapshots, fetches those of others, and removes old ones: one order or one step at a time.

import Consensus
public import LogStore
import PeerProtocol
public import Replica
public import SnapshotFormat
public import SnapshotStore
public import Vocabulary

/// Owns a directory of snapshots: nobody else writes there. For one thread, or for the simulator between two events.
///
/// At most one snapshot is being written or fetched at a time.
public struct SnapshotKeeper<Disk: Storage> {
    /// What it is made of.
    public struct Parts: Sendable {
        public typealias Load = @Sendable (SnapshotManifest, Disk) throws(StateError) -> ReplicatedState

        var catalogue: SnapshotCatalogue<Disk>
        var featureLevel: UInt32
        var keeping: Int
        var step: ByteCount
        var shelf: SnapshotShelf
        var load: Load

        /// - Parameters:
        ///   - keeping: how many snapshots are kept; at least 1.
        ///   - step: bytes that are written at once.
        ///   - load: loads a snapshot that was fetched.
        public init(
            catalogue: SnapshotCatalogue<Disk>, featureLevel: UInt32, keeping: Int, step: ByteCount = .mebibytes(1),
            shelf: SnapshotShelf, load: @escaping Load
        ) {
            self.catalogue = catalogue
            self.featureLevel = featureLevel
            self.keeping = keeping
            self.step = step
            self.shelf = shelf
            self.load = load
        }
    }

    public typealias Report = (KeeperReport) -> Void

    private let parts: Parts
    private var catalogue: SnapshotCatalogue<Disk>
    private var maker: SnapshotMaker<Disk>?
    /// Whether that one is made of the newest that is there, as far as nothing has changed since.
    private var isOfBase = false
    /// What the newest refers to was found damaged: the next one refers to nothing that is there.
    private var isBaseDamaged = false
    private var fetch: SnapshotFetch<Disk>?
    private var began: Instant
    /// The newest of the snapshots up to here stays until a newer one is confirmed.
    private var confirmed = LogIndex.zero
    /// The newest compact snapshot: all before it are to go.
    private var compacted = LogIndex.zero
    private var isCompactionOpen = false

    public init(_ parts: Parts, at now: Instant) {
        self.parts = parts
        catalogue = parts.catalogue
        began = now
    }

    private var disk: Disk { catalogue.disk }
    private var base: SnapshotManifest? { isBaseDamaged ? nil : catalogue.snapshots.first }

    /// Whether `goOn` has something to do.
    public var isStoring: Bool { maker != nil }

    public mutating func take(_ order: KeeperOrder, at now: Instant, _ report: Report) {
        switch order {
        case .store(let order): store(order, at: now, report)
        case .fetch(let index, let node): begin(index, from: node, at: now, report)
        case .piece(let piece, let node): take(piece, from: node, at: now, report)
        case .lost(let node):
            guard fetch?.sender == node else { return }
            fetch?.restart()
        case .confirmed(let index): confirm(index, at: now, report)
        case .quarantine(let index, let damages, let time): quarantine(index, damages, at: time, report)
        }
    }

    // MARK: Storing

    private mutating func store(_ order: SnapshotOrder, at now: Instant, _ report: Report) {
        endFetch(before: order.state.index)
        guard maker == nil, fetch == nil else { return report(.failed("another one is being written or fetched")) }
        began = now
        begin(order, report)
    }

    /// A node that has come as far by its log, and perhaps leads now, is sent no more pieces.
    private mutating func endFetch(before index: LogIndex) {
        guard let fetched = fetch?.index, fetched <= index else { return }
        // What came of it may serve the next one; what cannot be kept is fetched again.
        try? fetch?.suspend()
        fetch = nil
    }

    private mutating func begin(_ order: SnapshotOrder, _ report: Report) {
        isOfBase = base != nil
        do throws(SnapshotError) {
            maker = try SnapshotMaker(order, on: disk, featureLevel: parts.featureLevel, base: base)
        } catch { fail(error, report) }
    }

    /// One step of the snapshot that is being written.
    public mutating func goOn(at now: Instant, _ report: Report) {
        guard maker != nil else { return }
        do throws(SnapshotError) {
            let budget = parts.step
            guard let manifest = try maker?.step(budget) else { return report(.underWay(share: maker?.share ?? 0)) }
            guard let figures = maker?.figures, let order = maker?.order else { return }
            maker = nil
            confirmed = max(confirmed, order.confirmed)
            if order.isCompact { (compacted, isCompactionOpen) = (manifest.index, true) }
            let (stored, outcome) = try finish(manifest, figures, at: now)
            report(.stored(stored, outcome))
        } catch {
            guard case .damaged = error, isOfBase, let order = maker?.order else { return fail(error, report) }
            // What it was to be made of cannot be read: it is written whole.
            try? maker?.abort()
            isBaseDamaged = true
            begin(order, report)
        }
    }

    private mutating func fail(_ error: SnapshotError, _ report: Report) {
        let damage = maker?.damage
        // What cannot be removed goes with the next collection.
        try? maker?.abort()
        maker = nil
        report(.failed("\(error); \(error.remedy.text)"))
        if let damage { report(.stateDamaged(damage)) }
    }

    private mutating func finish(
        _ manifest: SnapshotManifest, _ figures: SnapshotFigures, at now: Instant
    ) throws(SnapshotError) -> (StoredSnapshots, SnapshotOutcome) {
        catalogue.add(manifest)
        isBaseDamaged = false
        let (stored, left) = try collect(manifest, at: now)
        return (stored, SnapshotOutcome(manifest: manifest, figures: figures, began: began, left: left))
    }

    // MARK: Collecting

    /// Removes what nobody needs any more, with `newest` there. Not while a snapshot is being written or fetched.
    private mutating func collect(
        _ newest: SnapshotManifest, at now: Instant
    ) throws(SnapshotError) -> (StoredSnapshots, CollectionOutcome) {
        let sound = catalogue.snapshots.first { $0.index <= confirmed }?.index
        var kept = parts.shelf.inUse(at: now)
        if let sound { kept.insert(sound) }
        let count = min(parts.keeping, max(1, catalogue.snapshots.count { $0.index >= compacted }))
        _ = try catalogue.collectGarbage(keeping: count, also: kept)
        parts.shelf.set(catalogue.snapshots)
        let endsCompaction = isCompactionOpen && catalogue.snapshots.allSatisfy { $0.index >= compacted }
        if endsCompaction { isCompactionOpen = false }
        let left = CollectionOutcome(
            count: catalogue.snapshots.count, bytesOnDisk: try catalogue.bytesOnDisk(), endsCompaction: endsCompaction)
        var stored = StoredSnapshots(newest: newest.end, among: catalogue.snapshots, keeping: parts.keeping)
        stored.oldest = min(stored.oldest, sound ?? stored.oldest)
        return (stored, left)
    }

    /// While one is being written or fetched, its end collects.
    private mutating func confirm(_ index: LogIndex, at now: Instant, _ report: Report) {
        confirmed = max(confirmed, index)
        guard maker == nil, fetch == nil, let newest = catalogue.snapshots.first else { return }
        do throws(SnapshotError) {
            let (stored, left) = try collect(newest, at: now)
            report(.collected(stored, left))
        } catch {
            // What cannot be removed now goes with the next snapshot.
        }
    }

    // MARK: Damage

    /// Whoever found it may have looked at one that was just removed: then there is nothing to do.
    private mutating func quarantine(
        _ index: LogIndex, _ damages: [SnapshotDamage], at time: Timestamp, _ report: Report
    ) {
        guard let newest = catalogue.snapshots.first, catalogue.snapshots.contains(where: { $0.index == index }) else {
            return report(.nothingToQuarantine)
        }
        isBaseDamaged = true
        if isOfBase, let order = maker?.order {
            // What it was being made of cannot be relied on: it is written whole.
            try? maker?.abort()
            begin(order, report)
        }
        do throws(SnapshotError) {
            let kept = try catalogue.quarantine(SnapshotName.manifest(index), damages, now: time)
            parts.shelf.set(catalogue.snapshots)
            let left = catalogue.snapshots.first.map {
                StoredSnapshots(newest: $0.end, among: catalogue.snapshots, keeping: parts.keeping)
            }
            report(
                .quarantined(
                    SnapshotLoss(
                        index: index, damages: damages, report: kept.report, left: left,
                        wasNewest: newest.index == index)))
        } catch { report(.quarantineFailed(index, error)) }
    }

    // MARK: Fetching

    private mutating func begin(_ index: LogIndex, from node: NodeID, at now: Instant, _ report: Report) {
        // An offer that was made again while the same one was being loaded.
        if let newest = catalogue.snapshots.first, newest.index >= index { return }
        if maker != nil {
            try? maker?.abort()
            maker = nil
            report(.failed("a snapshot of \(node) is fetched in its place"))
        }
        do throws(SnapshotError) {
            if fetch == nil {
                began = now
                fetch = SnapshotFetch(
                    of: index, from: node, on: disk, cluster: catalogue.cluster, base: base,
                    leftovers: try catalogue.leftoverPacks())
            } else {
                fetch?.change(to: index, from: node)
            }
        } catch { return failFetch(error, report) }
        ask(report)
    }

    private mutating func ask(_ report: Report) {
        guard let sender = fetch?.sender else { return }
        while let read = fetch?.nextRead() { report(.ask(read, of: sender)) }
    }

    private mutating func take(_ piece: SnapshotPiece, from node: NodeID, at now: Instant, _ report: Report) {
        guard fetch != nil else { return }
        do throws(SnapshotError) {
            switch try fetch?.take(piece, from: node) {
            case .finished(let manifest): return load(manifest, at: now, report)
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

    private mutating func load(_ manifest: SnapshotManifest, at now: Instant, _ report: Report) {
        let figures = fetch?.figures ?? SnapshotFigures()
        fetch = nil
        let state: ReplicatedState
        do throws(StateError) { state = try parts.load(manifest, disk) } catch {
            // So that it can be fetched again: what can be read of it is found by its names.
            isBaseDamaged = isBaseDamaged || error.isDamage
            removeManifest(manifest.index)
            return report(.fetchFailed("\(error); \(error.remedy.text)"))
        }
        do throws(SnapshotError) {
            confirmed = max(confirmed, manifest.index)
            let (stored, outcome) = try finish(manifest, figures, at: now)
            report(.fetched(state, stored, outcome))
        } catch { failFetch(error, report) }
    }

    /// When the disk refuses that, the next fetch of it does it.
    private mutating func removeManifest(_ index: LogIndex) { try? catalogue.remove(index) }

    private mutating func failFetch(_ error: SnapshotError, _ report: Report) {
        if case .exists(let index) = error { removeManifest(index) }
        try? fetch?.suspend()
        fetch = nil
        report(.fetchFailed("\(error); \(error.remedy.text)"))
    }

    /// The node stops: what came of a fetch stays for the next start.
    public mutating func end() {
        try? maker?.abort()
        try? fetch?.suspend()
    }
}

extension StoredSnapshots {
    /// - Parameter snapshots: all that there are, newest first; as many as are kept on purpose count.
    init(newest: FrameEnd, among snapshots: [SnapshotManifest], keeping count: Int) {
        let oldest = snapshots.prefix(count).last?.index ?? newest.index
        self.init(newest: newest, oldest: min(oldest, newest.index))
    }
}
