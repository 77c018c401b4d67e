// One node of the world: its disk and clocks, which outlive it, and its life from a start to a crash.

import Consensus
import LogFormat
import LogStore
import PeerProtocol
import Replica
import ReplicaLog
import Vocabulary

final class SimulatedNode {
    let position: Int
    let id: NodeID
    private(set) var storage: StorageID
    private(set) var disk = SimulatedDisk()
    /// How many disks it has had.
    private var disks: UInt64 = 0
    /// There is such a machine, which is to run.
    var isInstalled: Bool
    /// The members that its settings name: what counts while its log names none.
    var listed: [NodeID]
    /// Its disk is gone, and it is still a member by the name of that one.
    var hasLostDisk = false
    /// Where its snapshots are, on the same disk.
    var snapshots: SimulatedDirectory { SimulatedDirectory(disk: disk, name: "snapshots") }
    var clock: LocalClock
    var life: Life?
    /// Counts lives, so that what was meant for an earlier one is dropped.
    var lives: UInt32 = 0
    /// The log was never made.
    var isNew = true
    /// The machine itself is without power, so that nobody even refuses a connection.
    var isMachineDown = false

    // What the nemeses do to it.
    var pausedUntil: Int64 = 0
    var diskFactor = 1
    var diskStalledUntil: Int64 = 0
    /// Effects that are still carried out before the process dies.
    var effectsLeft: Int?
    var downFor: Int64 = 0
    /// When calls to the disk end: whether it is the process that ends there, or the machine.
    var diesByProcess = false
    /// Damage at rest that it has not repaired yet.
    var isDamaged = false
    /// Damage at rest of its snapshots that nothing has replaced yet.
    var hasDamagedSnapshots = false
    /// A nemesis has changed its state, and it has no other yet.
    var isAltered = false
    /// Snapshots that it has stored of such a state, and those that it may have.
    var alteredSnapshots: Set<LogIndex> = []
    var alteredOrders: Set<LogIndex> = []
    /// Its newest snapshot was put aside, and it has not cut another one yet.
    var hasLostNewest = false

    /// For the judge: orders that no sync has covered. They outlive the process, as what it has written may.
    var unsynced: [LogOrder.Action] = []

    /// Whether its state or its snapshots may be damaged.
    var isUnsound: Bool {
        hasDamagedSnapshots || isAltered || !alteredSnapshots.isEmpty
            || life.map { !$0.replica.condition.isSound } == true
    }

    init(position: Int, founders: Int, clock: LocalClock) {
        self.position = position
        id = SimulatedNode.id(position)
        storage = StorageID(high: 0x7369_6D75, low: UInt64(position + 1))
        isInstalled = position < founders
        listed = (0..<founders).map(SimulatedNode.id)
        self.clock = clock
    }

    private static func id(_ position: Int) -> NodeID {
        guard let id = NodeID("n\(position + 1)") else { preconditionFailure("n\(position + 1) is no node") }
        return id
    }

    /// Another disk, with nothing on it. It is not running.
    func takeNewDisk() {
        precondition(life == nil, "a running node gets another disk")
        disks += 1
        storage = StorageID(high: 0x7369_6D75 + disks, low: UInt64(position + 1))
        disk = SimulatedDisk()
        isNew = true
        isDamaged = false
        hasDamagedSnapshots = false
        isAltered = false
        alteredSnapshots = []
        alteredOrders = []
        hasLostNewest = false
        unsynced = []
    }

    /// One process.
    final class Life {
        var replica: Replica
        var writer: LogWriter<SimulatedDisk>
        var reader: LogReader<SimulatedDisk>
        var scrub: LogScrub<SimulatedDisk>
        /// The newest segment that a pass over the log has read.
        var scrubbedThrough: UInt64 = 0
        var numbering = LogOrderNumbering()
        var roomRule: LogRoomRule
        var effects = ReplicaEffects()
        var inbox: [Letter] = []
        var requests = RequestBatch()
        /// Blocking requests whose clients have hung up, and those that an operator has go on.
        var gone: [UInt64] = []
        var unblocked: [UInt64] = []
        /// When the next turn and the next look at deadlines come; `max` for none.
        var turnAt = Int64.max
        var wakeAt = Int64.max
        /// The pass whose sync is under way.
        var pass: LogWriter<SimulatedDisk>.Pass?
        var preparation: SegmentPreparation?
        /// Reads of the log that are under way, in order.
        var reads: [LogRead] = []
        var diskWakeAt = Int64.max
        var care: SnapshotCare
        var shipping: Shipping
        /// Whom it dials and admits.
        var correspondents: [NodeID] = []

        init(
            _ replica: consuming Replica, _ engine: LogEngine<SimulatedDisk>, _ care: SnapshotCare, _ traits: Traits
        ) {
            self.replica = replica
            self.care = care
            shipping = Shipping(engine.reader(), isWanted: traits.archive.isThere)
            reader = engine.reader()
            scrub = engine.scrub()
            writer = LogWriter(engine)
            roomRule = LogRoomRule(roomMin: traits.roomMin)
        }
    }

    /// What an append's frames and a batch of requests may take together.
    static let wireLimit = ByteCount.mebibytes(8)
}
