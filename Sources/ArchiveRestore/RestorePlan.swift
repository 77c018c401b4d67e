// What a restore will use: a backup or none, and the objects of the log behind it. Nothing is written for a plan.

public import ArchiveFormat
public import ArchiveStore
import Platform
public import SnapshotFormat
public import Vocabulary

/// How a plan is made, beside its target.
public struct PlanOptions: Sendable {
    /// Of backups, only those of which every object is whole: each that would be used is read for that.
    public var verifiesBackups = false
    /// The newest backup up to the target, without the log behind it.
    public var isWithoutLog = false

    public init() {}
}

/// Decided by the archive's names and the backups' manifests. A manifest that can not be read is passed over, where an
/// earlier backup and the log lead to the same point; that is noted.
public struct RestorePlan: Sendable {
    public let view: ArchiveView
    public let lineage: Lineage
    public let target: RestoreTarget
    /// What the state begins with; nil for nothing: then the log begins with the first entry.
    public let backup: BackupManifest?
    public let state: SnapshotManifest?
    /// Behind the backup, up to the object that holds the target.
    public let runs: [RunCatalogue.Item]
    /// The last entry of those, or of the backup.
    public let end: LogIndex
    /// Backups that would have been used, and why they were not.
    public let passedOver: [(id: BackupID, why: String)]
    /// How long it took to decide.
    public let duration: Duration
    /// What the state begins with instead of a backup.
    let local: LocalBase?

    /// The snapshot of the directory that stays, where only the log is restored.
    public var keptSnapshot: LogIndex? { local?.manifest.index }
    public var timeline: TimelineName { lineage.branches[0].timeline }
    public var start: LogIndex { state?.index ?? .zero }
    /// Bytes of all objects that are fetched.
    public var fetchedBytes: Int { (backup?.storedBytes ?? 0) + runs.reduce(0) { $0 + $1.size } }
    /// About how many bytes of files they become. Log is compressed by a half or more; its plain size is not in names.
    public var expandedBytes: Int { (backup?.expandedBytes ?? 0) + runs.reduce(0) { $0 + $1.size * 4 } }
    /// At most as many entries are replayed.
    public var entriesMax: Int { end - start }

    /// - Parameter timeline: its name or number; nil for the newest, or for that of the backup that is named.
    public init(
        _ target: RestoreTarget, timeline: String? = nil, in view: ArchiveView, _ options: PlanOptions = PlanOptions()
    ) throws(RestoreError) {
        let began = MonotonicClock.now()
        let name: TimelineName
        if timeline == nil, case .backup(let id) = target {
            name = id.timeline
        } else {
            name = try view.timeline(timeline)
        }
        let lineage = try Lineage(of: name, in: view)
        var search = BaseSearch(view: view, lineage: lineage, target: target, options: options)
        let choice = try search.run()
        self.view = view
        self.lineage = lineage
        // Without the log, the target is the backup itself.
        self.target = options.isWithoutLog ? choice.backup.map { .backup($0.id) } ?? target : target
        (backup, state, runs, passedOver) = (choice.backup, choice.state, choice.runs, search.passedOver)
        end = runs.last?.name.last ?? backup?.position.index ?? .zero
        duration = MonotonicClock.now() - began
        local = nil
    }

    /// One that begins with a snapshot on this machine.
    init(
        view: ArchiveView, lineage: Lineage, target: RestoreTarget, local: LocalBase, runs: [RunCatalogue.Item],
        duration: Duration
    ) {
        self.view = view
        self.lineage = lineage
        self.target = target
        self.local = local
        self.runs = runs
        self.duration = duration
        (backup, state, passedOver) = (nil, local.manifest, [])
        end = runs.last?.name.last ?? local.manifest.index
    }
}

/// Looks for the newest backup from which the target can be reached.
private struct BaseSearch {
    let view: ArchiveView
    let lineage: Lineage
    let target: RestoreTarget
    let options: PlanOptions
    var passedOver: [(id: BackupID, why: String)] = []

    struct Choice {
        var backup: BackupManifest?
        var state: SnapshotManifest?
        var runs: [RunCatalogue.Item]
    }

