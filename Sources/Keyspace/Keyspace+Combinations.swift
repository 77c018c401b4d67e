// Unions, intersections and differences of sorted sets and sets.

import ByteCoding
import RESP

/// A set that is combined with others: a sorted set, a set whose members all score 1, or nothing.
private struct ScoredSource {
    let view: CollectionView?
    let weight: Double
    let count: Int

    init(_ view: CollectionView?, weight: Double) {
        self.view = view
        self.weight = weight
        count = view?.count ?? 0
    }

    /// Calls `body` with members and their scores, as they are, until it returns false.
    func walk(_ body: (RawSpan, Double) -> Bool) {
        guard let view else { return }
        if view.kind == .sortedSet {
            view.walk(from: 0) { body(ScoredMember.member(of: $0), ScoredMember.score(of: $0)) }
        } else {
            var goesOn = true
            view.forEachField { member, _ in
                if goesOn { goesOn = body(member, 1) }
            }
        }
    }

    func score(of member: RawSpan) -> Double? {
        guard let view else { return nil }
        return view.kind == .sortedSet ? view.score(of: member) : view.contains(member) ? 1 : nil
    }
}

extension Keyspace {
    func combination(
        _ code: CommandCode, _ arguments: borrowing Arguments, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        let (sources, options) = try scoredSources(code, arguments)
        let elements = Keyspace.combined(code, sources, options)
        reply.scoredHeader(elements.count, hasScores: options.hasScores)
        for element in elements { reply.scored(element.rawBytes, hasScores: options.hasScores) }
    }

    mutating func storeCombination(
        _ code: CommandCode, _ arguments: borrowing Arguments, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        let (sources, options) = try scoredSources(code, arguments)
        let elements = Keyspace.combined(code, sources, options)
        var packed: [UInt8] = []
        for element in elements { packed.append(packed: element.rawBytes) }
        let event: StaticString =
            code == .zunionstore ? "zunionstore" : code == .zinterstore ? "zinterstore" : "zdiffstore"
        try replace(arguments[0], withElements: packed, event)
        reply.integer(Int64(elements.count))
    }

    func intersectionCount(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let (sources, options) = try scoredSources(.zintercard, arguments)
        let ascending = Keyspace.bySize(sources)
        var count = 0
        ascending[0].walk { member, _ in
            if ascending.dropFirst().allSatisfy({ $0.score(of: member) != nil }) { count += 1 }
            return count < options.limit
        }
        reply.integer(Int64(count))
    }

    /// The sets that a command names, and its options. A key of another type is refused before a wrong option, as in
    /// Redis.
    private func scoredSources(
        _ code: CommandCode, _ arguments: borrowing Arguments
    ) throws(CommandError) -> ([ScoredSource], CombinationOptions) {
        let keys = try CombinationOptions.keys(code, arguments)
        var views: [CollectionView?] = []
        for position in keys {
            let key = arguments[position]
            let record = live(key, at: records.place(of: key))
            guard record.map({ $0.kind == .sortedSet || $0.kind == .set }) ?? true else { throw .wrongType }
            views.append(record.map { CollectionView($0, hashKey: records.hashKey) })
        }
        let options = try CombinationOptions(code, arguments, keys: keys)
        var sources: [ScoredSource] = []
        for (position, view) in views.enumerated() {
            sources.append(ScoredSource(view, weight: options.weights.isEmpty ? 1 : options.weights[position]))
        }
        return (sources, options)
    }

    /// From the smallest to the largest; those of a size as they came. Sums of scores depend on that order.
    private static func bySize(_ sources: [ScoredSource]) -> [ScoredSource] {
        sources.enumerated().sorted { a, b in
            a.element.count != b.element.count ? a.element.count < b.element.count : a.offset < b.offset
        }.map(\.element)
    }

    /// The elements of the result, ascending.
    private static func combined(
        _ code: CommandCode, _ sources: [ScoredSource], _ options: CombinationOptions
    ) -> [[UInt8]] {
        switch code {
        case .zunion, .zunionstore: union(bySize(sources), options.aggregate)
        case .zinter, .zinterstore: intersection(bySize(sources), options.aggregate)
        default: difference(sources)
        }
    }

    private static func union(_ sources: [ScoredSource], _ aggregate: ScoreAggregate) -> [[UInt8]] {
        var scores: [[UInt8]: Double] = [:]
        for source in sources {
            source.walk { member, given in
                let product = source.weight * given
                let score = product.isNaN ? 0 : product
                let bytes = [UInt8](member)
                scores[bytes] = scores[bytes].map { aggregate.combine($0, score) } ?? score
                return true
            }
        }
        // Sorted, so that the dictionary's order goes no further.
        return scores.map { element($1, $0.rawBytes) }.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private static func intersection(_ sources: [ScoredSource], _ aggregate: ScoreAggregate) -> [[UInt8]] {
        var elements: [[UInt8]] = []
        sources[0].walk { member, given in
            let product = sources[0].weight * given
            var score = product.isNaN ? 0 : product
            for source in sources.dropFirst() {
                guard let other = source.score(of: member) else { return true }
                score = aggregate.combine(score, other * source.weight)
            }
            elements.append(element(score, member))
            return true
        }
        return elements.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private static func difference(_ sources: [ScoredSource]) -> [[UInt8]] {
        var elements: [[UInt8]] = []
        sources[0].walk { member, score in
            if sources.dropFirst().allSatisfy({ $0.score(of: member) == nil }) {
                elements.append(element(score, member))
            }
            return true
        }
        return elements.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private static func element(_ score: Double, _ member: RawSpan) -> [UInt8] {
        var bytes: [UInt8] = []
        ScoredMember.compose(score, member, into: &bytes)
        return bytes
    }
}
