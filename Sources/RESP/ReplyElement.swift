// One element of a reply: a scalar, or a collection's header.

import ByteCoding

struct ReplyElement {
    let mark: UInt8
    /// The text of a line or the bytes of a bulk string, without line ends.
    let content: Range<Int>
    /// How many elements follow it; a map's pairs count twice.
    let children: Int
    /// Where the next element begins.
    let end: Int
    /// A bulk string or an array of length -1.
    let isNull: Bool

    /// The element at `start`; nil when it is not whole. `searched` is where the search for a line end continues.
    static func read(
        in bytes: RawSpan, at start: Int, searched: inout Int, limits: ReplyLimits
    ) throws(ReplyError) -> ReplyElement? {
        guard start < bytes.byteCount else { return nil }
        guard let line = try line(in: bytes, at: start, searched: &searched, limits: limits) else { return nil }
        let mark = bytes.byte(at: start)
        switch mark {
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: "("),
            UInt8(ascii: "#"), UInt8(ascii: "_"):
            return ReplyElement(mark: mark, content: line, children: 0, end: line.upperBound + 2, isNull: false)
        case UInt8(ascii: "$"), UInt8(ascii: "="), UInt8(ascii: "!"):
            return try bulk(in: bytes, mark: mark, line: line, limits: limits)
        case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: ">"), UInt8(ascii: "%"), UInt8(ascii: "|"):
            let count = try length(in: bytes, line)
            let isPaired = mark == UInt8(ascii: "%") || mark == UInt8(ascii: "|")
            guard count <= limits.elementsMax else { throw .tooLarge(limit: limits.elementsMax) }
            return ReplyElement(
                mark: mark, content: line, children: max(0, count) * (isPaired ? 2 : 1), end: line.upperBound + 2,
                isNull: count < 0)
        default:
            throw .malformed(at: start)
        }
    }

    /// Its value when it has no children to wait for; nil for a collection.
    func scalar(_ bytes: RawSpan) -> Reply? {
        if isNull { return .null }
        switch mark {
        case UInt8(ascii: "+"): return .simple(text(bytes))
        case UInt8(ascii: "-"), UInt8(ascii: "!"): return .error(text(bytes))
        case UInt8(ascii: ":"):
            return DecimalText.integer(in: bytes.extracting(content)).map { .integer($0) } ?? .bigNumber(text(bytes))
        case UInt8(ascii: "$"): return .bulk([UInt8](bytes.extracting(content)))
        case UInt8(ascii: "="):
            let text = text(bytes)
            return .verbatim(format: String(text.prefix(3)), text: String(text.dropFirst(4)))
        case UInt8(ascii: ","): return Double(text(bytes)).map { .double($0) } ?? .double(.nan)
        case UInt8(ascii: "("): return .bigNumber(text(bytes))
        case UInt8(ascii: "#"): return .boolean(text(bytes) == "t")
        case UInt8(ascii: "_"): return .null
        default: return nil
        }
    }

    private func text(_ bytes: RawSpan) -> String {
        String(decoding: [UInt8](bytes.extracting(content)), as: UTF8.self)
    }

    /// The bytes between the mark and CR LF; nil when there is no line end yet.
    private static func line(
        in bytes: RawSpan, at start: Int, searched: inout Int, limits: ReplyLimits
    ) throws(ReplyError) -> Range<Int>? {
        var end = max(start + 1, searched)
        while end < bytes.byteCount, bytes.byte(at: end) != 10 { end += 1 }
        guard end - start <= limits.bytesMax else { throw .tooLarge(limit: limits.bytesMax) }
        guard end < bytes.byteCount else {
            searched = end
            return nil
        }
        searched = start
        guard end > start + 1, bytes.byte(at: end - 1) == 13 else { throw .malformed(at: end) }
        return start + 1..<end - 1
    }

    private static func length(in bytes: RawSpan, _ line: Range<Int>) throws(ReplyError) -> Int {
        guard let length = DecimalText.integer(in: bytes.extracting(line)), length >= -1 else {
            throw .malformed(at: line.lowerBound)
        }
        return Int(length)
    }

    private static func bulk(
        in bytes: RawSpan, mark: UInt8, line: Range<Int>, limits: ReplyLimits
    ) throws(ReplyError) -> ReplyElement? {
        let length = try length(in: bytes, line)
        let start = line.upperBound + 2
        guard length >= 0 else {
            return ReplyElement(mark: mark, content: start..<start, children: 0, end: start, isNull: true)
        }
        guard length <= limits.bytesMax else { throw .tooLarge(limit: limits.bytesMax) }
        let end = start + length
        guard end + 2 <= bytes.byteCount else { return nil }
        guard bytes.byte(at: end) == 13, bytes.byte(at: end + 1) == 10 else { throw .malformed(at: end) }
        return ReplyElement(mark: mark, content: start..<end, children: 0, end: end + 2, isNull: false)
    }
}
