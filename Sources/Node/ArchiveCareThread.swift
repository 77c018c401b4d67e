// Looks after what is in the archive, away from the loop: reads it back, removes what no rule keeps, tries a restore.

import ArchiveFormat
import ArchivePlan
import ArchiveRestore
import ArchiveStore
import LogStore
import ObjectStores
import Platform
import Settings
import Telemetry
import Vocabulary

/// One task after the other, at the lowest priority.
final class ArchiveCareThread: Sendable {
    enum Order: Sendable {
        /// Read back from behind an entry that needs no proof, and go on with it; nil ends that.
        case readBack(ArchiveOwner, behind: LogIndex)
        case rest
        case retain(ClusterID)
        /// Restore the newest state, prove it, remove it.
        case tryRestore(ClusterID)
    }

    enum Letter: Sendable {
        case read(ReadBackOutcome)
        case readFailed(ArchiveError)
        case retained(RemovalOutcome)
        /// The last verification found the newest backup damaged.
        case retentionHeld(VerificationRecord)
        case retentionFailed(ArchiveError)
        case tried(ArchiveStatus.Trial)
        /// What came of a trial could not be noted in the archive.
        case recordFailed(ArchiveError)
    }

    private let orders: WorkQueue<Order>
    private let thread: WorkerThread
    private let place: ArchivePlace

    init(
        _ place: ArchivePlace, _ settings: RetentionSettings, node: NodeID, program: String, directory: String,
        report: @escaping @Sendable (Letter) -> Void
    ) throws(SystemError) {
        let orders = WorkQueue<Order>()
        self.orders = orders
        self.place = place
        thread = try WorkerThread.start(name: "archive-care", yields: true) {
            var care = Caring(
                place: place, settings: settings, node: node, program: program, directory: directory, report: report)
            var taken: [Order] = []
            while orders.takeAll(into: &taken, waitUntil: care.deadline) {
                for order in taken { care.carryOut(order) }
                care.goOn(at: MonotonicClock.now())
            }
        }
    }

    func post(_ order: Order) { orders.post(order) }

    /// What is under way is given up where it stands; the next day does it again.
    func stop() {
        place.stop()
        orders.close()
        thread.join()
    }
}

private struct Caring {
    let place: ArchivePlace
    let settings: RetentionSettings
    let node: NodeID
    let program: String
    let directory: String
    let report: @Sendable (ArchiveCareThread.Letter) -> Void

    private var reading: ReadBack?
    private var nextAt: Instant?
    private var store: (any ObjectStore)?

    init(
        place: ArchivePlace, settings: RetentionSettings, node: NodeID, program: String, directory: String,
        report: @escaping @Sendable (ArchiveCareThread.Letter) -> Void
    ) {
        self.place = place
        self.settings = settings
        self.node = node
        self.program = program
        self.directory = directory
        self.report = report
    }

    /// Nil while there is nothing to wait for but orders.
    var deadline: Instant? { reading == nil ? nil : nextAt }

    mutating func carryOut(_ order: ArchiveCareThread.Order) {
        switch order {
        case .readBack(let owner, let index):
            reading = ReadBack(owner.cluster, TimelineName(owner.timeline), behind: index)
            nextAt = MonotonicClock.now()
        case .rest: (reading, nextAt) = (nil, nil)
        case .retain(let cluster): retain(cluster)
        case .tryRestore(let cluster): if let trial = tryRestore(cluster) { report(.tried(trial)) }
        }
    }

    private mutating func open() throws(ArchiveError) -> any ObjectStore {
        if let store { return store }
        let opened = try place.open(retries: .init())
        store = opened
        return opened
    }

    // MARK: Reading back

    mutating func goOn(at now: Instant) {
        guard var reading, let interval = settings.readBackInterval, nextAt.map({ $0 <= now }) ?? true else { return }
        do throws(ArchiveError) {
            let outcome = try reading.step(in: try open())
            self.reading = reading
            nextAt = outcome.isBehind ? now : now + interval
            report(.read(outcome))
        } catch {
            nextAt = now + interval
            report(.readFailed(error))
        }
    }

    // MARK: Retention

    private mutating func retain(_ cluster: ClusterID) {
        do throws(ArchiveError) {
            let store = try open()
            if let last = try VerificationLog(store, cluster).newest(),
                last.failure?.code == RestoreTrial.Blame.backupDamaged.rawValue
            {
                return report(.retentionHeld(last))
            }
            let survey = try ArchiveSurvey(store, cluster)
            let newest = max(survey.runs.map(\.lastTime).max() ?? .zero, survey.backups.map(\.time).max() ?? .zero)
            let plan = RetentionPlan(settings.policy, survey.backups, runs: survey.runs, now: newest)
            report(.retained(try ArchiveKeeper(store, cluster).carryOut(plan, at: WallClock.now())))
        } catch { report(.retentionFailed(error)) }
    }

    // MARK: A restore

    /// Nil when the node ends meanwhile.
    private mutating func tryRestore(_ cluster: ClusterID) -> ArchiveStatus.Trial? {
        var status = ArchiveStatus.Trial(at: WallClock.now())
        let store: any ObjectStore
        do throws(ArchiveError) { store = try open() } catch {
            status.failure = ArchiveStatus.Failure(error, count: 1)
            return status
        }
        let trial = RestoreTrial.run(
            store, cluster: cluster, node: node, in: directory, checks: settings.checks
        ) { [place] in place.isStopped }
        if case .stopped = trial.failure?.error { return nil }
        status.took = trial.duration
        if let failure = trial.failure {
            status.failure = ArchiveStatus.Failure(
                code: failure.blame.rawValue, text: failure.error.description, remedy: failure.error.remedy.text,
                count: 1)
        }
        if let report = trial.report {
            status.backup = report.backup?.text
            status.index = report.position.index
            status.records = report.records
            status.digest = "\(report.digest)"
            status.proof = report.proof
        }
        do throws(ArchiveError) { try note(trial, status.at, cluster, in: store) } catch {
            report(.recordFailed(error))
        }
        return status
    }

    /// In the archive, where it outlives the cluster.
    private func note(
        _ trial: RestoreTrial, _ time: Timestamp, _ cluster: ClusterID, in store: any ObjectStore
    ) throws(ArchiveError) {
        let log = VerificationLog(store, cluster)
        let done = trial.report
        try log.append(
            VerificationRecord(
                id: RecordID(time: time, draw: SystemRandom.word()), node: node, program: program,
                duration: trial.duration, timeline: done?.timeline, position: done?.position, backup: done?.backup,
                records: done?.records, digest: done?.digest,
                failure: trial.failure.map { .init(code: $0.blame.rawValue, text: $0.error.description) },
                previous: try log.newestHash()))
    }
}
