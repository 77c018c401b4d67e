// What branches and pages have in common: the sums over everything below them.

import Vocabulary

/// A view of a branch or a page as a node of the tree. All but `bytes` and `lastChange` are functions of the records
/// alone.
struct TreeNode {
    let block: Block

    static let headerSize = 64
    private static let countOffset = 16
    private static let digestLowOffset = 24
    private static let digestHighOffset = 32
    private static let deadlineOffset = 40
    private static let bytesOffset = 48
    private static let lastChangeOffset = 56

    /// Stands for "never" where a deadline stands.
    static let never = UInt64.max

    @inline(__always) init(_ block: Block) { self.block = block }

    /// Records below.
    @inline(__always) var count: Int {
        get { Int(block[UInt64.self, TreeNode.countOffset]) }
        nonmutating set { block[UInt64.self, TreeNode.countOffset] = UInt64(newValue) }
    }

    /// The sum of their hashes. Kept for a slot's uppermost node and above; zero below.
    @inline(__always) var digest: Digest {
        get {
            Digest(
                high: block[UInt64.self, TreeNode.digestHighOffset], low: block[UInt64.self, TreeNode.digestLowOffset])
        }
        nonmutating set {
            block[UInt64.self, TreeNode.digestLowOffset] = newValue.low
            block[UInt64.self, TreeNode.digestHighOffset] = newValue.high
        }
    }

    /// The earliest of their deadlines, in milliseconds since 1970, or `never`. Exact.
    @inline(__always) var deadline: UInt64 {
        get { block[UInt64.self, TreeNode.deadlineOffset] }
        nonmutating set { block[UInt64.self, TreeNode.deadlineOffset] = newValue }
    }

    /// Memory that the node and everything below it takes, ropes included.
    @inline(__always) var bytes: Int {
        get { Int(block[UInt64.self, TreeNode.bytesOffset]) }
        nonmutating set { block[UInt64.self, TreeNode.bytesOffset] = UInt64(newValue) }
    }

    /// The index of the last entry that wrote or removed a record below, or of a later one. Kept for a slot's uppermost
    /// node and above; says nothing below, and in a collection.
    @inline(__always) var lastChange: UInt64 {
        get { block[UInt64.self, TreeNode.lastChangeOffset] }
        nonmutating set { block[UInt64.self, TreeNode.lastChangeOffset] = newValue }
    }
}
