// The XML that stores answer with, read into a tree; foreign bytes, so everything is bounded.

/// Why bytes are no document of this kind.
public struct XMLError: Error, Hashable, Sendable {
    public let offset: Int
    public let what: String
}

/// An element with its text and the elements inside of it. Attributes and prefixes of names are left out.
public struct XMLElement: Hashable, Sendable {
    /// Inclusive.
    public static let depthMax = 8
    public static let nameMax = 128
    public static let elementsMax = 50_000

    public let name: String
    /// All text directly inside of it, in one piece; that between inner elements too.
    public fileprivate(set) var text = ""
    public fileprivate(set) var children: [XMLElement] = []

    /// The one element that a document holds.
    public static func parse(_ bytes: [UInt8]) throws(XMLError) -> XMLElement {
        var reader = XMLReader(bytes: bytes)
        return try reader.document()
    }

    /// The text of the first inner element of that name.
    func text(of name: String) -> String? { children.first { $0.name == name }?.text }
}

/// Goes through a document once (XML 1.0, fifth edition): elements, text, CDATA, the five entities and numbers.
///
/// Documents that declare types or entities of their own are refused: no store sends them, and they can grow without
/// bounds. Characters that XML forbids pass: stores name foreign objects by whatever was put there.
private struct XMLReader {
    let bytes: [UInt8]
    var position = 0
    var elements = 0

    mutating func document() throws(XMLError) -> XMLElement {
        if starts("\u{FEFF}") { position += 3 }
        try skipMiscellany()
        guard peek() == UInt8(ascii: "<") else { throw error("no element") }
        let root = try element(depth: 1)
        try skipMiscellany()
        guard position == bytes.count else { throw error("something behind the document") }
        return root
    }

    /// White space, comments, and instructions such as `<?xml version="1.0"?>`.
    private mutating func skipMiscellany() throws(XMLError) {
        while true {
            skipSpace()
            if starts("<?") {
                try skip(behind: "?>")
            } else if starts("<!--") {
                try skip(behind: "-->")
            } else {
                return
            }
        }
    }

    /// From its `<` to behind its end.
    private mutating func element(depth: Int) throws(XMLError) -> XMLElement {
        elements += 1
        guard depth <= XMLElement.depthMax, elements <= XMLElement.elementsMax else { throw error("too many elements") }
        position += 1
        let name = try name()
        var element = XMLElement(name: local(name))
        guard try !attributes() else { return element }
        var text: [UInt8] = []
        while true {
            guard let byte = peek() else { throw error("the document ends inside of \(element.name)") }
            if byte == UInt8(ascii: "&") {
                text += try reference()
            } else if byte != UInt8(ascii: "<") {
                text.append(byte)
                position += 1
            } else if starts("</") {
                position += 2
                guard try self.name() == name else { throw error("\(element.name) is not closed by its name") }
                skipSpace()
                try expect(">")
                guard let valid = String(validating: text, as: UTF8.self) else { throw error("no UTF-8") }
                element.text = valid
                return element
            } else if starts("<!--") {
                try skip(behind: "-->")
            } else if starts("<![CDATA[") {
                let start = position + 9
                try skip(behind: "]]>")
                text += bytes[start..<max(start, position - 3)]
            } else if starts("<?") {
                try skip(behind: "?>")
            } else {
                element.children.append(try self.element(depth: depth + 1))
            }
        }
    }

    /// Passes over `a="b" …>`. True when the element has ended with that: `/>`.
    private mutating func attributes() throws(XMLError) -> Bool {
        while true {
            skipSpace()
            if starts("/>") {
                position += 2
                return true
            }
            if peek() == UInt8(ascii: ">") {
                position += 1
                return false
            }
            _ = try name()
            skipSpace()
            try expect("=")
            skipSpace()
            guard let quote = peek(), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
                throw error("an attribute without quotes")
            }
            position += 1
            try skip(behind: quote == UInt8(ascii: "'") ? "'" : "\"")
        }
    }

    private mutating func name() throws(XMLError) -> ArraySlice<UInt8> {
        let start = position
        while let byte = peek(), XMLReader.isOfName(byte) { position += 1 }
        guard position > start, position - start <= XMLElement.nameMax else { throw error("no name") }
        return bytes[start..<position]
    }

    private func local(_ name: ArraySlice<UInt8>) -> String {
        let start = name.lastIndex(of: UInt8(ascii: ":")).map { $0 + 1 } ?? name.startIndex
        return String(decoding: name[start...], as: UTF8.self)
    }

    /// `&amp;`, `&#38;`, `&#x26;`.
    private mutating func reference() throws(XMLError) -> [UInt8] {
        let end = bytes[position...].prefix(12).firstIndex(of: UInt8(ascii: ";"))
        guard let end else { throw error("an entity without an end") }
        let name = String(decoding: bytes[(position + 1)..<end], as: UTF8.self)
        guard let scalar = XMLReader.scalar(name) else { throw error("an unknown entity") }
        position = end + 1
        return Array(String(Character(scalar)).utf8)
    }

    private static func scalar(_ name: String) -> Unicode.Scalar? {
        switch name {
        case "lt": "<"
        case "gt": ">"
        case "amp": "&"
        case "quot": "\""
        case "apos": "'"
        case _ where name.hasPrefix("#x"): scalar(name.dropFirst(2), radix: 16)
        case _ where name.hasPrefix("#"): scalar(name.dropFirst(), radix: 10)
        default: nil
        }
    }

    private static func scalar(_ digits: Substring, radix: Int) -> Unicode.Scalar? {
        // A sign would pass for a number.
        guard let first = digits.first, first.isHexDigit else { return nil }
        return UInt32(digits, radix: radix).flatMap(Unicode.Scalar.init)
    }

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private func starts(_ text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

    private mutating func expect(_ text: String) throws(XMLError) {
        guard starts(text) else { throw error("no \(text)") }
        position += text.utf8.count
    }

    private mutating func skipSpace() { while let byte = peek(), XMLReader.isSpace(byte) { position += 1 } }

    private mutating func skip(behind end: String) throws(XMLError) {
        while position < bytes.count {
            if starts(end) {
                position += end.utf8.count
                return
            }
            position += 1
        }
        throw error("no \(end)")
    }

    private func error(_ what: String) -> XMLError { XMLError(offset: position, what: what) }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: ":"), 0x80...0xFF:
            true
        default: false
        }
    }
}
