// A command's arguments, out of an entry or out of a client's request, alike to whoever looks at them.

import ByteCoding

/// The arguments behind a command's name. Borrows the bytes in which they lie.
///
/// In an entry each argument is found by walking from the first one; that costs a few nanoseconds for the first ones,
/// and commands that take many walk with a `Place` instead of counting.
public struct Arguments: ~Escapable {
    private let bytes: RawSpan
    public let count: Int
    /// In an entry: where the first argument's length stands.
    private let start: Int
    /// In a request: where its words lie, the command's name first.
    private let words: [Range<Int>]?

    /// Arguments of an entry that was walked to its end without an error.
    @_lifetime(copy bytes)
    init(walked bytes: RawSpan, count: Int, start: Int) {
        self.bytes = bytes
        self.count = count
        self.start = start
        words = nil
    }

    /// Arguments of a request, whose words lie at `words`, the command's name first. Traps without a word.
    @_lifetime(copy request)
    public init(_ request: RawSpan, words: [Range<Int>]) {
        precondition(!words.isEmpty, "a request without its command's name")
        bytes = request
        count = words.count - 1
        start = 0
        self.words = words
    }

    /// Between two arguments.
    struct Place {
        /// Arguments before it.
        fileprivate(set) var position = 0
        fileprivate var offset: Int
    }

    /// The place before the first argument.
    var first: Place { Place(offset: start) }

    /// The argument behind `place`, which moves behind it. Traps at the end.
    @_lifetime(copy self)
    func next(_ place: inout Place) -> RawSpan {
        precondition(place.position < count, "argument \(place.position) of \(count)")
        place.position += 1
        if let words { return bytes.extracting(words[place.position]) }
        let range = walk(&place.offset)
        return bytes.extracting(range)
    }

    /// The argument at `position`, counted from 0. Traps outside.
    package subscript(position: Int) -> RawSpan {
        @_lifetime(copy self)
        get {
            precondition(position >= 0 && position < count, "argument \(position) of \(count)")
            if let words { return bytes.extracting(words[position + 1]) }
            var offset = start
            for _ in 0..<position { _ = walk(&offset) }
            let range = walk(&offset)
            return bytes.extracting(range)
        }
    }

    /// Where the counted bytes at `offset` lie; moves behind them.
    @inline(__always)
    private func walk(_ offset: inout Int) -> Range<Int> {
        var length = 0
        var shift = 0
        while true {
            let byte = bytes.byte(at: offset)
            offset += 1
            length |= Int(byte & 0x7F) << shift
            if byte < 0x80 { break }
            shift += 7
        }
        defer { offset += length }
        return offset..<offset + length
    }
}
