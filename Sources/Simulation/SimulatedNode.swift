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
    let storage: StorageID
    let disk = SimulatedDisk()
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

    /// For the judge: orders that no sync has covered. They outlive the process, as what it has written may.
    var unsynced: [LogOrder.Action] = []

    init(position: Int, clock: LocalClock) {
        self.position = position
        guard let id = NodeID("n\(position + 1)") else { preconditionFailure("n\(position + 1) is no node") }
        self.id = id
        storage = StorageID(high: 0x7369_6D75, low: UInt64(position + 1))
        self.clock = clock
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

        init(_ replica: consuming Replica, _ engine: LogEngine<SimulatedDisk>, _ traits: Traits) {
            self.replica = replica
            reader = engine.reader()
            scrub = engine.scrub()
            writer = LogWriter(engine)
            roomRule = LogRoomRule(roomMin: traits.roomMin)
        }
    }

    /// What an append's frames and a batch of requests may take together.
    static let wireLimit = ByteCount.mebibytes(8)
}
