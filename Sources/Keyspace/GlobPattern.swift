// Redis's patterns: `*`, `?`, `[a-z]`, `[^…]`, `\`.

/// Matching as `stringmatchlen` of Redis does it, ends of malformed patterns included, in time bounded by the product
/// of the lengths: only the last star is ever tried again.
public enum GlobPattern {
    /// Whether who looks for a pattern finds this key, field or member. The lone star finds all of them, an empty one,
    /// too, which no star matches.
    static func finds(_ text: RawSpan, _ pattern: RawSpan) -> Bool {
        let findsAll = pattern.byteCount == 1 && pattern.byte(at: 0) == UInt8(ascii: "*")
        return findsAll || matches(text, pattern)
    }

    /// Whether the whole text is what the pattern says.
    public static func matches(_ text: RawSpan, _ pattern: RawSpan) -> Bool {
        // Redis looks at a pattern only while there is text, so an empty text matches the empty pattern alone.
        guard text.byteCount > 0 else { return pattern.byteCount == 0 }
        var (place, next) = (0, 0)
        var star: (next: Int, place: Int)?
        while place < text.byteCount {
            if next < pattern.byteCount, pattern.byte(at: next) == UInt8(ascii: "*") {
                star = (next + 1, place)
                next += 1
            } else if next < pattern.byteCount, let end = element(pattern, at: next, matching: text.byte(at: place)) {
                next = end
                place += 1
            } else if let last = star {
                star = (last.next, last.place + 1)
                (next, place) = (last.next, last.place + 1)
            } else {
                return false
            }
        }
        while next < pattern.byteCount, pattern.byte(at: next) == UInt8(ascii: "*") { next += 1 }
        return next == pattern.byteCount
    }

    /// Where the element at `start`, which is no star, ends; nil when it does not match the byte.
    private static func element(_ pattern: RawSpan, at start: Int, matching byte: UInt8) -> Int? {
        switch pattern.byte(at: start) {
        case UInt8(ascii: "?"): return start + 1
        case UInt8(ascii: "["): return group(pattern, at: start + 1, matching: byte)
        case UInt8(ascii: "\\") where start + 1 < pattern.byteCount:
            return pattern.byte(at: start + 1) == byte ? start + 2 : nil
        case let literal: return literal == byte ? start + 1 : nil
        }
    }

    /// The same for a group, whose first byte behind the bracket is at `start`. A missing bracket ends the group with
    /// the pattern.
    private static func group(_ pattern: RawSpan, at start: Int, matching byte: UInt8) -> Int? {
        let count = pattern.byteCount
        var next = start
        let isNegated = next < count && pattern.byte(at: next) == UInt8(ascii: "^")
        if isNegated { next += 1 }
        var isFound = false
        while next < count, pattern.byte(at: next) != UInt8(ascii: "]") {
            if pattern.byte(at: next) == UInt8(ascii: "\\"), next + 1 < count {
                next += 1
                isFound = isFound || pattern.byte(at: next) == byte
            } else if next + 2 < count, pattern.byte(at: next + 1) == UInt8(ascii: "-") {
                let (a, b) = (pattern.byte(at: next), pattern.byte(at: next + 2))
                isFound = isFound || min(a, b) <= byte && byte <= max(a, b)
                next += 2
            } else {
                isFound = isFound || pattern.byte(at: next) == byte
            }
            next += 1
        }
        return isFound != isNegated ? min(next + 1, count) : nil
    }
}
