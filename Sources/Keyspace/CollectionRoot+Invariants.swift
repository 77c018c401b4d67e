// A collection's examination of itself.

import ByteCoding
import Vocabulary

extension CollectionView {
    /// Walks everything. Traps where a sum, an order or a form is not what the contents make it.
    func checkInvariants() {
        guard let root else { return checkPacked() }
        precondition(root.payload > Packed.sizeMax, "a tree over \(root.payload) bytes, which should be packed")
        precondition(root.hasElements == kind.hasElements, "a tree of another kind")
        if root.hasElements { root.elements.checkInvariants() }
        if kind == .list { checkList(root) } else { checkFields(root) }
    }

    private func checkPacked() {
        withPacked { bytes in
            precondition(bytes.byteCount > 0 && bytes.byteCount <= Packed.sizeMax, "\(bytes.byteCount) packed bytes")
            guard kind != .list else { return }
            var before: Range<Int>?
            var offset = 0
            while let item = Packed.next(in: bytes, &offset) {
                if let before {
                    let isBefore = bytes.extracting(before).isBefore(bytes.extracting(item), orEqual: false)
                    precondition(isBefore, "packed entries out of order")
                }
                before = item
                if width > 1 { _ = Packed.next(in: bytes, &offset) }
            }
        }
    }

    private func checkList(_ root: CollectionRoot) {
        var sum = ListFingerprint()
        var size = 0
        root.elements.walk(from: 0) {
            sum = sum.followed(by: ListFingerprint(of: $0))
            size += Packed.size($0.byteCount)
            return true
        }
        precondition(sum == root.fingerprint, "a list's fingerprint")
        precondition(size == root.payload, "\(root.payload) bytes of elements, found \(size)")
        precondition(root.node.bytes == root.block.size + root.elements.bytes, "a list's memory")
    }

    private func checkFields(_ root: CollectionRoot) {
        var (count, size, bytes) = (0, 0, root.block.size + (root.hasElements ? root.elements.bytes : 0))
        var digest = Digest.empty
        root.fields.map { bytes += TreeNode.blockBytes(below: $0) }
        root.fields.map { fields in
            RecordTree.forEachRecord(below: fields, hashKey: hashKey) { field in
                count += 1
                size += field.payload
                bytes += field.sideBytes
                digest.add(field.digest())
                precondition(field.isField && field.kind == kind, "a record that is no field of this kind")
                field.withKey { key in
                    let found = Page.find(key, SipHash.hash(key, key: hashKey), below: fields)
                    precondition(found?.offset == field.offset, "a field that is not found")
                    if kind == .sortedSet { checkElement(of: field, key, root) }
                }
            }
        }
        precondition(count == root.node.count, "\(root.node.count) fields, found \(count)")
        precondition(size == root.payload, "\(root.payload) bytes of fields, found \(size)")
        precondition(digest == root.node.digest, "a collection's digest")
        precondition(bytes == root.node.bytes, "\(root.node.bytes) bytes of memory, found \(bytes)")
        precondition(!root.hasElements || root.elements.count == count, "elements without fields")
    }

    private func checkElement(of field: Record, _ member: RawSpan, _ root: CollectionRoot) {
        var element: [UInt8] = []
        field.withValue { ScoredMember.compose(ScoredMember.score(of: $0), member, into: &element) }
        let rank = root.elements.lowerBound(element.rawBytes)
        let isThere = root.elements.upperBound(element.rawBytes) == rank + 1
        precondition(isThere, "a member without its element")
    }
}

extension TreeNode {
    /// What pages and branches below take, without what their records refer to.
    fileprivate static func blockBytes(below node: Block) -> Int {
        guard node.kind == .branch else { return node.size }
        var sum = node.size
        Branch(node).forEachChild { sum += blockBytes(below: $0) }
        return sum
    }
}
