// Trees made at once of hashes that no key would have: long shared beginnings, gaps, and both ends.

import ByteCoding
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct PageTreeBuilderTests {
    /// A member of a set, as it lies in a page.
    private func member(_ number: Int, padding: Int) -> [UInt8] {
        let key = Array("\(number)-".utf8) + [UInt8](repeating: 120, count: padding)
        var bytes: [UInt8] = [ValueKind.set.rawValue | Record.fieldFlag]
        bytes.append(varint: UInt64(key.count))
        bytes.append(varint: 0)
        return bytes + key
    }

    /// Builds a tree, finds every member in it, and sums up what lies below each node.
    private func check(_ hashes: [UInt64], padding: Int) throws {
        let builder = PageTreeBuilder()
        let members = hashes.indices.map { member($0, padding: padding) }
        for (hash, bytes) in zip(hashes, members) {
            try builder.add(bytes.rawBytes, hash: hash, deadline: TreeNode.never)
        }
        let root = builder.finish()
        defer { root.release() }
        #expect(TreeNode(root).count == hashes.count)
        for (hash, bytes) in zip(hashes, members) {
            let key = Array(bytes.suffix(bytes.count - (bytes.count > 130 ? 4 : 3)))
            #expect(Page.find(key.rawBytes, hash, below: root)?.keyLength == key.count)
        }
        sums(root, depth: 0)
        #expect(builder.isEmpty)
    }

    private func sums(_ node: Block, depth: Int) {
        guard node.kind == .branch else {
            let page = Page(node)
            #expect(page.depth == depth)
            #expect(page.live <= Page.splitThreshold || page.depth == Page.depthMax)
            #expect(page.node.bytes == node.size)
            return
        }
        let branch = Branch(node)
        #expect(branch.base == depth)
        var (count, bytes, filled) = (0, node.size, 0)
        branch.forEachCell { cell, child in
            count += TreeNode(child).count
            bytes += TreeNode(child).bytes
            filled += branch.span(of: child)
            sums(child, depth: child.kind == .page ? Page(child).depth : depth + branch.bits)
        }
        #expect(filled == branch.cellCount)
        #expect(branch.node.count == count && branch.node.bytes == bytes)
    }

    @Test(arguments: [0, 1, 3, 4, 5, 17, 44, 46])
    func `hashes that share many bits are parted as deep as it takes`(shared: Int) throws {
        var random = SplitMix64(seed: UInt64(shared) + 1)
        for pattern in [0, UInt64.max, 0xA5A5_A5A5_A5A5_A5A5] {
            let prefix = pattern & ~(UInt64.max >> UInt64(shared))
            let drawn = (0..<900).map { _ in prefix | random.next() >> UInt64(shared) }
            let others = (0..<100).map { _ in random.next() }
            try check(Array(Set(drawn + others)).sorted(), padding: 150)
        }
    }

    @Test func `the first and the last hash have their places`() throws {
        try check([0, UInt64.max], padding: 10)
        try check([UInt64](repeating: UInt64.max, count: 90).enumerated().map { $1 - 90 + UInt64($0) }, padding: 300)
        try check((0..<90).map { UInt64($0) }, padding: 300)
        try check([], padding: 0)
    }

    @Test func `more than a page holds under one hash is refused`() {
        let builder = PageTreeBuilder()
        var fault: ImageFault?
        for number in 0..<200 where fault == nil {
            do throws(ImageFault) {
                let bytes = member(number, padding: 900)
                try builder.add(bytes.rawBytes, hash: 7, deadline: TreeNode.never)
            } catch {
                fault = error
            }
        }
        #expect(fault == .tooManyAlike)
    }

    @Test func `records whose hashes begin alike are all that a walk by prefix meets`() {
        var rig = Rig()
        for number in 0..<4000 { rig.run("set {s}\(number) \(number)") }
        let tree = rig.keyspace.records
        guard let node = tree.node(ofSlot: HashSlot.of(Array("s".utf8).rawBytes)) else {
            Issue.record("no slot")
            return
        }
        var all: [UInt64] = []
        RecordTree.forEachRecord(below: node, hashKey: tree.hashKey) { all.append($0.keyHash(tree.hashKey)) }
        for bits in [0, 1, 2, 3, 4, 5, 8, 9, 12, 16, 20, 25, 30, 48] {
            for hash in [all[0], all[all.count / 2], all[all.count - 1], 0] {
                let prefix = HashPrefix(bits: bits, number: bits == 0 ? 0 : Int(hash >> UInt64(64 - bits)))
                var found: [UInt64] = []
                RecordTree.forEachRecord(below: node, in: prefix, hashKey: tree.hashKey) {
                    found.append($0.keyHash(tree.hashKey))
                }
                #expect(found == all.filter { prefix.covers($0) })
            }
        }
    }
}
