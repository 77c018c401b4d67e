// Which backups and which objects of the log go, and why the others stay.

public import ArchiveFormat
public import Vocabulary

/// What retention knows of a backup.
public struct KnownBackup: Hashable, Sendable {
    public let id: BackupID
    /// Of its newest entry.
    public let time: Timestamp
    public let isPinned: Bool
    public let isReadable: Bool

    public init(id: BackupID, time: Timestamp, isPinned: Bool = false, isReadable: Bool = true) {
        self.id = id
        self.time = time
        self.isPinned = isPinned
        self.isReadable = isReadable
    }
}

/// A plan is a function of what there is: made twice, it is the same; carried out by half and made again, it is the
/// rest.
public struct RetentionPlan: Hashable, Sendable {
    public struct Kept: Hashable, Sendable {
        public let id: BackupID
        public let reasons: [RetentionReason]
    }

    /// Newest first.
    public private(set) var kept: [Kept] = []
    /// Oldest first.
    public private(set) var removed: [BackupID] = []
    /// Objects of the log that no point which stays restorable needs, in the order of their indexes.
    public private(set) var removedRuns: [RunName] = []

    /// - Parameters:
    ///   - runs: all objects of the log, of all timelines.
    ///   - now: the time of the newest entry, or of a clock.
    public init(_ policy: RetentionPolicy, _ backups: [KnownBackup], runs: [RunName], now: Timestamp) {
        let newestFirst = backups.sorted { $0.time != $1.time ? $0.time > $1.time : $0.id > $1.id }
        var reasons: [BackupID: [RetentionReason]] = [:]
        func keep(_ backup: KnownBackup, _ reason: RetentionReason) { reasons[backup.id, default: []].append(reason) }
        for backup in newestFirst {
            if backup.isPinned { keep(backup, .pinned) }
            if !backup.isReadable { keep(backup, .unreadable) }
        }
        let readable = newestFirst.filter(\.isReadable)
        if let newest = readable.first { keep(newest, .newest) }
        for backup in readable.prefix(max(0, policy.count)) { keep(backup, .count) }
        for backup in readable where RetentionPlan.isWithin(policy.age, backup.time, now) { keep(backup, .age) }
        for (count, reason, unit) in [
            (policy.daily, RetentionReason.daily, CalendarUnit.day), (policy.weekly, .weekly, .week),
            (policy.monthly, .monthly, .month),
        ] {
            for backup in RetentionPlan.last(count, of: unit, in: readable) { keep(backup, reason) }
        }
        let begin = RetentionPlan.beginning(of: policy.window, now)
        let needs = WindowNeeds(begin: begin, readable, runs)
        for backup in readable where backup.time >= begin || needs.bases.contains(backup.id) { keep(backup, .window) }
        kept = newestFirst.compactMap { backup in reasons[backup.id].map { Kept(id: backup.id, reasons: $0) } }
        removed = newestFirst.reversed().map(\.id).filter { reasons[$0] == nil }
        removedRuns = runs.filter { run in
            run.lastTime < begin && run.last <= needs.floors[run.timeline] ?? .zero
        }.sorted()
    }

    private static func beginning(of window: Duration, _ now: Timestamp) -> Timestamp {
        let length = UInt64(clamping: window.inNanoseconds / 1000)
        return Timestamp(rawValue: now.rawValue > length ? now.rawValue - length : 0)
    }

    private static func isWithin(_ age: Duration, _ time: Timestamp, _ now: Timestamp) -> Bool {
        age > .zero && time >= beginning(of: age, now)
    }

    /// The last backup of each of the newest so many units that have any.
    private static func last(_ count: Int, of unit: CalendarUnit, in newestFirst: [KnownBackup]) -> [KnownBackup] {
        var seen: Set<Int> = []
        var found: [KnownBackup] = []
        for backup in newestFirst where seen.count < count {
            if seen.insert(unit.number(of: backup.time)).inserted { found.append(backup) }
        }
        return found
    }
}

/// What points within the window are restored from: a backup before it on each timeline, and the log behind that.
private struct WindowNeeds {
    private(set) var bases: Set<BackupID> = []
    /// By timeline, the entry up to which no point of the window needs the log.
    private(set) var floors: [TimelineName: LogIndex] = [:]

    init(begin: Timestamp, _ backups: [KnownBackup], _ runs: [RunName]) {
        let timelines = Set(runs.map(\.timeline) + backups.map(\.id.timeline)).sorted()
        for timeline in timelines {
            let base = WindowNeeds.newest(backups) { $0.id.timeline == timeline && $0.time < begin }
            if let base { need(base) }
        }
        // A timeline that has none yet goes back to another one, from before the entry that it begins with.
        for timeline in timelines where floors[timeline] == nil {
            floors[timeline] = .zero
            guard let first = runs.filter({ $0.timeline == timeline }).map(\.first).min() else { continue }
            for other in timelines where other < timeline {
                let base = WindowNeeds.newest(backups) { $0.id.timeline == other && $0.id.index < first }
                if let base { need(base) } else { floors[other] = .zero }
            }
        }
    }

    private mutating func need(_ base: KnownBackup) {
        bases.insert(base.id)
        floors[base.id.timeline] = min(base.id.index, floors[base.id.timeline] ?? base.id.index)
    }

    private static func newest(_ backups: [KnownBackup], where isMeant: (KnownBackup) -> Bool) -> KnownBackup? {
        backups.filter(isMeant).max { $0.time != $1.time ? $0.time < $1.time : $0.id < $1.id }
    }
}

/// Days, weeks that begin on Monday, and months, by their number since 1970, UTC.
enum CalendarUnit {
    case day
    case week
    case month

    func number(of time: Timestamp) -> Int {
        let days = Int(time.rawValue / 86_400_000_000)
        switch self {
        case .day: return days
        // 1970-01-01 was a Thursday.
        case .week: return (days + 3) / 7
        case .month:
            let text = TimeText.seconds(time)
            return (Int(text.prefix(4)) ?? 0) * 12 + (Int(text.dropFirst(4).prefix(2)) ?? 0)
        }
    }
}
