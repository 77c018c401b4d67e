// What a query asks of an index, as words.

import ByteCoding
import RESP

/// `INDEX.QUERY name predicate … [ORDER BY field [ASC|DESC]] [LIMIT n] [CURSOR c] [FIELDS n field …]`, where a
/// predicate is `EQ field value` or `RANGE field min max`. All positions are those of arguments.
///
/// What can be refused without the index is refused here; fields and values are looked at by `IndexBounds`.
struct IndexQuery {
    /// Records of one answer.
    static let limitMax = 10_000
    static let limitDefault = 100
    static let predicatesMax = 16
    /// Elements that one query looks at: then it answers what it has found, and where to go on.
    static let examinedMax = 10_000

    struct Predicate {
        /// Of the field's name. The value, or the ends of the range, stand behind it.
        let position: Int
        let isRange: Bool
    }

    private(set) var predicates: [Predicate] = []
    private(set) var order: Int?
    private(set) var isDescending = false
    private(set) var limit = IndexQuery.limitDefault
    /// Nil at the beginning.
    private(set) var cursor: IndexCursor?
    /// Of the fields that the answer shall have beside the keys; nil when it shall have keys only.
    private(set) var fields: Range<Int>?

    init(_ arguments: borrowing Arguments) throws(CommandError) {
        var position = 1
        while position < arguments.count { try take(arguments, &position) }
        guard !predicates.isEmpty || order != nil else { throw .syntax }
        guard predicates.count <= IndexQuery.predicatesMax else { throw .indexPredicates }
    }

    private mutating func take(_ arguments: borrowing Arguments, _ position: inout Int) throws(CommandError) {
        let word = arguments[position]
        let left = arguments.count - position - 1
        if word.isWord("eq"), left >= 2 {
            predicates.append(Predicate(position: position + 1, isRange: false))
            position += 3
        } else if word.isWord("range"), left >= 3 {
            predicates.append(Predicate(position: position + 1, isRange: true))
            position += 4
        } else if word.isWord("order"), left >= 2, order == nil, arguments[position + 1].isWord("by") {
            order = position + 2
            position += 3
            guard position < arguments.count else { return }
            isDescending = arguments[position].isWord("desc")
            if isDescending || arguments[position].isWord("asc") { position += 1 }
        } else if word.isWord("limit"), left >= 1 {
            let number = try arguments.integer(position + 1)
            guard number > 0, number <= IndexQuery.limitMax else { throw .indexLimit }
            limit = Int(number)
            position += 2
        } else if word.isWord("cursor"), left >= 1 {
            cursor = try IndexCursor.decode(arguments[position + 1])
            position += 2
        } else if word.isWord("fields"), left >= 1, fields == nil {
            let number = try arguments.integer(position + 1)
            guard number > 0, number <= left - 1 else { throw .syntax }
            fields = position + 2..<position + 2 + Int(number)
            position += 2 + Int(number)
        } else {
            throw .syntax
        }
    }
}

/// Where a query goes on: behind an element of one field's tree, whether that is still there or not. It means the same
/// on every node.
///
/// As text: the index's version, the field's position and the element in hexadecimal digits, points between; `0` is the
/// beginning and the end.
struct IndexCursor: Hashable {
    let version: UInt64
    let field: Int
    let element: [UInt8]
    /// A text is at most this long: all of an element, every byte of it 0, and two numbers.
    private static let textMax = 2 * (2 * IndexElement.textMax + 2 + 8 + IndexElement.keyMax) + 24

    init(version: UInt64, field: Int, element: [UInt8]) {
        self.version = version
        self.field = field
        self.element = element
    }

    /// Nil for `0`.
    static func decode(_ text: RawSpan) throws(CommandError) -> IndexCursor? {
        if text.byteCount == 1, text.byte(at: 0) == UInt8(ascii: "0") { return nil }
        guard text.byteCount <= textMax else { throw .invalidCursor }
        var position = 0
        let version = try number(text, &position)
        let field = try number(text, &position)
        guard (text.byteCount - position) % 2 == 0, position < text.byteCount, field < 1 << 16 else {
            throw .invalidCursor
        }
        var element: [UInt8] = []
        while position < text.byteCount {
            guard let high = digit(text.byte(at: position)), let low = digit(text.byte(at: position + 1)) else {
                throw .invalidCursor
            }
            element.append(high << 4 | low)
            position += 2
        }
        return IndexCursor(version: version, field: Int(field), element: element)
    }

    /// Decimal digits up to a point, which is passed over.
    private static func number(_ text: RawSpan, _ position: inout Int) throws(CommandError) -> UInt64 {
        var value: UInt64 = 0
        let start = position
        while position < text.byteCount, text.byte(at: position) != UInt8(ascii: ".") {
            let digit = text.byte(at: position) &- 48
            guard digit < 10, value < UInt64.max / 10 else { throw .invalidCursor }
            value = value * 10 + UInt64(digit)
            position += 1
        }
        guard position > start, position < text.byteCount else { throw .invalidCursor }
        position += 1
        return value
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        if byte &- 48 < 10 { return byte - 48 }
        return byte &- 97 < 6 ? byte - 87 : nil
    }

    func write(to reply: inout ReplyWriter) {
        var text = Array("\(version).\(field).".utf8)
        for byte in element {
            for digit in [byte >> 4, byte & 15] { text.append(digit < 10 ? digit + 48 : digit + 87) }
        }
        reply.bulk(text.rawBytes)
    }
}
