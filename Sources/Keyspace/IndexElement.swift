// The elements of an index's trees: a value, where the record lies, and its key, as bytes that compare as values do.
//
//   number: the eight bytes of a score (`ScoredMember`)      place   key
//   text:   the value, each 0 byte followed by 255   0 0     place   key
//
// The place is eight bytes, `slot << 48 | hash >> 16` of the key (`WalkCursor`): records of one value lie in the order
// in which a walk meets them, so that a walk that builds an index appends to each value's run. And two elements that
// differ do so in their first 16 bytes nearly always, where comparing is cheap (`ElementPrefix`).

import ByteCoding

enum IndexElement {
    /// Bytes of a text that an index holds. A longer value is not in the index.
    static let textMax = 1 << 10
    /// Bytes of the key of a record that an index holds.
    static let keyMax = Record.keyInlineMax
    private static let placeSize = 8

    /// Appends the element of a value; false when the index cannot hold it.
    @inline(__always)
    static func append(
        _ value: RawSpan, _ form: IndexField.Form, _ place: KeyPlace, _ key: RawSpan, to bytes: inout [UInt8]
    ) -> Bool {
        guard key.byteCount <= keyMax, append(value, form, to: &bytes) else { return false }
        append(WalkCursor(slot: place.slot, hash: place.hash >> 16).rawValue, to: &bytes)
        bytes.append(bytes: key)
        return true
    }

    /// Appends what all elements of a value begin with, and only they; false when the index cannot hold the value.
    @inline(__always)
    static func append(_ value: RawSpan, _ form: IndexField.Form, to bytes: inout [UInt8]) -> Bool {
        switch form {
        case .number:
            guard let number = number(value) else { return false }
            append(ScoredMember.word(number), to: &bytes)
        case .text:
            guard value.byteCount <= textMax else { return false }
            append(text: value, to: &bytes)
            bytes.append(0)
            bytes.append(0)
        }
        return true
    }

    /// A number as clients write them. Small integers, which most are, take the short way.
    private static func number(_ text: RawSpan) -> Double? {
        guard text.byteCount > 0, text.byteCount <= 15 else { return ScoreText.score(text) }
        var value: Int64 = 0
        for position in 0..<text.byteCount {
            let digit = text.byte(at: position) &- 48
            guard digit < 10 else { return ScoreText.score(text) }
            value = value * 10 + Int64(digit)
        }
        return Double(value)
    }

    private static func append(text: RawSpan, to bytes: inout [UInt8]) {
        var start = 0
        for position in 0..<text.byteCount where text.byte(at: position) == 0 {
            bytes.append(bytes: text.extracting(start...position))
            bytes.append(255)
            start = position + 1
        }
        bytes.append(bytes: text.extracting(start..<text.byteCount))
    }

    @inline(__always)
    static func append(_ word: UInt64, to bytes: inout [UInt8]) {
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
        }
    }

    /// Where the key of the element's record begins; nil for bytes that are no element.
    static func keyOffset(_ element: RawSpan, _ form: IndexField.Form) -> Int? {
        var offset = 8
        if form == .text {
            offset = 0
            while true {
                guard offset + 1 < element.byteCount else { return nil }
                if element.byte(at: offset) == 0 {
                    if element.byte(at: offset + 1) == 0 { break }
                    offset += 1
                }
                offset += 1
            }
            offset += 2
        }
        return offset + placeSize <= element.byteCount ? offset + placeSize : nil
    }
}
