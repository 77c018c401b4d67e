// Replies as bytes: every shape of the Redis protocol, in version 2 or 3.

import ByteCoding

/// Appends replies to `bytes`, which it owns until its user takes them. Allocates nothing but `bytes` itself.
///
/// What version 3 added is written to a version 2 client as Redis does: maps, sets and pushes as flat arrays,
/// doubles and verbatim text as bulk strings, booleans as 1 and 0. The writer does not check that as many elements
/// follow a header as it announced: that is its caller's contract.
public struct ReplyWriter: Sendable {
    public var bytes: [UInt8]
    public var version: RESPVersion

    public init(version: RESPVersion = .two, bytes: [UInt8] = []) {
        self.bytes = bytes
        self.version = version
    }

    // MARK: Lines

    public mutating func ok() { line("+OK\r\n") }

    /// A simple string. The constant holds neither CR nor LF.
    public mutating func simple(_ text: StaticString) {
        bytes.append(UInt8(ascii: "+"))
        line(text)
        end()
    }

    /// A simple string; CR, LF and NUL in it become blanks.
    public mutating func simple(text: String) {
        bytes.append(UInt8(ascii: "+"))
        sanitised(text)
        end()
    }

    /// An error: its first word is for machines. The constant holds neither CR nor LF.
    public mutating func error(_ text: StaticString) {
        bytes.append(UInt8(ascii: "-"))
        line(text)
        end()
    }

    /// An error: its first word is for machines. CR, LF and NUL in it become blanks.
    public mutating func error(text: String) {
        bytes.append(UInt8(ascii: "-"))
        sanitised(text)
        end()
    }

    /// An error that quotes what a client sent: at most `quoteMax` bytes of it, CR, LF and NUL as blanks.
    public mutating func error(_ before: StaticString, quoting quote: RawSpan, _ after: StaticString) {
        bytes.append(UInt8(ascii: "-"))
        line(before)
        sanitised(quote)
        line(after)
        end()
    }

    /// How many bytes of a client's argument an error quotes.
    public static let quoteMax = 128

    public mutating func integer(_ value: Int64) {
        header(UInt8(ascii: ":"), value)
    }

    // MARK: Strings

    public mutating func bulk(_ content: RawSpan) {
        header(UInt8(ascii: "$"), Int64(content.byteCount))
        bytes.append(bytes: content)
        end()
    }

    public mutating func bulk(text: String) {
        header(UInt8(ascii: "$"), Int64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
        end()
    }

    /// The number as a bulk string, as `GET` gives it.
    public mutating func bulk(decimal value: Int64) {
        header(UInt8(ascii: "$"), Int64(DecimalText.digits(in: value.magnitude) + (value < 0 ? 1 : 0)))
        bytes.append(decimal: value)
        end()
    }

    /// Text for people: in version 3 marked as plain text that is not to be escaped.
    public mutating func verbatim(text: String) {
        guard version == .three else { return bulk(text: text) }
        header(UInt8(ascii: "="), Int64(text.utf8.count + 4))
        line("txt:")
        bytes.append(contentsOf: text.utf8)
        end()
    }

    // MARK: Nothing

    /// The absence of a value, where a string or a number could stand.
    public mutating func null() {
        version == .three ? line("_\r\n") : line("$-1\r\n")
    }

    /// The absence of a value, where an array could stand.
    public mutating func nullArray() {
        version == .three ? line("_\r\n") : line("*-1\r\n")
    }

    // MARK: Collections: a header, then the elements

    public mutating func arrayHeader(_ count: Int) {
        header(UInt8(ascii: "*"), Int64(count))
    }

    /// A map of `pairs` keys with a value behind each.
    public mutating func mapHeader(_ pairs: Int) {
        version == .three ? header(UInt8(ascii: "%"), Int64(pairs)) : header(UInt8(ascii: "*"), Int64(pairs * 2))
    }

    public mutating func setHeader(_ count: Int) {
        header(version == .three ? UInt8(ascii: "~") : UInt8(ascii: "*"), Int64(count))
    }

    /// A message that answers no request.
    public mutating func pushHeader(_ count: Int) {
        header(version == .three ? UInt8(ascii: ">") : UInt8(ascii: "*"), Int64(count))
    }

    // MARK: Version 3's scalars

    /// As Redis 7.0 writes it: with 17 significant digits (`append(double:)`); `inf`, `-inf`, `nan`.
    public mutating func double(_ value: Double) {
        guard version == .three else {
            let header = bytes.count
            // Up to 24 bytes of text stand behind a header of one digit or two.
            line("$00\r\n")
            let start = bytes.count
            bytes.append(double: value)
            let count = bytes.count - start
            bytes[header + 1] = UInt8(ascii: "0") + UInt8(count / 10)
            bytes[header + 2] = UInt8(ascii: "0") + UInt8(count % 10)
            if count < 10 { bytes.remove(at: header + 1) }
            return end()
        }
        bytes.append(UInt8(ascii: ","))
        bytes.append(double: value)
        end()
    }

    public mutating func boolean(_ value: Bool) {
        guard version == .three else { return integer(value ? 1 : 0) }
        line(value ? "#t\r\n" : "#f\r\n")
    }

    /// An integer beyond 64 bits, given as its digits.
    public mutating func bigNumber(digits: String) {
        guard version == .three else { return bulk(text: digits) }
        bytes.append(UInt8(ascii: "("))
        sanitised(digits)
        end()
    }

    // MARK: Parts

    @inline(__always)
    private mutating func header(_ mark: UInt8, _ value: Int64) {
        bytes.append(mark)
        bytes.append(decimal: value)
        end()
    }

    @inline(__always)
    private mutating func end() {
        bytes.append(UInt8(ascii: "\r"))
        bytes.append(UInt8(ascii: "\n"))
    }

    private mutating func line(_ text: StaticString) {
        // A static string's bytes live as long as the program.
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func sanitised(_ text: String) {
        for byte in text.utf8 { bytes.append(ReplyWriter.lineByte(byte)) }
    }

    private mutating func sanitised(_ quote: RawSpan) {
        for offset in 0..<min(quote.byteCount, ReplyWriter.quoteMax) {
            bytes.append(ReplyWriter.lineByte(quote.byte(at: offset)))
        }
    }

    /// What may stand in a line: no byte that would end it and let a client forge the rest of a reply.
    private static func lineByte(_ byte: UInt8) -> UInt8 {
        byte == 10 || byte == 13 || byte == 0 ? UInt8(ascii: " ") : byte
    }
}
