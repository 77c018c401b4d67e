// Retention: whatever the rules, what a kept backup or the window needs is never removed.

import ArchiveFormat
import Testing
import Vocabulary

@testable import ArchivePlan

@Suite struct RetentionTests {
    private static let cluster = ClusterID(high: 1, low: 2)
    private static let first = TimelineName(.first)
    private static let day: UInt64 = 86_400_000_000
    /// 2026-11-01T00:00:00Z, a Sunday.
    private static let start: UInt64 = 1_793_491_200_000_000

    private static func time(_ days: Double) -> Timestamp { Timestamp(rawValue: start + UInt64(days * Double(day))) }

    private static func backup(
        _ days: Double, on timeline: TimelineName = first, isPinned: Bool = false, isReadable: Bool = true
    ) -> KnownBackup {
        KnownBackup(
            id: BackupID(time: time(days), timeline: timeline, index: LogIndex(UInt64(days * 1000) + 1)),
            time: time(days), isPinned: isPinned, isReadable: isReadable)
    }

    private static func run(_ from: Double, _ to: Double, on timeline: TimelineName = first) -> RunName {
        RunName(
            cluster: cluster, timeline: timeline, first: LogIndex(UInt64(from * 1000) + 1),
            last: LogIndex(UInt64(to * 1000)), lastTime: time(to), term: Term(1), isTail: false)
    }

    private static func policy(_ change: (inout RetentionPolicy) -> Void) -> RetentionPolicy {
        var policy = RetentionPolicy(window: .zero, count: 0, age: .zero, daily: 0)
        change(&policy)
        return policy
    }

    private func kept(_ policy: RetentionPolicy, _ backups: [KnownBackup], now: Double) -> [BackupID] {
        RetentionPlan(policy, backups, runs: [], now: Self.time(now)).kept.map(\.id)
    }

    @Test func `the newest that can be read stays, whatever the rules say`() {
        let backups = [0, 1, 2].map { Self.backup($0) } + [Self.backup(3, isReadable: false)]
        let plan = RetentionPlan(Self.policy { _ in }, backups, runs: [], now: Self.time(100))
        #expect(plan.kept.map(\.id) == [backups[3].id, backups[2].id])
        #expect(plan.kept.map(\.reasons) == [[.unreadable], [.newest, .window]])
        #expect(plan.removed == [backups[0].id, backups[1].id])
    }

    @Test func `with ten daily backups, seven stay`() {
        let backups = (0..<10).map { Self.backup(Double($0) + 0.1) }
        let found = kept(Self.policy { $0.daily = 7 }, backups, now: 10)
        #expect(found == backups.suffix(7).reversed().map(\.id))
    }

    @Test func `of a day, a week, a month the last stays`() {
        // Two a day for ninety days.
        let backups = (0..<180).map { Self.backup(Double($0) / 2 + 0.25) }
        #expect(kept(Self.policy { $0.daily = 3 }, backups, now: 90) == [179, 177, 175].map { backups[$0].id })
        let weekly = kept(Self.policy { $0.weekly = 3 }, backups, now: 90)
        // The newest is of Friday, 2027-01-29; weeks end on Sundays: 24 and 17 January, days 84 and 77.
        #expect(weekly == [179, 169, 155].map { backups[$0].id })
        let monthly = kept(Self.policy { $0.monthly = 2 }, backups, now: 90)
        #expect(monthly == [179, 121].map { backups[$0].id })
    }

    @Test func `pinned ones stay, and young ones`() {
        let backups = [Self.backup(0, isPinned: true)] + (1..<10).map { Self.backup(Double($0)) }
        let found = kept(Self.policy { $0.age = .seconds(3 * 86_400) }, backups, now: 10)
        #expect(found == [9, 8, 7, 0].map { backups[$0].id })
    }

