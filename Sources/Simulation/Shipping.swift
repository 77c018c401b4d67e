// What a simulated process knows of the archive: what its loop does, and what its thread that ships does.

import ArchiveStore
import LogStore
import Vocabulary

struct Shipping {
    let reader: LogReader<SimulatedDisk>
    /// Whether the log is kept for an archive.
    var isWanted: Bool
    /// In which it leads; nil while it does not.
    var term: Term?
    var shipper: LogShipper<SimulatedDisk>?
    var target: ShippingTarget?
    var nextTargetAt = Instant(nanoseconds: 0)
    /// A step is on its way, or its answer.
    var isUnderWay = false
    var failures = 0
    /// The newest entry that is known to be archived, by this node or by what its leader said.
    var archived = LogIndex.zero
    var told = LogIndex.zero

    init(_ reader: LogReader<SimulatedDisk>, isWanted: Bool) {
        self.reader = reader
        self.isWanted = isWanted
    }
}
