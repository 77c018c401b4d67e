// Removing what retention gives up, so that nobody who writes or reads at the same time misses anything.
//
// 1. A backup ends with its manifest, which goes first: whatever is left of it then is garbage.
// 2. A pack goes in two steps, `grace` apart: it is marked when no manifest refers to it, and removed when none did all
//    that time. A backup that is being made refers to packs of the newest one only, and looks that its manifest is
//    there before it is published.
// 3. While a manifest can not be read, no pack is marked or removed: it may be one of its own.
// 4. Every step can be repeated, and what a crash leaves is done by the next one.

public import ArchiveFormat
public import ArchivePlan
import JSON
public import ObjectStores
public import Vocabulary

/// What there is of one cluster's backups and log, as retention has to know it.
public struct ArchiveSurvey: Sendable {
    public let backups: [KnownBackup]
    public let runs: [RunName]

    public init(_ store: any ObjectStore, _ cluster: ClusterID) throws(ArchiveError) {
        let catalogue = try BackupCatalogue.read(store, cluster)
        var backups: [KnownBackup] = []
        for id in catalogue.ids {
            var time = id.time
            var isReadable = true
            do throws(ArchiveError) { time = try catalogue.manifest(of: id, in: store).timestamp } catch {
                guard error.isDamage else { throw error }
                isReadable = false
            }
            backups.append(
                KnownBackup(id: id, time: time, isPinned: catalogue.pinned.contains(id), isReadable: isReadable))
        }
        self.backups = backups
        runs = try RunCatalogue.readAll(store, cluster).values.flatMap { $0.items.map(\.name) }
    }
}

/// What was removed, and what could not be.
public struct RemovalOutcome: Sendable {
    public var backups = 0
    public var runs = 0
    public var parts = 0
    /// Packs that nobody refers to any more, and that go when they have been that for long enough.
    public var marked = 0
    /// Objects that the store holds fast, or refused to remove.
    public var retained: [String] = []
    /// Manifests that can not be read: no pack was touched.
    public var unreadable: [BackupID] = []

    public init() {}
}

public struct ArchiveKeeper: Sendable {
    /// How long a pack has been nobody's before it goes; longer than any publication of a backup takes.
    public static let grace = Duration.seconds(3600)

    private let store: any ObjectStore
    private let cluster: ClusterID

    public init(_ store: any ObjectStore, _ cluster: ClusterID) {
        self.store = store
        self.cluster = cluster
    }

    // MARK: Pins

    /// A pinned backup stays until it is unpinned, whatever the rules say.
    public func pin(_ id: BackupID) throws(ArchiveError) { try store.make(id.pin(of: cluster), Array("pinned\n".utf8)) }
    public func unpin(_ id: BackupID) throws(ArchiveError) { try store.remove(id.pin(of: cluster)) }

    // MARK: Removal

    /// Carries out a plan, and removes packs that have been nobody's for long enough.
    public func carryOut(_ plan: RetentionPlan, at now: Timestamp) throws(ArchiveError) -> RemovalOutcome {
        var outcome = RemovalOutcome()
        for id in plan.removed { try remove(id, &outcome) }
        for run in plan.removedRuns {
            if try discard(run.description, &outcome) { outcome.runs += 1 }
        }
        try sweep(at: now, &outcome)
        return outcome
    }

    /// Removes one backup, at somebody's word.
    public func remove(_ id: BackupID, at now: Timestamp) throws(ArchiveError) -> RemovalOutcome {
        var outcome = RemovalOutcome()
        try remove(id, &outcome)
        try sweep(at: now, &outcome)
        return outcome
    }

    private func remove(_ id: BackupID, _ outcome: inout RemovalOutcome) throws(ArchiveError) {
        guard try discard(id.manifest(of: cluster), &outcome) else { return }
        outcome.backups += 1
        _ = try discard(id.state(of: cluster), &outcome)
        _ = try discard(id.pin(of: cluster), &outcome)
    }

