// Restoring what can be: the wanted point, or the newest before it to which whole objects lead.

import ArchiveFormat
import ArchiveStore
import ObjectStores
import Vocabulary

/// What a fallback gave up, of what was asked for.
public struct RestoreShortfall: Sendable {
    /// Objects that were damaged or gone, and what was wrong with each, in the order in which they were found.
    public var damages: [(name: String, why: String)] = []
    /// The entry that was wanted, with its time; at most that one where an object is damaged that would tell.
    public var wanted: RestoreEnd

    /// Entries between a restored point and the wanted one.
    func entries(behind position: LogPosition) -> Int { max(0, wanted.position.index - position.index) }
    func time(behind time: Timestamp) -> Duration {
        .microseconds(Int64(clamping: wanted.time.rawValue > time.rawValue ? wanted.time.rawValue - time.rawValue : 0))
    }
}

/// Tries a restore; each object that turns out to be damaged is left aside from then on, and the next best point is
/// tried, until one verifies.
public struct FallbackRestore {
    private let view: ArchiveView
    private let timeline: String?
    private let order: RestoreOrder
    private let options: PlanOptions
    private var target: RestoreTarget
    private var shortfall: RestoreShortfall
    private var hidden: Set<String> = []

    /// - Parameter options: as for `RestorePlan`.
    public init(
        _ target: RestoreTarget, timeline: String?, in view: ArchiveView, _ options: PlanOptions = PlanOptions(),
        _ order: RestoreOrder
    ) throws(RestoreError) {
        self.target = target
        self.timeline = timeline
        self.view = view
        self.options = options
        self.order = order
        shortfall = RestoreShortfall(wanted: try FallbackRestore.wanted(target, timeline, in: view))
    }

    /// - Parameters:
    ///   - tell: hears of each plan that is tried, and of each object that is left aside.
    ///   - report: as for `Restore`.
    public mutating func run(
        tell: (String) -> Void, plan planned: (RestorePlan) -> Void,
        report: @escaping (RestoreProgress) -> Void
    ) throws(RestoreError) -> RestoreReport {
        while true {
            let plan = try nextPlan()
            planned(plan)
            do throws(RestoreError) {
                var restore = Restore(plan, order, report: report)
                restore.shortfall = shortfall
                return try restore.run()
            } catch {
                guard leaveAside(error, plan) else { throw error }
                tell("\(error); the next best is tried")
            }
        }
    }

    /// The plan for the best point that is left.
    private mutating func nextPlan() throws(RestoreError) -> RestorePlan {
        let seen = try ArchiveView(HidingObjects(view.store, without: hidden), cluster: view.cluster)
        while true {
            do throws(RestoreError) {
                return try RestorePlan(target, timeline: timeline, in: seen, options)
            } catch {
                guard let reachable = error.reachable, let index = best(in: reachable), target != .index(index) else {
                    throw error
                }
                target = .index(index)
            }
        }
    }

    /// The last entry that can be reached and is not behind the wanted one.
    private func best(in ranges: [RestorableRange]) -> LogIndex? {
        let wanted = shortfall.wanted.position.index
        return ranges.filter { $0.first <= wanted }.map { min($0.last, wanted) }.max()
    }

    /// Whether the error tells of an object that a plan can do without.
    private mutating func leaveAside(_ error: RestoreError, _ plan: RestorePlan) -> Bool {
        guard let name = culprit(error, plan), hidden.insert(name).inserted else { return false }
        shortfall.damages.append((name: name, why: "\(error)"))
        return true
    }

    /// An object of the log by itself; the backup by its manifest, whatever is wrong with its state.
    private func culprit(_ error: RestoreError, _ plan: RestorePlan) -> String? {
        let backup = plan.backup?.id.manifest(of: view.cluster)
        switch error {
        case .archive(.object(let name, let fault)) where fault.isDamage: return RunName(name) == nil ? backup : name
        case .archive(.store(let error)) where error.reason == .missing:
            let name = error.subject.split(separator: "/").suffix(4).joined(separator: "/")
            return RunName(name) == nil ? backup : name
        case .state, .otherCount: return backup
        case .otherDigest(let index, _, _, _):
            // Without a backup it is the log that makes another state than it says.
            return backup ?? plan.runs.first { $0.name.last >= index }?.name.description
        default: return nil
        }
    }

    /// By the plan, or by the names of objects where one is damaged.
    private static func wanted(
        _ target: RestoreTarget, _ timeline: String?, in view: ArchiveView
    ) throws(RestoreError) -> RestoreEnd {
        do throws(RestoreError) {
            return try RestorePlan(target, timeline: timeline, in: view).exactEnd()
        } catch {
            var name: TimelineName?
            if timeline == nil, case .backup(let id) = target { name = id.timeline }
            if name == nil { name = try view.timeline(timeline) }
            guard let line = name else { throw error }
            let items = try Lineage(of: line, in: view).runs.items.map(\.name)
            let newest = items.max { $0.last < $1.last }
            switch target {
            case .backup(let id):
                return RestoreEnd(position: LogPosition(term: .zero, index: id.index), time: id.time)
            case .latest:
                guard let newest else { throw error }
                return RestoreEnd(position: LogPosition(term: newest.term, index: newest.last), time: newest.lastTime)
            case .index(let index):
                guard let newest, index <= newest.last else { throw error }
                let holder = items.first { $0.first <= index && index <= $0.last } ?? newest
                return RestoreEnd(position: LogPosition(term: holder.term, index: index), time: holder.lastTime)
            case .time(let time):
                guard let newest, time <= newest.lastTime else { throw error }
                let holder = items.filter { $0.lastTime >= time }.min { $0.lastTime < $1.lastTime } ?? newest
                return RestoreEnd(position: LogPosition(term: holder.term, index: holder.last), time: time)
            }
        }
    }
}
