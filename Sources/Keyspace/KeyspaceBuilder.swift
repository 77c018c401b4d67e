// A state put together from its slots, each of which was loaded on its own.

import ByteCoding
public import Vocabulary

/// The records of one slot, loaded; nothing more is known of them than that they form a slot.
///
/// Sendable because the blocks below are never changed through this object once it is made, and nobody else had a
/// reference while it was being made (`Block`, invariant 2).
public final class LoadedSlot: @unchecked Sendable {
    public let slot: Int
    /// Its records by the type of their values.
    public let kinds: KindCounts
    /// The sum of the hashes of its records.
    public let digest: Digest
    /// Those that are not held.
    public let omitted: OmittedRecords
    let index: LogIndex
    let payload: Int
    let timed: Int
    /// Nil for a slot without records.
    let node: Block?

    /// Takes over the reference to the slot's uppermost node.
    init(_ slot: Int, _ node: Block?, _ sums: LoadedSums, _ index: LogIndex) {
        self.slot = slot
        self.node = node
        self.index = index
        kinds = sums.kinds
        digest = sums.digest
        omitted = sums.omitted
        payload = sums.payload
        timed = sums.timed
    }

    deinit { node?.release() }
}

/// Joins slots, in any order, into the state that an image's head tells of.
///
/// A slot that is still held elsewhere when a command changes it has its uppermost node copied, as after a snapshot.
public struct KeyspaceBuilder: ~Copyable {
    private let hashKey: SipHash.Key
    private let head: ImageHead
    private let root = RecordRoot()
    private var payload = 0
    private var timed = 0
    /// Records by the type of their values.
    public private(set) var kinds = KindCounts()

    /// What the slots so far have let go.
    public private(set) var omitted = OmittedRecords.none

    /// Begins a state of no records.
    public init(of cluster: ClusterID, _ head: ImageHead) {
        hashKey = Keyspace.hashKey(of: cluster)
        self.head = head
        root.branch.node.lastChange = head.index.rawValue
    }

    /// Adds a slot. It must have been loaded for the same image.
    public mutating func take(_ loaded: LoadedSlot) throws(ImageError) {
        precondition(loaded.index == head.index, "a slot at \(loaded.index) for a state at \(head.index)")
        guard let node = loaded.node else { return }
        let group = ownedGroup(of: loaded.slot)
        let cell = loaded.slot & (1 << Branch.slotBits - 1)
        guard group.child(cell) == nil else { throw ImageError(.slotTwice, slot: loaded.slot) }
        node.retain()
        group.setChild(node, around: cell)
        group.update(deadline: TreeNode(node).deadline, at: cell)
        root.branch.update(deadline: group.node.deadline, at: loaded.slot >> Branch.slotBits)
        for branch in [group, root.branch] {
            branch.node.count += TreeNode(node).count
            branch.node.bytes += TreeNode(node).bytes
            branch.node.digest.add(loaded.digest)
        }
        payload += loaded.payload
        timed += loaded.timed
        kinds.add(loaded.kinds)
        omitted.add(loaded.omitted)
    }

    /// The branch that a slot hangs under, made when it is not there.
    private func ownedGroup(of slot: Int) -> Branch {
        let cell = slot >> Branch.slotBits
        if let group = root.branch.child(cell) { return Branch(group) }
        let made = Branch(bits: Branch.slotBits, base: 0)
        made.node.lastChange = head.index.rawValue
        root.branch.setChild(made.block, around: cell)
        root.branch.node.bytes += made.node.bytes
        return made
    }

    /// What was taken, whatever the head tells of: of a state of which slots are lost.
    public consuming func finishPartial() -> Keyspace {
        Keyspace(RecordTree(root, hashKey: hashKey, payload: payload, timed: timed, kinds: kinds), head)
    }

    /// The state, if it is the one that the head tells of. Its indexes are defined and not built.
    public consuming func finish() throws(ImageError) -> Keyspace {
        let count = root.branch.node.count + omitted.count
        guard count == head.count else { throw ImageError(.otherCount(expected: head.count, found: count)) }
        let keyspace = Keyspace(RecordTree(root, hashKey: hashKey, payload: payload, timed: timed, kinds: kinds), head)
        var digest = keyspace.digest
        digest.add(omitted.digest)
        guard digest == head.digest else { throw ImageError(.otherState(expected: head.digest, found: digest)) }
        return keyspace
    }
}
