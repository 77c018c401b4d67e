// Fields of a collection chosen at random.

import Vocabulary

extension CollectionView {
    /// Calls `body` with `wanted` different fields and their values, every choice of so many as likely as the others.
    /// Traps when there are fewer.
    func forEachSampled(_ wanted: Int, _ random: inout SplitMix64, _ body: (RawSpan, RawSpan) -> Void) {
        let count = count
        precondition(wanted <= count, "\(wanted) of \(count) fields")
        guard wanted <= count / 3 else {
            return forEachField(choosing: wanted, &random) { field, value, isChosen in
                if isChosen { body(field, value) }
            }
        }
        var ranks: Set<Int> = []
        while ranks.count < wanted {
            let rank = random.below(count)
            if ranks.insert(rank).inserted { withField(ofRank: rank, body) }
        }
    }

    /// Calls `body` with every field and its value, and whether it is one of the `wanted` that are chosen (Knuth, "The
    /// Art of Computer Programming" 2, 3.4.2, algorithm S).
    func forEachField(
        choosing wanted: Int, _ random: inout SplitMix64, _ body: (RawSpan, RawSpan, Bool) -> Void
    ) {
        var (left, toChoose) = (count, wanted)
        forEachField { field, value in
            let isChosen = random.below(left) < toChoose
            body(field, value, isChosen)
            left -= 1
            toChoose -= isChosen ? 1 : 0
        }
    }
}
