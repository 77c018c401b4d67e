// What an operator asks of a restore, in words; each is checked here.

import ArchiveFormat
import ArchiveRestore
import LogStore
import Platform
import Vocabulary

public struct RestoreRequest: Sendable {
    public var directory: String
    /// Nil is that of the directory which is there, or `n1`.
    public var node: String?
    public var timeline: String?
    public var time: String?
    public var index: UInt64?
    public var backup: String?
    public var replaces = false
    /// Of backups, only such as verify.
    public var verifiesBackups = false
    /// The next best point when the one that is wanted can not be restored.
    public var fallsBack = false
    /// What is whole, where parts of the backup are not.
    public var isBestEffort = false
    /// The snapshots in the directory stay, and the log is replaced.
    public var keepsState = false
    /// The newest backup up to the target, without the log behind it.
    public var isWithoutLog = false
    /// `A-B`, `A..B` and patterns.
    public var skippedIndexes: [String] = []
    public var skippedTimes: [String] = []
    public var skippedKeys: [String] = []
    /// The result is compared with the newest state, key by key.
    public var compares = false
    /// Whose the files will be.
    public var owner: String?
    /// The unit of systemd that is stopped before and started after.
    public var service: String?

    public init(directory: String, node: String?) {
        self.directory = directory.count > 1 && directory.hasSuffix("/") ? String(directory.dropLast()) : directory
        self.node = node
    }

    func target() throws(ControlError) -> RestoreTarget {
        guard [time != nil, index != nil, backup != nil].count(where: { $0 }) <= 1 else {
            throw .usage("give one of --at, --index and --backup")
        }
        if let time { return .time(try parse(time, of: "--at")) }
        if let index {
            guard index > 0, index < 1 << 62 else {
                throw .usage("--index \(index) is no log index: they count from 1")
            }
            return .index(LogIndex(index))
        }
        guard let backup else { return .latest }
        guard let id = BackupID(backup) else {
            throw .usage("--backup \(backup) is no id of a backup: `nodectl backup list` shows them")
        }
        return .backup(id)
    }

    func options() throws(ControlError) -> PlanOptions {
        if keepsState, isWithoutLog { throw .usage("give one of --log-only and --snapshot-only") }
        if keepsState, backup != nil || fallsBack || verifiesBackups {
            throw .usage("--log-only uses no backup: it goes without --backup, --fallback and --newest-verified")
        }
        if isBestEffort, keepsState || fallsBack || verifiesBackups {
            throw .usage("--best-effort goes without --fallback, --newest-verified and --log-only: try those first")
        }
        if isWithoutLog, !skips.isEmpty { throw .usage("--snapshot-only replays nothing that could be skipped") }
        if verifiesBackups, backup != nil { throw .usage("--newest-verified finds the backup itself: omit --backup") }
        var options = PlanOptions()
        options.verifiesBackups = verifiesBackups
        options.isWithoutLog = isWithoutLog
        return options
    }

    func order() throws(ControlError) -> RestoreOrder {
        var order = RestoreOrder(directory: directory, node: try nodeID())
        order.replacesAnything = replaces
        order.comparesWithNewest = compares
        order.isBestEffort = isBestEffort
        order.skips = try filter()
        if let owner {
            guard let found = FileOwner(user: owner) else { throw .usage("--owner \(owner): there is no such user") }
            guard ThisProcess.userID == 0 else { throw .usage("--owner needs root") }
            order.owner = found
        }
        return order
    }

    private func nodeID() throws(ControlError) -> NodeID {
        if let node {
            guard let id = NodeID(node) else { throw .usage("--node \(node) is no name of a node") }
            return id
        }
        if let known = (try? DataDirectory.identity(at: directory))?.node { return known }
        guard let first = NodeID("n1") else { preconditionFailure("n1 is a name") }
        return first
    }

    // MARK: What is left out

    private var skips: [String] { skippedIndexes + skippedTimes + skippedKeys }

    private func filter() throws(ControlError) -> SkipFilter {
        var filter = SkipFilter()
        for text in skippedIndexes { filter.indexes.append(try indexes(text)) }
        for text in skippedTimes { filter.times.append(try times(text)) }
        filter.keys = skippedKeys
        return filter
    }

    private func indexes(_ text: String) throws(ControlError) -> ClosedRange<LogIndex> {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0) }
        guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, 0 < first, first <= last,
            last < 1 << 62
        else { throw .usage("--skip-index \(text) is no range of log indexes: write 4711-4720, or 4711 for one") }
        return LogIndex(first)...LogIndex(last)
    }

    private func times(_ text: String) throws(ControlError) -> ClosedRange<Timestamp> {
        let ends = text.components(by: "..")
        guard ends.count == 2 else {
            throw .usage("--skip-time \(text) is no range of times: write 2026-11-21T02:13:34Z..2026-11-21T02:14:00Z")
        }
        let (first, last) = (try parse(ends[0], of: "--skip-time"), try parse(ends[1], of: "--skip-time"))
        guard first <= last else { throw .usage("--skip-time \(text) ends before it begins") }
        return first...last
    }

    private func parse(_ text: String, of option: String) throws(ControlError) -> Timestamp {
        guard let parsed = TimeText.full(text) else {
            throw .usage(
                "\(option) \(text) is no time: write 2026-11-21T02:13:34Z, in UTC, with up to six digits behind a point"
            )
        }
        return parsed
    }
}

extension String {
    /// The parts before and behind the first place where a mark stands; the whole, where there is none.
    fileprivate func components(by mark: String) -> [String] {
        guard let place = firstRange(of: mark) else { return [self] }
        return [String(self[..<place.lowerBound]), String(self[place.upperBound...])]
    }
}
