// A Swift file's code with comments and literals blanked out, so that rules match what the compiler sees.

/// Comments, string contents and raw identifiers become spaces; line ends stay, so that line numbers agree.
/// Code inside of an interpolation is blanked with its string: rules err on the quiet side there.
struct SwiftCode {
    /// One entry per line of the file.
    let lines: [String]

    init(_ text: String) {
        var blanker = Blanker(source: Array(text.utf8))
        blanker.run()
        lines = String(decoding: blanker.output, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
}

/// The scan: copies code, blanks the rest.
private struct Blanker {
    let source: [UInt8]
    var output: [UInt8] = []
    var position = 0

    init(source: [UInt8]) {
        self.source = source
        output.reserveCapacity(source.count)
    }

    mutating func run() {
        while position < source.count {
            if starts("//") {
                blank { !$0.starts("\n") }
            } else if starts("/*") {
                blankBlockComment()
            } else if let hashes = literalHashes() {
                blankString(hashes: hashes)
            } else if starts("`") {
                blank(1)
                blank { !$0.starts("`") && !$0.starts("\n") }
                blank(1)
            } else {
                output.append(source[position])
                position += 1
            }
        }
    }

    func starts(_ prefix: String) -> Bool {
        let bytes = Array(prefix.utf8)
        return position + bytes.count <= source.count
            && source[position..<position + bytes.count].elementsEqual(bytes)
    }

    /// Replaces `count` bytes by spaces; line ends stay.
    mutating func blank(_ count: Int) {
        for _ in 0..<min(count, source.count - position) {
            output.append(source[position] == UInt8(ascii: "\n") ? source[position] : UInt8(ascii: " "))
            position += 1
        }
    }

    mutating func blank(while condition: (Blanker) -> Bool) {
        while position < source.count, condition(self) { blank(1) }
    }

    mutating func blankBlockComment() {
        var depth = 0
        repeat {
            if starts("/*") {
                depth += 1
                blank(2)
            } else if starts("*/") {
                depth -= 1
                blank(2)
            } else {
                blank(1)
            }
        } while depth > 0 && position < source.count
    }

    /// The number of `#` before a string's opening quote here; nil where no string begins.
    func literalHashes() -> Int? {
        var end = position
        while end < source.count, source[end] == UInt8(ascii: "#") { end += 1 }
        return end < source.count && source[end] == UInt8(ascii: "\"") ? end - position : nil
    }

    mutating func blankString(hashes: Int) {
        let fence = String(repeating: "#", count: hashes)
        blank(hashes)
        let quote = starts("\"\"\"") ? "\"\"\"" : "\""
        blank(quote.utf8.count)
        while position < source.count, !starts(quote + fence) {
            if starts("\\" + fence + "(") {
                blankInterpolation(prefix: 2 + hashes)
            } else if starts("\\" + fence) {
                blank(2 + hashes)
            } else {
                blank(1)
            }
        }
        blank(quote.utf8.count + hashes)
    }

    mutating func blankInterpolation(prefix: Int) {
        blank(prefix)
        var depth = 1
        while depth > 0, position < source.count {
            if let hashes = literalHashes() {
                blankString(hashes: hashes)
                continue
            }
            if starts("(") { depth += 1 }
            if starts(")") { depth -= 1 }
            blank(1)
        }
    }
}