    @Test func `the window keeps a backup before it and the log behind that`() {
        let backups = (0..<10).map { Self.backup(Double($0)) }
        let runs = (0..<20).map { Self.run(Double($0) / 2, Double($0 + 1) / 2) }
        let plan = RetentionPlan(
            Self.policy { $0.window = .seconds(3 * 86_400) }, backups, runs: runs, now: Self.time(9.5))
        // It begins at day 6.5: the backup of day 6 leads into it, and the log behind that.
        #expect(plan.kept.map(\.id) == [9, 8, 7, 6].map { backups[$0].id })
        #expect(plan.removedRuns == Array(runs.prefix(12)))
    }

    @Test func `a timeline without a backup before the window keeps what it goes back to`() throws {
        let second = try #require(TimelineName("2-0f3c9a7e"))
        let backups = (0..<10).map { Self.backup(Double($0)) } + [Self.backup(9.2, on: second)]
        // It began behind day 4.5 of the first one, just now.
        let runs =
            (0..<20).map { Self.run(Double($0) / 2, Double($0 + 1) / 2) }
            + [
                RunName(
                    cluster: Self.cluster, timeline: second, first: LogIndex(4501), last: LogIndex(4600),
                    lastTime: Self.time(9.1), term: Term(9), isTail: false)
            ]
        let plan = RetentionPlan(Self.policy { $0.window = .seconds(86_400) }, backups, runs: runs, now: Self.time(9.5))
        #expect(plan.kept.map(\.id).contains(backups[4].id))
        #expect(plan.removedRuns.allSatisfy { $0.last <= LogIndex(4001) })
    }

    @Test(arguments: 0..<200)
    func `every point of the window can be restored after retention as before`(seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        let backups = (0..<30).compactMap { step in
            random.next() % 3 == 0
                ? nil : Self.backup(Double(step) / 3, isReadable: random.next() % 10 != 0)
        }
        let runs = (0..<60).map { Self.run(Double($0) / 6, Double($0 + 1) / 6) }
        let policy = RetentionPolicy(
            window: .seconds(Int64(random.next() % 12) * 86_400), count: Int(random.next() % 3),
            age: .seconds(Int64(random.next() % 4) * 86_400), daily: Int(random.next() % 5))
        let now = 10.0
        let plan = RetentionPlan(policy, backups, runs: runs, now: Self.time(now))
        let gone = Set(plan.removed)
        let goneRuns = Set(plan.removedRuns)
        let left = backups.filter { !gone.contains($0.id) && $0.isReadable }
        let leftRuns = runs.filter { !goneRuns.contains($0) }
        func reaches(_ index: UInt64, _ backups: [KnownBackup], _ runs: [RunName]) -> Bool {
            let base = backups.map(\.id.index.rawValue).filter { $0 <= index }.max() ?? 0
            var end = base
            for run in runs where run.first.rawValue <= end + 1 { end = max(end, run.last.rawValue) }
            return end >= index
        }
        let begin = max(0, now - Double(policy.window.components.seconds) / 86_400)
        for step in 0...100 {
            let point = UInt64((begin + (now - begin) * Double(step) / 100) * 1000)
            guard point > 0, reaches(point, backups.filter(\.isReadable), runs) else { continue }
            #expect(reaches(point, left, leftRuns), "index \(point)")
        }
        // What is left is what the same rules keep.
        let again = RetentionPlan(
            policy, backups.filter { !gone.contains($0.id) }, runs: leftRuns, now: Self.time(now))
        #expect(again.removed.isEmpty && again.removedRuns.isEmpty)
    }

    @Test func `sizes are judged against the median of the last seven`() throws {
        let baseline = try #require(SizeVerdict.baseline(of: [1, 1, 1, 100, 100, 90, 110, 100, 5000, 100]))
        #expect(baseline == 100)
        for (value, verdict) in [
            (100, .normal), (120, .normal), (80, .normal), (121, .notice), (79, .notice), (150, .notice), (50, .notice),
            (151, .grown), (200, .grown), (201, .suspicious), (49, .suspicious), (0, .suspicious),
        ] as [(Double, SizeVerdict)] {
            #expect(SizeVerdict(value, baseline: baseline) == verdict, "\(value)")
        }
        #expect(SizeVerdict(7, baseline: nil) == .normal)
    }
}
