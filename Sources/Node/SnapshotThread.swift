// Where this node's snapshots are kept: a thread of its own, behind every other.

import Keyspace
import LogStore
import Platform
import Replica
import ReplicaSnapshots
import SnapshotStore
import Vocabulary

/// Runs the keeper of snapshots. Every other thread goes before it. States that nobody needs any more end here too,
/// because to free one takes its time.
final class SnapshotThread: Sendable {
    enum Order: Sendable {
        case keeper(KeeperOrder)
        /// Keep this state for whoever looks for what went wrong.
        case keepEvidence(ReplicatedState)
        case discard(Keyspace)
        /// Give memory that was freed back to the system.
        case trimMemory
        /// Nothing of the directory changes until the hold of this number ends, or its time is over.
        case hold(UInt64, until: Instant)
        case endHold(UInt64)
    }

    enum Letter: Sendable {
        case keeper(KeeperReport)
        /// Where the evidence is, or why there is none.
        case evidenceKept(directory: String)
        case evidenceLost(String)
        /// The hold of this number stands.
        case held(UInt64)
        case memoryTrimmed
    }

    /// Bytes of one step: a fraction of a millisecond.
    static let step = ByteCount.kibibytes(16)
    /// By how much a snapshot has to have grown before that is told.
    private static let shareTold = 0.005

    private let orders: WorkQueue<Order>
    private let thread: WorkerThread

    init(
        _ parts: SnapshotKeeper<DirectoryStorage>.Parts, evidence: EvidenceStore, pace: SnapshotPace,
        report: @escaping @Sendable (Letter) -> Void
    ) throws(SystemError) {
        let orders = WorkQueue<Order>()
        self.orders = orders
        thread = try WorkerThread.start(name: "snapshot", yields: true) {
            var keeper = SnapshotKeeper(parts, at: MonotonicClock.now())
            var taken: [Order] = []
            var hold = SnapshotHold()
            var steps = SnapshotPace.Steps(pace)
            var told = 0.0
            func goOn(at now: Instant) {
                let began = ThreadClock.processorTime()
                keeper.goOn(at: now) { letter in
                    if case .underWay(let share) = letter {
                        guard abs(share - told) >= SnapshotThread.shareTold else { return }
                        told = share
                    }
                    report(.keeper(letter))
                }
                steps.took(ThreadClock.processorTime() - began, endedAt: MonotonicClock.now())
            }
            func carryOut(_ order: Order) {
                switch order {
                case .keeper(let order): keeper.take(order, at: MonotonicClock.now()) { report(.keeper($0)) }
                case .keepEvidence(let state): report(evidence.keep(state))
                case .trimMemory:
                    ThisProcess.giveBackFreedMemory()
                    report(.memoryTrimmed)
                case .discard, .hold, .endHold: break
                }
            }
            while orders.takeAll(into: &taken, waitUntil: hold.deadline(next: keeper.isStoring ? steps.next : nil)) {
                for order in hold.pass(taken, at: MonotonicClock.now()) { carryOut(order) }
                taken.removeAll(keepingCapacity: true)
                if let number = hold.begun() { report(.held(number)) }
                let now = MonotonicClock.now()
                if !hold.isStanding, keeper.isStoring, now >= steps.next { goOn(at: now) }
            }
            for order in hold.end() { carryOut(order) }
            keeper.end()
        }
    }

    func post(_ order: Order) { orders.post(order) }

    func stop() {
        orders.close()
        thread.join()
    }
}

/// Where states go that turned out to be wrong: below `quarantine/` of the snapshots' directory, each as a snapshot of
/// its own.
struct EvidenceStore: Sendable {
    let path: String
    let featureLevel: UInt32

    /// Bytes of one step.
    private static let step = ByteCount.mebibytes(1)

    func keep(_ state: ReplicatedState) -> SnapshotThread.Letter {
        let stamp = WallClock.now().description.filter { $0 != "-" && $0 != ":" }
        let directory = path + "/" + SegmentName.quarantine + "/" + stamp + "-state"
        do {
            try FileSystem.makeDirectory(directory, intermediate: true)
            let place = DirectoryStorage(path: directory)
            var maker = try SnapshotMaker(
                SnapshotOrder(state: state, cause: .rebuild), on: place, featureLevel: featureLevel, base: nil,
                isEvidence: true)
            while try maker.step(EvidenceStore.step) == nil {}
            return .evidenceKept(directory: directory)
        } catch {
            return .evidenceLost("\(error)")
        }
    }
}
