// What a query asks of one field, as a range of the elements of its tree.

import ByteCoding

/// All predicates on one field together.
struct IndexBounds {
    let field: Int
    let form: IndexField.Form
    /// The least bytes of an element inside.
    private var low: [UInt8] = []
    /// The least bytes of an element behind; nil when there is no end.
    private var high: [UInt8]?

    /// Everything that the field's tree has.
    init(_ field: Int, _ form: IndexField.Form) {
        self.field = field
        self.form = form
    }

    /// Narrows it to what a predicate allows as well.
    mutating func narrow(_ predicate: IndexQuery.Predicate, _ arguments: borrowing Arguments) throws(CommandError) {
        let first = predicate.position + 1
        guard predicate.isRange else {
            let value = arguments[first]
            if form == .number, ScoreText.score(value) == nil { throw .indexedValueNotNumber }
            try raise(value, isPast: false)
            return try lower(value, isPast: true)
        }
        switch form {
        case .number:
            guard let least = ScoreBound(arguments[first]), let most = ScoreBound(arguments[first + 1]) else {
                throw .boundsNotFloat
            }
            take(low: IndexBounds.bytes(least.score, isPast: least.isExcluded))
            take(high: IndexBounds.bytes(most.score, isPast: !most.isExcluded))
        case .text:
            guard let least = TextBound(arguments[first]), let most = TextBound(arguments[first + 1]) else {
                throw .boundsNotText
            }
            switch least {
            case .least: break
            case .most: take(high: [])
            case .text(let text, let isExcluded): try raise(text.rawBytes, isPast: isExcluded)
            }
            switch most {
            case .least: take(high: [])
            case .most: break
            case .text(let text, let isExcluded): try lower(text.rawBytes, isPast: !isExcluded)
            }
        }
    }

    private mutating func raise(_ value: RawSpan, isPast: Bool) throws(CommandError) {
        take(low: try bytes(value, isPast: isPast))
    }

    private mutating func lower(_ value: RawSpan, isPast: Bool) throws(CommandError) {
        take(high: try bytes(value, isPast: isPast))
    }

    private mutating func take(low bytes: [UInt8]) {
        if low.rawBytes.isBefore(bytes.rawBytes, orEqual: false) { low = bytes }
    }

    private mutating func take(high bytes: [UInt8]) {
        if let high, !bytes.rawBytes.isBefore(high.rawBytes, orEqual: false) { return }
        high = bytes
    }

    /// The least bytes of an element of a value, or behind all of them.
    private func bytes(_ value: RawSpan, isPast: Bool) throws(CommandError) -> [UInt8] {
        var bytes: [UInt8] = []
        guard IndexElement.append(value, form, to: &bytes) else {
            throw form == .number ? .indexedValueNotNumber : .indexedValueTooLong
        }
        return isPast ? IndexBounds.past(bytes) : bytes
    }

    private static func bytes(_ score: Double, isPast: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        IndexElement.append(ScoredMember.word(score), to: &bytes)
        return isPast ? past(bytes) : bytes
    }

    /// The bytes of equal length that come next.
    private static func past(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for position in bytes.indices.reversed() {
            bytes[position] &+= 1
            if bytes[position] != 0 { break }
        }
        return bytes
    }

    // MARK: Applied

    /// The ranks of the elements inside.
    func ranks(in tree: CountedTree) -> Range<Int> {
        let start = tree.lowerBound(low.rawBytes)
        let end = high.map { tree.lowerBound($0.rawBytes) } ?? tree.count
        return start..<max(start, end)
    }

    /// Whether an element, or what one begins with, is inside.
    func contain(_ element: RawSpan) -> Bool {
        guard low.rawBytes.isBefore(element, orEqual: true) else { return false }
        return high.map { element.isBefore($0.rawBytes, orEqual: false) } ?? true
    }
}
