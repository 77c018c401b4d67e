// Counted trees beside arrays.

import ByteCoding
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct CountedTreeTests {
    /// An element of a random length: mostly short, sometimes one that has a leaf for itself.
    private static func element(_ random: inout SplitMix64, spread: Int = 1000) -> [UInt8] {
        let text = Array("\(Int.random(in: 0..<spread, using: &random))".utf8)
        switch Int.random(in: 0..<60, using: &random) {
        case 0: return text + [UInt8](repeating: 120, count: Int.random(in: 0...5000, using: &random))
        case 1: return text + [UInt8](repeating: 121, count: Int.random(in: 470...490, using: &random))
        case 2...20: return text + [UInt8](repeating: 122, count: Int.random(in: 0...60, using: &random))
        default: return text
        }
    }

    /// Where an element belongs, or a guess that may be far off: neither may make a difference.
    private static func hint(_ element: [UInt8], _ tree: CountedTree, _ random: inout SplitMix64) -> TreeHint {
        var hint = TreeHint()
        guard Bool.random(using: &random) else {
            for level in 0..<8 { hint[level] = Int.random(in: 0..<600, using: &random) }
            return hint
        }
        return found(element, tree)
    }

    private static func found(_ element: [UInt8], _ tree: CountedTree) -> TreeHint {
        let search = CountedSearch(tree, for: ElementPrefix(element.rawBytes))
        var searches = InlineArray<64, CountedSearch>(repeating: search)
        CountedSearch.finish(&searches, count: 1)
        return searches[0].hint
    }

    private static func elements(of tree: CountedTree) -> [[UInt8]] {
        var found: [[UInt8]] = []
        tree.walk(from: 0) {
            found.append([UInt8]($0))
            return true
        }
        return found
    }

    private static func check(_ tree: CountedTree, is model: [[UInt8]]) {
        tree.checkInvariants()
        #expect(tree.count == model.count)
        #expect(elements(of: tree) == model)
    }

    @Test(arguments: 0..<8) func `elements in ascending order go in and out by their bytes`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var tree = CountedTree()
        var model: Set<[UInt8]> = []
        var shared: [(tree: CountedTree, model: [[UInt8]])] = []
        func sorted() -> [[UInt8]] { model.sorted { $0.rawBytes.isBefore($1.rawBytes, orEqual: false) } }
        for step in 0..<4000 {
            let removes = Int.random(in: 0..<100, using: &random) < (step < 2500 ? 30 : 70)
            let element = CountedTreeTests.element(&random, spread: 700)
            if removes {
                let wanted = Bool.random(using: &random) ? element : model.first ?? element
                let hint = CountedTreeTests.hint(wanted, tree, &random)
                let isRemoved = tree.remove(inOrder: wanted.rawBytes, hint)
                let wasThere = model.remove(wanted) != nil
                #expect(isRemoved == wasThere)
            } else if model.insert(element).inserted {
                let hint = CountedTreeTests.hint(element, tree, &random)
                tree.insert(inOrder: element.rawBytes, hint)
            }
            if step % 500 == 0 {
                CountedTreeTests.check(tree, is: sorted())
                tree.root.retain()
                shared.append((tree, sorted()))
            }
        }
        for element in sorted() {
            let hint = CountedTreeTests.hint(element, tree, &random)
            let isRemoved = tree.remove(inOrder: element.rawBytes, hint)
            #expect(isRemoved)
        }
        let isThere = tree.remove(inOrder: [UInt8]().rawBytes, TreeHint())
        #expect(!isThere)
        CountedTreeTests.check(tree, is: [])
        tree.root.release()
        for (tree, model) in shared {
            CountedTreeTests.check(tree, is: model)
            tree.root.release()
        }
    }

    @Test func `a search of a whole element finds its cells and its rank`() {
        var tree = CountedTree()
        let elements = (0..<20_000).map { Array("\($0 * 7919 % 1_000_003)".utf8) }
        for element in elements { tree.insert(inOrder: element.rawBytes, TreeHint()) }
        defer { tree.root.release() }
        for element in elements {
            let hint = CountedTreeTests.found(element, tree)
            var node = tree.root
            while node.kind == .countedBranch { node = CountedBranch(node).child(hint[CountedBranch(node).level]) }
            let isThere = CountedLeaf(node).withElement(hint[0]) { $0.hasSameBytes(as: element.rawBytes) }
            #expect(isThere)
        }
    }

    @Test(arguments: 0..<8) func `random edits by rank do what they do to an array`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var tree = CountedTree()
        var model: [[UInt8]] = []
        var shared: [(tree: CountedTree, model: [[UInt8]])] = []
        for step in 0..<4000 {
            // Grows, then shrinks, then both.
            let removes = Int.random(in: 0..<100, using: &random) < (step < 2500 ? 20 : step < 3300 ? 80 : 50)
            if removes, !model.isEmpty {
                let start = Int.random(in: 0..<model.count, using: &random)
                let many = Int.random(in: 0..<50, using: &random) == 0
                let end = min(model.count, start + (many ? Int.random(in: 1...300, using: &random) : 1))
                tree.remove(start..<end)
                model.removeSubrange(start..<end)
            } else {
                let element = CountedTreeTests.element(&random)
                let rank =
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: 0
                    case 1: model.count
                    default: Int.random(in: 0...model.count, using: &random)
                    }
                tree.insert(element.rawBytes, at: rank)
                model.insert(element, at: rank)
            }
            if step % 500 == 0 {
                CountedTreeTests.check(tree, is: model)
                tree.root.retain()
                shared.append((tree, model))
            }
        }
        CountedTreeTests.check(tree, is: model)
        for old in shared {
            CountedTreeTests.check(old.tree, is: old.model)
            old.tree.root.release()
        }
        for rank in stride(from: 0, to: model.count, by: 7) {
            #expect(tree.withElement(at: rank) { [UInt8]($0) } == model[rank])
        }
        tree.root.release()
    }

    @Test(arguments: 0..<6) func `elements in order are found by their bytes`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var tree = CountedTree()
        var model: [[UInt8]] = []
        // Long common beginnings, so that prefixes decide nothing.
        let beginning = [UInt8](repeating: 65, count: seed % 2 == 0 ? 0 : 20)
        for step in 0..<3000 {
            let element = beginning + CountedTreeTests.element(&random, spread: 400)
            let low = tree.lowerBound(element.rawBytes)
            let high = tree.upperBound(element.rawBytes)
            if step % 10 == 0 {
                #expect(low == model.count { $0.lexicographicallyPrecedes(element) })
                #expect(high == model.count { !element.lexicographicallyPrecedes($0) })
            }
            if high > low, step % 3 == 0 {
                tree.remove(low..<high)
                model.removeSubrange(low..<high)
            } else {
                tree.insert(element.rawBytes, at: low)
                model.insert(element, at: low)
            }
        }
        CountedTreeTests.check(tree, is: model)
        #expect(zip(model, model.dropFirst()).allSatisfy { !$1.lexicographicallyPrecedes($0) })
        tree.root.release()
    }

    @Test func `walks go both ways from any rank and stop when told`() {
        var tree = CountedTree()
        let model = (0..<5000).map { Array("element \($0)".utf8) }
        for element in model { tree.append(element.rawBytes) }
        for start in [0, 1, 63, 64, 2500, 4998, 4999] {
            var up: [[UInt8]] = []
            tree.walk(from: start) {
                up.append([UInt8]($0))
                return up.count < 200
            }
            #expect(up == Array(model[start...].prefix(200)))
            var down: [[UInt8]] = []
            tree.walk(from: start, backwards: true) {
                down.append([UInt8]($0))
                return down.count < 200
            }
            #expect(down == Array(model[...start].reversed().prefix(200)))
        }
        var visits = 0
        tree.walk(from: 5000) { _ in
            visits += 1
            return true
        }
        tree.walk(from: -1) { _ in
            visits += 1
            return true
        }
        #expect(visits == 0)
        tree.root.release()
    }

    @Test func `what comes in order fills its leaves, from either end`() {
        for atFront in [false, true] {
            var tree = CountedTree()
            let element = [UInt8](repeating: 7, count: 20)
            for _ in 0..<20_000 { tree.insert(element.rawBytes, at: atFront ? 0 : tree.count) }
            tree.checkInvariants()
            // 23 bytes each: length, bytes, place.
            #expect(tree.bytes < 20_000 * 23 * 11 / 10, "\(tree.bytes) bytes")
            tree.root.release()
        }
    }

    @Test func `a tree that shrinks gives its memory back`() {
        var tree = CountedTree()
        var random = SplitMix64(seed: 1)
        for number in 0..<20_000 { tree.append(Array("element \(number)".utf8).rawBytes) }
        let full = tree.bytes
        while tree.count > 400 {
            let rank = Int.random(in: 0..<tree.count, using: &random)
            tree.remove(rank..<rank + 1)
        }
        tree.checkInvariants()
        #expect(tree.bytes < full / 12, "\(tree.bytes) bytes of \(full)")
        tree.remove(0..<400)
        tree.checkInvariants()
        #expect(tree.count == 0 && tree.bytes == CountedLeaf.size)
        tree.root.release()
    }
}
