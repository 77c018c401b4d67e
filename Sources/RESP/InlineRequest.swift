// A request typed as a line of words, with the quoting rules of Redis (`sdssplitargs`).

/// Splits one line. Words are separated by blanks. `"…"` may hold blanks and the escapes `\n \r \t \b \a \xHH`, and a
/// backslash before any other byte stands for that byte; `'…'` holds anything, with `\'` for a quote. A closing quote
/// ends the word and must be followed by a blank or the end.
struct InlineRequest {
    private var offset = 0

    /// Appends the words' bytes to `text` and where they lie in it to `arguments`, at most `limits.argumentsMax`.
    static func split(
        _ line: RawSpan, into text: inout [UInt8], _ arguments: inout [Range<Int>], limits: RequestLimits
    ) throws(RequestError) {
        var splitter = InlineRequest()
        while splitter.skipBlanks(line) {
            guard arguments.count < limits.argumentsMax else {
                throw .invalidArgumentCount(isBeforeLogin: limits.isBeforeLogin)
            }
            let start = text.count
            try splitter.word(line, into: &text)
            arguments.append(start..<text.count)
        }
    }

    /// False when nothing but blanks was left.
    private mutating func skipBlanks(_ line: RawSpan) -> Bool {
        while offset < line.byteCount, InlineRequest.isBlank(line.byte(at: offset)) { offset += 1 }
        return offset < line.byteCount
    }

    private mutating func word(_ line: RawSpan, into text: inout [UInt8]) throws(RequestError) {
        while offset < line.byteCount {
            let byte = line.byte(at: offset)
            offset += 1
            switch byte {
            case UInt8(ascii: " "), 9, 10, 13:
                return
            case UInt8(ascii: "\""):
                return try quoted(line, by: byte, into: &text)
            case UInt8(ascii: "'"):
                return try quoted(line, by: byte, into: &text)
            default:
                text.append(byte)
            }
        }
    }

    /// The rest of a word from behind an opening quote to behind its closing one.
    private mutating func quoted(
        _ line: RawSpan, by quote: UInt8, into text: inout [UInt8]
    ) throws(RequestError) {
        while offset < line.byteCount {
            let byte = line.byte(at: offset)
            offset += 1
            if byte == quote {
                guard offset == line.byteCount || InlineRequest.isBlank(line.byte(at: offset)) else {
                    throw .unbalancedQuotes
                }
                return
            }
            guard byte == UInt8(ascii: "\\"), offset < line.byteCount else {
                text.append(byte)
                continue
            }
            text.append(quote == UInt8(ascii: "\"") ? escape(line) : quoteOrBackslash(line))
        }
        throw .unbalancedQuotes
    }

    /// The byte that an escape within `"…"` stands for; `offset` is behind the backslash and inside of the line.
    private mutating func escape(_ line: RawSpan) -> UInt8 {
        let byte = line.byte(at: offset)
        offset += 1
        switch byte {
        case UInt8(ascii: "n"): return 10
        case UInt8(ascii: "r"): return 13
        case UInt8(ascii: "t"): return 9
        case UInt8(ascii: "b"): return 8
        case UInt8(ascii: "a"): return 7
        case UInt8(ascii: "x"):
            guard offset + 2 <= line.byteCount, let high = InlineRequest.hexadecimal(line.byte(at: offset)),
                let low = InlineRequest.hexadecimal(line.byte(at: offset + 1))
            else { return byte }
            offset += 2
            return high << 4 | low
        default: return byte
        }
    }

    /// Within `'…'` only the quote can be escaped; any other backslash is itself.
    private mutating func quoteOrBackslash(_ line: RawSpan) -> UInt8 {
        guard line.byte(at: offset) == UInt8(ascii: "'") else { return UInt8(ascii: "\\") }
        offset += 1
        return UInt8(ascii: "'")
    }

    /// The C locale's blanks.
    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || 9...13 ~= byte
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - 48
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - 87
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - 55
        default: nil
        }
    }
}
