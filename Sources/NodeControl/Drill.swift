// `nodectl drill run`: a disaster on a scratch copy, measured from its beginning until service is back.

public import ArchiveFormat
public import ArchiveRestore
import ArchiveStore
import Platform
import Vocabulary

/// What is to be rehearsed.
public struct DrillOrder: Sendable {
    public var scenario = DrillScenario.totalLoss
    /// The number of a drill to repeat; nil draws one.
    public var seed: UInt64?
    /// Of the scratch cluster; nil for what the scenario takes.
    public var nodes: Int?
    public var checks = CheckList()
    public var targets = DrillRecord.Targets()
    /// Whether the archive keeps what came of it.
    public var isRecorded = true
    public var noded: String?
    /// Where the scratch copy is made; nil for the place of temporary files.
    public var scratch: String?

    public init() {}

    /// Takes the checks of a file. Throws `usage` with the number of the line that is none.
    public mutating func readChecks(_ path: String) throws(ControlError) {
        do throws(CheckListError) { checks = try CheckList(try CheckList.text(ofFile: path)) } catch {
            throw .usage("\(path): \(error)")
        }
    }

    /// Inclusive.
    public static let seedMax = DrillRecord.numberMax
}

/// Never touches a live cluster but by `handOver`: it reads an archive, and writes one record into it.
public final class Drill {
    let place: ArchivePlace?
    let order: DrillOrder
    let tell: (String) -> Void
    var record: DrillRecord
    private let began = MonotonicClock.now()
    private var disasterAt: Instant?

    /// What the record names where the state is of no archive.
    static let noCluster = ClusterID(high: 0, low: 0)

    /// - Parameter place: where the state comes from; nil for one made up, where the scenario allows that.
    public init(
        _ place: ArchivePlace?, _ order: DrillOrder, tell: @escaping (String) -> Void
    ) throws(ControlError) {
        if place == nil, order.scenario == .totalLoss || order.scenario == .backup {
            throw .usage("--scenario \(order.scenario.rawValue) restores from an archive: give --from URL")
        }
        (self.place, self.order, self.tell) = (place, order, tell)
        let cluster = try place?.view().cluster ?? Drill.noCluster
        record = DrillRecord(
            id: RecordID(time: WallClock.now(), draw: SystemRandom.word()), cluster: cluster,
            scenario: order.scenario, seed: order.seed ?? SystemRandom.word() % DrillRecord.numberMax,
            machine: ThisProcess.hostName, program: NodeControlVersion.text)
        record.targets = order.targets
    }

    public func run() -> DrillOutcome {
        finish { () throws(ControlError) in
            try ScratchPlace.with(order.scratch) { directory throws(ControlError) in
                switch order.scenario {
                case .totalLoss, .backup: try loseEverything(in: directory, backup: nil)
                case .lostLeader: try loseLeader(in: directory)
                case .corruptLog: try corruptLog(in: directory)
                case .badWrite: try writeBadly(in: directory)
                }
            }
        }
    }

    /// One backup, without the log behind it: `nodectl backup verify --full`.
    public func verify(_ id: BackupID) -> DrillOutcome {
        finish { () throws(ControlError) in
            try ScratchPlace.with(order.scratch) { directory throws(ControlError) in
                try loseEverything(in: directory, backup: id)
            }
        }
    }

    /// Judges what is in the record, and has the archive keep it. What came of the drill is never lost by that.
    func finish(_ body: () throws(ControlError) -> Void) -> DrillOutcome {
        do throws(ControlError) { try body() } catch {
            record.failure = .init(code: error.blame, text: "\(error)")
        }
        record.duration = MonotonicClock.now() - began
        record.judge()
        guard order.isRecorded, let place else { return DrillOutcome(record) }
        do throws(ControlError) {
            let view = try place.view()
            do throws(ArchiveError) {
                let log = DrillLog(view.store, view.cluster)
                record.previous = try log.newestHash()
                try log.append(record)
            } catch { throw .archive(error) }
        } catch { return DrillOutcome(record, notKept: "\(error)") }
        return DrillOutcome(record)
    }

    // MARK: What happened when

    func note(_ kind: DrillRecord.Event.Kind, _ text: String, at time: Instant = MonotonicClock.now()) {
        if kind == .disaster { disasterAt = time }
        let since = disasterAt.map { max(.zero, time - $0) }
        switch kind {
        case .detection: record.detection = since
        case .response: record.response = since
        case .recovery: record.recovery = since
        case .step, .disaster: break
        }
        record.events.append(.init(kind, text, at: max(.zero, time - began)))
        record.events.sort { $0.offset < $1.offset }
        tell(text)
    }

    func phase(_ name: String, _ duration: Duration) { record.phases.append(.init(name, duration)) }

    func check(_ name: String, expected: String, found: String) {
        record.checks.append(.init(name, expected: expected, found: found))
    }
}
