// Sorted sets as they are changed: members and their scores, by name and in their order.

import ByteCoding

extension CollectionEditor {
    private static let scratchKeptMax = 4 << 10

    /// The score of a member, or nil.
    func score(of member: RawSpan) -> Double? { view.score(of: member) }

    /// Gives a member a score, whether it was there or not. The score must not be NaN.
    mutating func setScore(of member: RawSpan, _ score: Double) {
        setScore(of: member, score, instead: self.score(of: member))
    }

    /// The same for a member whose score is known, or known not to be there.
    mutating func setScore(of member: RawSpan, _ score: Double, instead old: Double?) {
        if let old, ScoredMember.word(old) == ScoredMember.word(score) { return }
        hasChanged = true
        if let old { cutElement(old, member) }
        withElement(score, member) { editor, element in
            if let root = editor.root {
                root.editElements { $0.insert(element, at: $0.lowerBound(element)) }
                _ = editor.put(member, element.extracting(first: ScoredMember.scoreSize), in: root)
            } else {
                let place = Packed.search(element, in: editor.packed.rawBytes, width: 1)
                editor.packed.insert(packed: element, at: place.entry.lowerBound)
            }
        }
        growIfNeeded()
    }

    /// Adds an element that is greater than all there are, and whose member is not there.
    mutating func append(element: RawSpan) {
        hasChanged = true
        guard let root else {
            packed.append(packed: element)
            return growIfNeeded()
        }
        root.editElements { $0.append(element) }
        _ = put(ScoredMember.member(of: element), element.extracting(first: ScoredMember.scoreSize), in: root)
    }

    /// Removes a member. False when it is not there.
    mutating func removeMember(_ member: RawSpan) -> Bool {
        guard let score = view.score(of: member) else { return false }
        hasChanged = true
        cutElement(score, member)
        guard let root else { return true }
        let hash = SipHash.hash(member, key: writer.hashKey)
        var path = TreePath(fieldsOf: root, to: hash)
        return writer.remove(member, hash, &path)
    }

    /// Takes an element out of the order; of a tree its field stays.
    private mutating func cutElement(_ score: Double, _ member: RawSpan) {
        withElement(score, member) { editor, element in
            if let root = editor.root {
                root.editElements { elements in
                    let rank = elements.lowerBound(element)
                    elements.remove(rank..<rank + 1)
                }
            } else {
                let place = Packed.search(element, in: editor.packed.rawBytes, width: 1)
                editor.packed.removeSubrange(place.entry)
            }
        }
    }

    private mutating func withElement(
        _ score: Double, _ member: RawSpan, _ body: (inout CollectionEditor, RawSpan) -> Void
    ) {
        var element: [UInt8] = []
        swap(&element, &writer.scratch)
        ScoredMember.compose(score, member, into: &element)
        body(&self, element.rawBytes)
        if element.capacity <= CollectionEditor.scratchKeptMax { swap(&element, &writer.scratch) }
    }

    /// Removes the fields of elements that are about to go out of the order.
    mutating func removeFields(ofRanks ranks: Range<Int>, in root: CollectionRoot) {
        var left = ranks.count
        let hashKey = writer.hashKey
        root.elements.walk(from: ranks.lowerBound) { element in
            let member = ScoredMember.member(of: element)
            let hash = SipHash.hash(member, key: hashKey)
            var path = TreePath(fieldsOf: root, to: hash)
            _ = writer.remove(member, hash, &path)
            left -= 1
            return left > 0
        }
    }
}