    /// False when the store does not let it go.
    private func discard(_ name: String, _ outcome: inout RemovalOutcome) throws(ArchiveError) -> Bool {
        do throws(ArchiveError) {
            try store.remove(name)
            return true
        } catch {
            guard case .store(let failure) = error, failure.reason == .retained || failure.reason == .denied else {
                throw error
            }
            outcome.retained.append(name)
            return false
        }
    }

    // MARK: Packs

    private func sweep(at now: Timestamp, _ outcome: inout RemovalOutcome) throws(ArchiveError) {
        guard let referred = try referredPacks(&outcome) else { return }
        var parts: [String: [String]] = [:]
        for listing in try store.names(below: PackFolder.all(of: cluster)) {
            guard let name = PieceName(listing.key.text) else { continue }
            parts[name.pack.name, default: []].append(listing.key.text)
        }
        let idle = Set(parts.keys).subtracting(referred)
        let marks = try readMarks()
        let due = idle.filter { pack in
            marks.contains { $0.packs.contains(pack) && now.rawValue >= $0.time.rawValue + ArchiveKeeper.graceMicros }
        }
        for pack in due.sorted() {
            for part in parts[pack] ?? [] where try discard(part, &outcome) { outcome.parts += 1 }
        }
        try renew(marks, idle: idle, due: due, at: now)
        outcome.marked = idle.subtracting(due).count
    }

    private static var graceMicros: UInt64 { UInt64(grace.inNanoseconds / 1000) }

    /// Nil when that can not be said.
    private func referredPacks(_ outcome: inout RemovalOutcome) throws(ArchiveError) -> Set<String>? {
        let catalogue = try BackupCatalogue.read(store, cluster)
        var packs: Set<String> = []
        for id in catalogue.ids {
            do throws(ArchiveError) {
                packs.formUnion(try catalogue.manifest(of: id, in: store).packs.map(\.folder.name))
            } catch {
                guard error.isDamage else { throw error }
                outcome.unreadable.append(id)
            }
        }
        return outcome.unreadable.isEmpty ? packs : nil
    }

    // MARK: Marks

    private struct Mark {
        var name: String
        var time: Timestamp
        var packs: Set<String>
    }

    private var folder: String { ArchiveNames.garbage(of: cluster) }

    /// One that can not be read marks nothing, and goes.
    private func readMarks() throws(ArchiveError) -> [Mark] {
        var marks: [Mark] = []
        for listing in try store.names(below: folder) {
            let name = listing.key.text
            let bytes = try store.fetch(name)
            guard let json = try? SealedJSON.open(bytes),
                let time = try? json.text("marked", as: { TimeText.full($0) }),
                let packs = try? json.text("packs")
            else {
                marks.append(Mark(name: name, time: .zero, packs: []))
                continue
            }
            marks.append(Mark(name: name, time: time, packs: Set(packs.split(separator: " ").map(String.init))))
        }
        return marks
    }

    /// Marks what is newly nobody's. A mark of a pack that is somebody's again, or gone, is made anew without it, so
    /// that it never counts later.
    private func renew(
        _ marks: [Mark], idle: Set<String>, due: Set<String>, at now: Timestamp
    ) throws(ArchiveError) {
        let waiting = idle.subtracting(due)
        var marked: Set<String> = []
        for mark in marks {
            let valid = mark.packs.intersection(waiting)
            if valid == mark.packs, !valid.isEmpty {
                marked.formUnion(valid)
            } else {
                try store.remove(mark.name)
            }
        }
        let new = waiting.subtracting(marked)
        guard !new.isEmpty else { return }
        let bytes = SealedJSON.seal { json in
            json.member("marked", now.description)
            json.member("packs", new.sorted().joined(separator: " "))
        }
        try store.make(folder + TimeText.compact(now) + ".json", bytes)
    }
}
