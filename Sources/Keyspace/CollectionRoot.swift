// What a record refers to when its collection is too large for a page.

import ByteCoding
import Vocabulary

/// A view of a block as the root of a collection.
///
/// Hashes, sets and sorted sets have a tree of fields as a slot has one of records: field → value, nothing, or score.
/// Lists, and beside their fields sorted sets, have a counted tree of elements: the list itself, or score and member in
/// their order. The block begins as a branch of one cell, so that paths through the fields lead from it.
struct CollectionRoot {
    private static let fieldsOffset = TreeNode.headerSize
    private static let elementsOffset = TreeNode.headerSize + 16
    private static let payloadOffset = TreeNode.headerSize + 24
    private static let size = TreeNode.headerSize + 32

    let block: Block

    init(_ block: Block) { self.block = block }

    /// Without fields or elements, with one reference.
    init(hasElements: Bool) {
        block = Block(.collection, size: CollectionRoot.size, zeroed: CollectionRoot.size)
        Branch(over: self).clear(bits: 0, base: 0)
        if hasElements {
            let elements = CountedTree()
            block.setReference(elements.root, at: CollectionRoot.elementsOffset)
            node.bytes += elements.bytes
        }
    }

    /// Count, digest and memory of the whole collection. Paths through the fields keep count and digest up to date; of
    /// a list `fingerprint` does.
    var node: TreeNode { TreeNode(block) }

    /// Bytes of fields, values and elements, as clients gave them.
    var payload: Int {
        get { Int(block[UInt64.self, CollectionRoot.payloadOffset]) }
        nonmutating set { block[UInt64.self, CollectionRoot.payloadOffset] = UInt64(newValue) }
    }

    /// The uppermost node of the fields; nil when there are none.
    var fields: Block? { block.reference(at: CollectionRoot.fieldsOffset) }

    /// The elements. Traps for a collection that has fields only.
    var elements: CountedTree {
        guard let root = block.reference(at: CollectionRoot.elementsOffset) else {
            preconditionFailure("a collection without elements")
        }
        return CountedTree(root)
    }

    var hasElements: Bool { block.reference(at: CollectionRoot.elementsOffset) != nil }

    /// Lets `body` change the elements. The root must be its holder's own.
    func editElements(_ body: (inout CountedTree) -> Void) {
        var tree = elements
        let before = tree.bytes
        body(&tree)
        block.setReference(tree.root, at: CollectionRoot.elementsOffset)
        node.bytes += tree.bytes - before
    }

    /// A list's count and digest.
    var fingerprint: ListFingerprint {
        get { ListFingerprint(digest: node.digest, count: node.count) }
        nonmutating set {
            node.count = newValue.count
            node.digest = newValue.digest
        }
    }

    func forEachReference(_ body: (Block) -> Void) {
        if let fields { body(fields) }
        if let elements = block.reference(at: CollectionRoot.elementsOffset) { body(elements) }
    }

    /// The root, made its holder's own. Takes the reference over.
    func owned() -> CollectionRoot { CollectionRoot(CountedNode.owned(block)) }
}
