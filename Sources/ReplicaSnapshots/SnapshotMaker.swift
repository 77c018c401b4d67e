// Storing a state that stands still as a snapshot, a step at a time.

public import Keyspace
public import LogStore
public import Replica
public import SnapshotFormat
public import SnapshotStore
public import Vocabulary

/// Walks over a frozen state in the order of slots and writes what the snapshot before it does not have. Synchronous,
/// and without a clock: its caller decides how fast it goes. Slots that did not change since then are not looked at.
///
/// Of every slot that is written the digest is taken anew, so that what memory has altered never becomes a snapshot.
public struct SnapshotMaker<Disk: Storage> {
    public let order: SnapshotOrder
    private let image: KeyspaceImage
    private let base: SnapshotManifest?
    private var writer: SnapshotWriter<Disk>
    private var group = 0
    private var slot = 0
    private var chunk: [UInt8] = []
    private let isEvidence: Bool
    /// Why the last step threw: the state is not what it was when it was written to memory.
    public private(set) var damage: StateDamage?

    /// - Parameters:
    ///   - base: the newest snapshot of this directory, if it is of this very log.
    ///   - isEvidence: the state is known to be wrong, and stored as it is.
    public init(
        _ order: SnapshotOrder, on disk: Disk, featureLevel: UInt32, base: SnapshotManifest?, isEvidence: Bool = false
    ) throws(SnapshotError) {
        self.order = order
        self.isEvidence = isEvidence
        self.base = base
        image = order.state.keyspace.image
        writer = try SnapshotWriter(
            disk: disk, facts: SnapshotFacts(order.state, featureLevel: featureLevel), base: base,
            isCompact: order.isCompact)
    }

    /// The pack that is being written.
    public var pack: PackNumber { writer.pack }
    public var figures: SnapshotFigures { writer.figures }
    /// How much of the slots is done, from 0 to 1.
    public var share: Double { Double(slot) / Double(HashSlot.count) }
    private var isThrough: Bool { group > KeyspaceImage.groupCount }

    /// Goes on by about `budget` bytes, at least one slot. The snapshot once it is on stable storage; nil before.
    public mutating func step(_ budget: ByteCount) throws(SnapshotError) -> SnapshotManifest? {
        var left = budget.rawValue
        while left > 0, group < KeyspaceImage.groupCount { left -= try advance() }
        guard group >= KeyspaceImage.groupCount, left > 0 else { return nil }
        try writeHead()
        return try writer.finish(SnapshotContents(image))
    }

    /// Removes what was written.
    public mutating func abort() throws(SnapshotError) { try writer.abort() }

    /// Writes the next slot, or takes over what did not change. Returns about how many bytes were looked at.
    private mutating func advance() throws(SnapshotError) -> Int {
        let size = KeyspaceImage.groupSize
        if slot == group * size {
            if let base, !image.hasChanged(group: group, after: base.index) {
                try writer.reuse(SlotGroup.all[group])
                return leaveGroup()
            }
            try writer.begin(SlotGroup.all[group])
            if image.isEmpty(group: group) { return leaveGroup() }
        }
        let cost = try writeSlot()
        slot += 1
        if slot == (group + 1) * size { group += 1 }
        return cost
    }

    /// What taking over a slot or a group counts as, in bytes.
    private static var reuseCost: Int { 1024 }

    private mutating func leaveGroup() -> Int {
        group += 1
        slot = group * KeyspaceImage.groupSize
        return SnapshotMaker.reuseCost
    }

    private mutating func writeSlot() throws(SnapshotError) -> Int {
        if let base, !image.hasChanged(slot: slot, after: base.index) {
            try writer.reuse(slot: slot)
            return SnapshotMaker.reuseCost
        }
        var cost = SnapshotMaker.reuseCost
        guard image.count(inSlot: slot) > 0 else { return cost }
        if !isEvidence, let found = image.damage(inSlot: slot) {
            damage = found
            throw .wrongState("\(found)")
        }
        var bytes: [UInt8] = []
        swap(&bytes, &chunk)
        defer { swap(&bytes, &chunk) }
        var chunks = image.chunks(ofSlot: slot)
        while true {
            bytes.removeAll(keepingCapacity: true)
            guard let written = chunks.next(into: &bytes) else { return cost }
            try writer.add(slot: slot, records: UInt32(written.records), bytes.rawBytes)
            cost += bytes.count
        }
    }

    private mutating func writeHead() throws(SnapshotError) {
        var bytes: [UInt8] = []
        image.appendHead(to: &bytes)
        try writer.begin(.head)
        try writer.add(slot: SlotGroup.head.slots.lowerBound, records: 0, bytes.rawBytes)
    }
}
