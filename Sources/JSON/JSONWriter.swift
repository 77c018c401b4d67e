// JSON as bytes, written front to back without an intermediate tree.

/// Appends JSON values (RFC 8259) and sets the commas. Members come in the order of the calls, so that equal facts give
/// equal bytes. The caller balances names and values; objects and arrays are closed by their closures.
public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    public init() {}

    public mutating func object(_ members: (inout JSONWriter) -> Void) { nest("{", "}", members) }
    public mutating func array(_ elements: (inout JSONWriter) -> Void) { nest("[", "]", elements) }

    /// A member whose value `write` writes.
    public mutating func member(_ name: String, _ write: (inout JSONWriter) -> Void) {
        separate()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
        write(&self)
        needsComma = true
    }

    public mutating func member(_ name: String, _ value: String?) { member(name) { $0.value(value) } }
    public mutating func member(_ name: String, _ value: Bool) { member(name) { $0.value(value) } }
    public mutating func member(_ name: String, _ value: Double?) { member(name) { $0.value(value) } }
    public mutating func member(_ name: String, _ value: (some FixedWidthInteger)?) { member(name) { $0.value(value) } }

    /// A string, or null.
    public mutating func value(_ text: String?) {
        separate()
        if let text { quote(text) } else { raw("null") }
    }

    public mutating func value(_ flag: Bool) {
        separate()
        raw(flag ? "true" : "false")
    }

    /// A number, or null where there is none: JSON has no word for infinity.
    public mutating func value(_ number: Double?) {
        separate()
        if let number, number.isFinite { raw(number.description) } else { raw("null") }
    }

    public mutating func value(_ number: (some FixedWidthInteger)?) {
        separate()
        raw(number.map { String($0) } ?? "null")
    }

    private mutating func nest(_ open: String, _ close: String, _ body: (inout JSONWriter) -> Void) {
        separate()
        raw(open)
        needsComma = false
        body(&self)
        raw(close)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20, 0x7F:
                let digits = Array("0123456789abcdef".utf8)
                raw("\\u00")
                bytes.append(digits[Int(byte >> 4)])
                bytes.append(digits[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