    mutating func run() throws(RestoreError) -> Choice {
        if case .backup(let id) = target {
            guard view.backups.ids.contains(id) else { throw .noBackup(id) }
            let (backup, state) = try archived { () throws(ArchiveError) in try read(id) }
            return Choice(backup: backup, state: state, runs: [])
        }
        for id in candidates {
            guard let runs = runs(behind: id.index) else { continue }
            do throws(RestoreError) {
                let (backup, state) = try archived { () throws(ArchiveError) in try read(id) }
                guard isNotLater(backup) else { continue }
                if options.verifiesBackups, let damage = try damage(of: id) {
                    passedOver.append((id, damage))
                    continue
                }
                return Choice(backup: backup, state: state, runs: runs)
            } catch {
                guard case .archive(let cause) = error, cause.isDamage else { throw error }
                passedOver.append((id, cause.description))
            }
        }
        guard let runs = runs(behind: .zero), !runs.isEmpty, !options.isWithoutLog else { throw try unreachable() }
        if case .time(let time) = target, let first = runs.first?.name,
            case .run(let facts) = try view.header(of: first).contents, time < facts.firstTime
        {
            throw try unreachable()
        }
        return Choice(backup: nil, state: nil, runs: runs)
    }

    /// What is wrong with the objects of a backup; nil when all of them are whole.
    private func damage(of id: BackupID) throws(RestoreError) -> String? {
        var verify = try ArchiveVerify(view)
        return try verify.run(id).damages.first?.description
    }

    /// Why the target can not be reached: entries before it are missing, or it is outside of what there is.
    private func unreachable() throws(RestoreError) -> RestoreError {
        let reachable = try lineage.reachable(in: view)
        let newest = newest
        let wanted: LogIndex? =
            switch target {
            case .latest: newest
            case .index(let index): index <= newest ? index : nil
            case .time(let time): lineage.runs.items.first { $0.name.lastTime >= time }?.name.last
            case .backup: nil
            }
        guard let wanted, !options.isWithoutLog, let end = reachable.last(where: { $0.first <= wanted })?.last,
            end < wanted
        else { return .outOfRange(target, reachable: reachable) }
        let next = lineage.runs.items.map(\.name.first).filter { $0 > end.next }.min() ?? wanted.next
        return .gap(target, missing: end.next...next.previous, reachable: reachable)
    }

    /// The newest entry that an object has.
    private var newest: LogIndex {
        max(lineage.runs.last, view.backups.ids.filter(lineage.holds).map(\.index).max() ?? .zero)
    }

    private func read(_ id: BackupID) throws(ArchiveError) -> (BackupManifest, SnapshotManifest) {
        let backup = try view.backups.manifest(of: id, in: view.store)
        return (backup, try view.backups.state(of: backup, in: view.store))
    }

    /// Newest first, and first those from which the log goes furthest.
    private var candidates: [BackupID] {
        let known = view.backups.ids.filter(lineage.holds)
        switch target {
        case .latest:
            let reach = known.map { (id: $0, last: end(behind: $0.index)) }
            return reach.sorted { $0.last != $1.last ? $0.last > $1.last : $0.id.index > $1.id.index }.map(\.id)
        case .index(let index): return known.filter { $0.index <= index }.sorted { $0.index > $1.index }
        case .time(let time): return known.filter { $0.time <= time }.sorted { $0.index > $1.index }
        case .backup: return []
        }
    }

    private func isNotLater(_ backup: BackupManifest) -> Bool {
        if case .time(let time) = target { backup.timestamp <= time } else { true }
    }

    private static let endless = LogIndex(.max >> 2)

    private func end(behind index: LogIndex) -> LogIndex {
        lineage.runs.path(behind: index, through: BaseSearch.endless).last?.name.last ?? index
    }

    /// The objects that lead to the target from behind an index; nil when they do not.
    private func runs(behind index: LogIndex) -> [RunCatalogue.Item]? {
        if options.isWithoutLog { return [] }
        switch target {
        case .backup: return []
        case .latest:
            // A part of the line that has no base leads nowhere, and a later one may; what is newest has to be in it.
            let path = lineage.runs.path(behind: index, through: BaseSearch.endless)
            return path.last?.name.last ?? index >= newest ? path : nil
        case .index(let target):
            let path = lineage.runs.path(behind: index, through: target)
            return path.last?.name.last ?? index >= target ? path : nil
        case .time(let time):
            let path = lineage.runs.path(behind: index, through: BaseSearch.endless)
            guard let position = path.firstIndex(where: { $0.name.lastTime >= time }) else { return nil }
            return Array(path[...position])
        }
    }
}
