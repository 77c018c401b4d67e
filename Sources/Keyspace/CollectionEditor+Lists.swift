// Lists as they are changed: elements in and out, and the fingerprint that goes with them.

import ByteCoding

extension CollectionEditor {
    /// Puts an element at an end.
    mutating func push(_ element: RawSpan, _ end: ListEnd) {
        hasChanged = true
        guard let root else {
            packed.insert(packed: element, at: end == .left ? 0 : packed.count)
            return growIfNeeded()
        }
        guard end == .left else { return append(element, to: root) }
        root.fingerprint = ListFingerprint(of: element).followed(by: root.fingerprint)
        root.editElements { $0.insert(element, at: 0) }
        writer.payload += Packed.size(element.byteCount)
    }

    mutating func append(_ element: RawSpan, to root: CollectionRoot) {
        root.fingerprint = root.fingerprint.followed(by: ListFingerprint(of: element))
        root.editElements { $0.append(element) }
        writer.payload += Packed.size(element.byteCount)
    }

    /// Puts an element before the one at `rank`, or behind the last.
    mutating func insert(_ element: RawSpan, at rank: Int) {
        hasChanged = true
        guard let root else {
            packed.insert(packed: element, at: Packed.offset(ofRank: rank, in: packed.rawBytes, width: 1))
            return growIfNeeded()
        }
        let (before, behind) = root.parted(around: rank..<rank, ListSummary())
        root.fingerprint = before.followed(by: ListFingerprint(of: element)).followed(by: behind)
        root.editElements { $0.insert(element, at: rank) }
        writer.payload += Packed.size(element.byteCount)
    }

    /// Puts another element in the place of the one at `rank`.
    mutating func replace(at rank: Int, with element: RawSpan) {
        hasChanged = true
        guard let root else {
            let range = Packed.range(ofRanks: rank..<rank + 1, in: packed.rawBytes)
            packed.removeSubrange(range)
            packed.insert(packed: element, at: range.lowerBound)
            return growIfNeeded()
        }
        let (old, size) = root.elements.withElement(at: rank) {
            (ListFingerprint(of: $0), Packed.size($0.byteCount))
        }
        root.fingerprint = root.fingerprint.replacing(
            old, by: ListFingerprint(of: element), behind: root.node.count - 1 - rank)
        root.editElements { $0.replace(at: rank, with: element) }
        writer.payload += Packed.size(element.byteCount) - size
    }

    /// Removes all elements but those of some ranks.
    mutating func keep(_ ranks: Range<Int>) {
        let count = count
        guard ranks.count < count else { return }
        guard let root, ranks.count <= count / 2 else {
            remove(ranks: ranks.upperBound..<count)
            return remove(ranks: 0..<ranks.lowerBound)
        }
        // Less is left than goes: what is left is summed up.
        hasChanged = true
        let kept = root.summary(of: ranks)
        root.fingerprint = kept.fingerprint
        payload = kept.payload
        cut(ranks.upperBound..<count, from: root)
        cut(0..<ranks.lowerBound, from: root)
    }

    /// Removes the elements of single ranks, which ascend.
    mutating func remove(scattered ranks: [Int]) {
        guard let first = ranks.first, let last = ranks.last else { return }
        guard ranks.count < last + 1 - first else { return remove(ranks: first..<last + 1) }
        guard let root else {
            for rank in ranks.reversed() { remove(ranks: rank..<rank + 1) }
            return
        }
        hasChanged = true
        // From the first to the last of them: as it is, and as it will be.
        var (all, left) = (ListSummary(), ListSummary())
        var next = 0
        var rank = first
        root.elements.walk(from: first) { element in
            let fingerprint = ListFingerprint(of: element)
            all.add(fingerprint, element.byteCount)
            if ranks[next] == rank { next += 1 } else { left.add(fingerprint, element.byteCount) }
            rank += 1
            return rank <= last
        }
        let (before, behind) = root.parted(around: first..<last + 1, all)
        root.fingerprint = before.followed(by: left.fingerprint).followed(by: behind)
        writer.payload -= all.payload - left.payload
        for rank in ranks.reversed() { cut(rank..<rank + 1, from: root) }
    }

    /// Takes elements that are about to go out of the sums.
    mutating func forget(_ ranks: Range<Int>, in root: CollectionRoot) {
        let count = root.node.count
        if ranks.count <= count / 2 {
            let gone = root.summary(of: ranks)
            let (before, behind) = root.parted(around: ranks, gone)
            root.fingerprint = before.followed(by: behind)
            writer.payload -= gone.payload
        } else {
            let (before, behind) = (root.summary(of: 0..<ranks.lowerBound), root.summary(of: ranks.upperBound..<count))
            root.fingerprint = before.fingerprint.followed(by: behind.fingerprint)
            payload = before.payload + behind.payload
        }
    }
}

/// What a part of a list adds to the whole.
struct ListSummary {
    private(set) var fingerprint = ListFingerprint()
    /// As if packed.
    private(set) var payload = 0

    mutating func add(_ element: ListFingerprint, _ length: Int) {
        fingerprint = fingerprint.followed(by: element)
        payload += Packed.size(length)
    }
}

extension CollectionRoot {
    /// The sums of a list's elements. Hashes each of them.
    fileprivate func summary(of ranks: Range<Int>) -> ListSummary {
        var sum = ListSummary()
        guard !ranks.isEmpty else { return sum }
        elements.walk(from: ranks.lowerBound) { element in
            sum.add(ListFingerprint(of: element), element.byteCount)
            return sum.fingerprint.count < ranks.count
        }
        return sum
    }

    /// The fingerprints of a list's elements before and behind a range, whose own sum is `within`. Hashes the elements
    /// between the range and the nearer end.
    fileprivate func parted(
        around ranks: Range<Int>, _ within: ListSummary
    ) -> (before: ListFingerprint, behind: ListFingerprint) {
        let whole = fingerprint
        if ranks.lowerBound <= node.count - ranks.upperBound {
            let before = summary(of: 0..<ranks.lowerBound).fingerprint
            return (before, whole.without(prefix: before).without(prefix: within.fingerprint))
        }
        let behind = summary(of: ranks.upperBound..<node.count).fingerprint
        return (whole.without(suffix: behind).without(suffix: within.fingerprint), behind)
    }
}
