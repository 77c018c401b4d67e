// JSON bodies of requests: small, strict, bounded.

/// A JSON value. Members keep their order.
public enum JSONValue: Equatable, Sendable {
    case null
    case flag(Bool)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([(name: String, value: JSONValue)])

    public static func == (a: JSONValue, b: JSONValue) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.flag(let a), .flag(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.text(let a), .text(let b)): a == b
        case (.list(let a), .list(let b)): a == b
        case (.object(let a), .object(let b)):
            a.count == b.count && zip(a, b).allSatisfy { $0.name == $1.name && $0.value == $1.value }
        default: false
        }
    }
}

/// Why a body is no JSON, and where.
public struct JSONError: Error, Equatable {
    public var what: String
    /// In bytes from the beginning.
    public var offset: Int

    public init(what: String, offset: Int) {
        self.what = what
        self.offset = offset
    }
}

/// Reads one document (RFC 8259). Refuses repeated names, lone surrogates, invalid UTF-8 and more than 16 levels.
public struct JSONReader {
    public static let depthMax = 16

    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    public static func value(of bytes: [UInt8]) throws(JSONError) -> JSONValue {
        var reader = JSONReader(bytes: bytes)
        guard String(validating: bytes, as: UTF8.self) != nil else { throw JSONError(what: "not UTF-8", offset: 0) }
        let value = try reader.value()
        reader.skipBlanks()
        guard reader.position == bytes.count else { throw reader.error("something behind the value") }
        return value
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func error(_ what: String) -> JSONError { JSONError(what: what, offset: position) }

    private mutating func value() throws(JSONError) -> JSONValue {
        skipBlanks()
        switch next {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try list()
        case UInt8(ascii: "\""): return .text(try string())
        case UInt8(ascii: "t"): return try word("true", .flag(true))
        case UInt8(ascii: "f"): return try word("false", .flag(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func object() throws(JSONError) -> JSONValue {
        var members: [(name: String, value: JSONValue)] = []
        var names: Set<String> = []
        try nested(until: UInt8(ascii: "}")) { (reader) throws(JSONError) in
            guard reader.next == UInt8(ascii: "\"") else { throw reader.error("a member without a name") }
            let name = try reader.string()
            guard names.insert(name).inserted else { throw reader.error("a repeated name") }
            reader.skipBlanks()
            guard reader.take(UInt8(ascii: ":")) else { throw reader.error("no colon behind a name") }
            members.append((name, try reader.value()))
        }
        return .object(members)
    }

    private mutating func list() throws(JSONError) -> JSONValue {
        var elements: [JSONValue] = []
        try nested(until: UInt8(ascii: "]")) { (reader) throws(JSONError) in elements.append(try reader.value()) }
        return .list(elements)
    }

    /// What stands between a bracket, which comes next, and its partner, with commas between.
    private mutating func nested(
        until close: UInt8, _ element: (inout JSONReader) throws(JSONError) -> Void
    ) throws(JSONError) {
        guard depth < JSONReader.depthMax else { throw error("nested too deep") }
        depth += 1
        position += 1
        skipBlanks()
        if !take(close) {
            repeat {
                skipBlanks()
                try element(&self)
                skipBlanks()
            } while take(UInt8(ascii: ","))
            guard take(close) else { throw error("neither a comma nor a closing bracket") }
        }
        depth -= 1
    }

    private mutating func string() throws(JSONError) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text.append(contentsOf: String(try escaped()).utf8)
            case 0..<0x20: throw error("a control character in a string")
            default: text.append(byte)
            }
        }
        throw error("a string without an end")
    }

    private mutating func escaped() throws(JSONError) -> Unicode.Scalar {
        guard let byte = next else { throw error("a string without an end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try scalar()
        default: throw error("an unknown escape")
        }
    }

    private mutating func scalar() throws(JSONError) -> Unicode.Scalar {
        let unit = try codeUnit()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard unit < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw error("a lone surrogate") }
        let second = try codeUnit()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (second - 0xDC00))
        else { throw error("a lone surrogate") }
        return scalar
    }

    private mutating func codeUnit() throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, byte < 0x80, let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
                throw error("not four hexadecimal digits")
            }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let begin = position
        _ = take(UInt8(ascii: "-"))
        let whole = digits()
        guard whole == 1 || whole > 1 && bytes[position - whole] != UInt8(ascii: "0") else {
            throw error("not a JSON value")
        }
        if take(UInt8(ascii: ".")), digits() == 0 { throw error("no digit behind the point") }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            if digits() == 0 { throw error("no digit in the exponent") }
        }
        guard position - begin <= 64, let number = Double(String(decoding: bytes[begin..<position], as: UTF8.self)),
            number.isFinite
        else { throw error("a number out of range") }
        return .number(number)
    }

    private mutating func digits() -> Int {
        let begin = position
        while let byte = next, byte >= 0x30, byte <= 0x39 { position += 1 }
        return position - begin
    }

    private mutating func word(_ text: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        guard bytes[position...].starts(with: text.utf8) else { throw error("not a JSON value") }
        position += text.utf8.count
        return value
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
    }
}
