// A state that stands still, to be read as chunks of plain bytes: what a snapshot is made of.

import ByteCoding
public import Vocabulary

/// A frozen state. Costs a few references, is read on any thread, and takes what memory it holds alone with it.
///
/// Its bytes depend on the state only, not on how it came about: all nodes write the same chunks of the same state.
/// What secondary indexes hold is no part of it.
public struct KeyspaceImage: Sendable {
    let root: RecordRoot
    let hashKey: SipHash.Key
    public let head: ImageHead
    /// Records by the type of their values.
    public let kinds: KindCounts

    /// Slots that stand together, whose changes can be asked for at once.
    public static let groupSize = 1 << Branch.slotBits
    public static let groupCount = HashSlot.count / groupSize

    public var index: LogIndex { head.index }
    public var time: Timestamp { head.time }
    public var digest: Digest { head.digest }
    public var count: Int { head.count }

    /// The number of one slot's records. Traps outside of `0..<HashSlot.count`.
    public func count(inSlot slot: Int) -> Int { node(ofSlot: slot).map { TreeNode($0).count } ?? 0 }

    /// Whether a group of slots has no records at all. Traps outside of `0..<groupCount`.
    public func isEmpty(group: Int) -> Bool {
        precondition(group >= 0 && group < KeyspaceImage.groupCount, "group \(group)")
        return root.branch.child(group) == nil
    }

    /// The digest of one slot's records. Traps outside of `0..<HashSlot.count`.
    public func digest(ofSlot slot: Int) -> Digest { node(ofSlot: slot).map { TreeNode($0).digest } ?? .empty }

    // MARK: Changes

    /// False if the slot has the same chunks as in the state at `index`, which must be an earlier one of this log, or
    /// the one that was loaded. May be true although it has. Traps outside of `0..<HashSlot.count`.
    public func hasChanged(slot: Int, after index: LogIndex) -> Bool {
        precondition(slot >= 0 && slot < HashSlot.count, "slot \(slot)")
        guard let group = root.branch.child(slot >> Branch.slotBits) else {
            return root.branch.node.isNewer(than: index)
        }
        // Of a slot without records nobody knows when the last one went, but no later than the group's last change.
        return TreeNode(node(ofSlot: slot) ?? group).isNewer(than: index)
    }

    /// The same for all slots in `group * groupSize ..< (group + 1) * groupSize` at once.
    public func hasChanged(group: Int, after index: LogIndex) -> Bool {
        precondition(group >= 0 && group < KeyspaceImage.groupCount, "group \(group)")
        return TreeNode(root.branch.child(group) ?? root.branch.block).isNewer(than: index)
    }

    // MARK: Chunks

    /// The chunks of a slot, one after the other; none when it has no records. Traps outside of `0..<HashSlot.count`.
    public func chunks(ofSlot slot: Int) -> SlotChunks { SlotChunks(self, slot) }

    /// Appends what stands beside the slots: a chunk of its own.
    public func appendHead(to bytes: inout [UInt8]) { head.append(to: &bytes) }

    func node(ofSlot slot: Int) -> Block? {
        precondition(slot >= 0 && slot < HashSlot.count, "slot \(slot)")
        guard let group = root.branch.child(slot >> Branch.slotBits) else { return nil }
        return Branch(group).child(slot & (1 << Branch.slotBits - 1))
    }
}

extension TreeNode {
    fileprivate func isNewer(than index: LogIndex) -> Bool { lastChange > index.rawValue }
}

extension Keyspace {
    /// The state as it is now, which stays so.
    public var image: KeyspaceImage {
        let head = ImageHead(
            index: lastAppliedIndex, time: lastAppliedTime, digest: digest, count: count, expiredTotal: expiredTotal,
            isMemoryFull: isMemoryFull, definitions: records.indexes.list.map(\.definition), waiters: waiters,
            outcomes: outcomes)
        return KeyspaceImage(root: records.root, hashKey: records.hashKey, head: head, kinds: records.kinds)
    }
}
