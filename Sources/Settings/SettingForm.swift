// How the kinds of values are read from text: each form knows its bounds, its words and its complaints.

import Keyspace
import Platform
import Vocabulary

/// Reads one kind of value, and says in words what it takes.
struct SettingForm<Value: Sendable>: Sendable {
    /// What may be written, for the reference: `duration from 10ms to 1m`.
    let words: String
    /// Whether it takes a list, which a variable or a flag writes in brackets.
    let isList: Bool
    let decode: @Sendable (SettingValue) throws(ValueFault) -> Value

    /// A form that takes one word or line of text.
    init(_ words: String, text decode: @escaping @Sendable (String) throws(ValueFault) -> Value) {
        self.words = words
        isList = false
        self.decode = { value throws(ValueFault) in
            guard case .text(let text) = value else {
                throw ValueFault("takes one value, not a list or section", "write \(words)")
            }
            return try decode(text)
        }
    }

    /// A form that takes a list.
    init(_ words: String, list decode: @escaping @Sendable (SettingValue) throws(ValueFault) -> Value) {
        self.words = words
        isList = true
        self.decode = decode
    }
}

extension SettingForm where Value == Duration {
    private static var units: [(name: String, nanoseconds: Int64)] {
        [
            ("ns", 1), ("us", 1000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
            ("h", 3_600_000_000_000), ("d", 86_400_000_000_000),
        ]
    }

    static func duration(_ bounds: ClosedRange<Duration>) -> SettingForm {
        let words = "duration from \(text(bounds.lowerBound)) to \(text(bounds.upperBound))"
        return SettingForm(words) { (written: String) throws(ValueFault) in
            let value = try parse(written)
            guard bounds.contains(value) else {
                throw ValueFault("\(written) is out of bounds", "write a \(words)")
            }
            return value
        }
    }

    fileprivate static func parse(_ written: String) throws(ValueFault) -> Duration {
        let (digits, unit) = splitNumber(written)
        guard !digits.isEmpty, let number = Int64(digits) else {
            throw ValueFault("`\(written)` is no duration", "write a whole number and a unit, such as 150ms or 2s")
        }
        guard !unit.isEmpty else {
            throw ValueFault("`\(written)` has no unit", "write \(digits)ms, \(digits)s or \(digits)m")
        }
        guard let scale = units.first(where: { $0.name == unit }) else {
            throw ValueFault("`\(unit)` is no unit of time", "use one of ns, us, ms, s, m, h, d")
        }
        let (nanoseconds, overflow) = number.multipliedReportingOverflow(by: scale.nanoseconds)
        guard !overflow else { throw ValueFault("\(written) is out of bounds", "write a shorter duration") }
        return .nanoseconds(nanoseconds)
    }

    /// The largest unit that divides it evenly: `150ms`, `2s`, `1h`.
    static func text(_ duration: Duration) -> String {
        let nanoseconds = duration.inNanoseconds
        let unit = units.last { nanoseconds != 0 && nanoseconds % $0.nanoseconds == 0 } ?? ("s", 1_000_000_000)
        return "\(nanoseconds / unit.nanoseconds)\(unit.name)"
    }
}

extension Duration {
    /// As settings are written: `15m`, `2s`. Nil for anything else.
    public init?(written text: String) {
        guard let value = try? SettingForm<Duration>.parse(text) else { return nil }
        self = value
    }
}

extension SettingForm where Value == ByteCount {
    private static var units: [(name: String, shift: Int)] {
        [("B", 0), ("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)]
    }

    static func size(_ bounds: ClosedRange<ByteCount>) -> SettingForm {
        let words = "size from \(bounds.lowerBound) to \(bounds.upperBound)"
        return SettingForm(words) { (written: String) throws(ValueFault) in
            let value = try parse(written)
            guard bounds.contains(value) else {
                throw ValueFault("\(written) is out of bounds", "write a \(words)")
            }
            return value
        }
    }

    private static func parse(_ written: String) throws(ValueFault) -> ByteCount {
        let (digits, unit) = splitNumber(written)
        guard !digits.isEmpty, let number = Int(digits) else {
            throw ValueFault("`\(written)` is no size", "write a whole number and a unit, such as 512KiB or 64MiB")
        }
        guard !unit.isEmpty else {
            throw ValueFault("`\(written)` has no unit", "write \(digits)B, \(digits)KiB or \(digits)MiB")
        }
        guard let scale = units.first(where: { $0.name == unit }) else {
            throw ValueFault("`\(unit)` is no unit of size here", "use one of B, KiB, MiB, GiB, TiB")
        }
        guard number <= Int.max >> scale.shift else {
            throw ValueFault("\(written) is out of bounds", "write a smaller size")
        }
        return ByteCount(number << scale.shift)
    }
}

extension SettingForm where Value == Int {
    static func count(_ bounds: ClosedRange<Int>) -> SettingForm {
        let words = "whole number from \(bounds.lowerBound) to \(bounds.upperBound)"
        return SettingForm(words) { (written: String) throws(ValueFault) in
            guard written.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int(written) else {
                throw ValueFault("`\(written)` is no whole number", "write a \(words), without a unit")
            }
            guard bounds.contains(value) else { throw ValueFault("\(written) is out of bounds", "write a \(words)") }
            return value
        }
    }
}

extension SettingForm where Value == Bool {
    static var flag: SettingForm {
        SettingForm("true or false") { (written: String) throws(ValueFault) in
            switch written {
            case "true": return true
            case "false": return false
            default: throw ValueFault("`\(written)` is neither true nor false", "write true or false")
            }
        }
    }
}

extension SettingForm where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    static var choice: SettingForm {
        let words = "one of " + Value.allCases.map(\.rawValue).joined(separator: ", ")
        return SettingForm(words) { (written: String) throws(ValueFault) in
            guard let value = Value(rawValue: written) else {
                throw ValueFault("`\(written)` is not known", "write \(words)")
            }
            return value
        }
    }
}

extension SettingForm where Value == String {
    /// A path. Relative ones count from the file's directory in a file, from the working directory elsewhere; the
    /// sources make them absolute before they are decoded.
    static var path: SettingForm {
        SettingForm("path") { (written: String) throws(ValueFault) in
            guard !written.isEmpty, !written.utf8.contains(0) else {
                throw ValueFault("is empty", "write the path of a file or directory")
            }
            return written
        }
    }

    /// A short line for people.
    static var name: SettingForm {
        SettingForm("name of 1 to 64 characters") { (written: String) throws(ValueFault) in
            guard (1...64).contains(written.count), written.unicodeScalars.allSatisfy({ $0.value >= 0x20 }) else {
                throw ValueFault("is no name", "write 1 to 64 printable characters")
            }
            return written
        }
    }
}

extension SettingForm where Value == HostPort {
    static var address: SettingForm {
        SettingForm("address `HOST:PORT`") { (written: String) throws(ValueFault) in
            guard let value = HostPort(written) else {
                throw ValueFault(
                    "`\(written)` is no address with a port", "write HOST:PORT, such as 127.0.0.1:7101 or [::1]:7101")
            }
            return value
        }
    }
}

extension SettingForm where Value == NodeID {
    static var node: SettingForm {
        SettingForm("node name") { (written: String) throws(ValueFault) in
            guard let value = NodeID(written) else {
                throw ValueFault(
                    "`\(written)` is no node name",
                    "write 1 to \(NodeID.lengthMax) characters of a-z, 0-9 and -, beginning with a letter")
            }
            return value
        }
    }
}

extension SettingForm where Value == ClusterID {
    static var cluster: SettingForm {
        SettingForm("32 hex characters") { (written: String) throws(ValueFault) in
            guard let value = ClusterID(hex: written) else {
                throw ValueFault("is not 32 hex characters", "draw one with `openssl rand -hex 16`, the same for all")
            }
            return value
        }
    }
}

extension SettingForm where Value == KeyEventClasses {
    static var keyEvents: SettingForm {
        SettingForm("letters of `Ag$lshzxeKEtmdn`") { (written: String) throws(ValueFault) in
            guard let value = KeyEventClasses(letters: written) else {
                throw ValueFault(
                    "`\(written)` has a letter that means nothing", "write letters of Ag$lshzxeKEtmdn, such as KEA")
            }
            return value
        }
    }
}

extension SettingForm where Value == [String] {
    /// Addresses or ranges of them, as `10.0.0.0/8`; a list, or one line with commas.
    static var addressRanges: SettingForm {
        SettingForm("list of addresses or ranges (`10.0.0.0/8`)") { (value: SettingValue) throws(ValueFault) in
            let texts = try listed(value)
            for text in texts where !isRange(text) {
                throw ValueFault(
                    "`\(text)` is no address or range", "write for example 127.0.0.1, 10.0.0.0/8, fd00::/8")
            }
            return texts
        }
    }

    private static func listed(_ value: SettingValue) throws(ValueFault) -> [String] {
        switch value {
        case .text(let text):
            return text.split(separator: ",").map { $0.trimmingSpaces }.filter { !$0.isEmpty }
        case .list(let values):
            var texts: [String] = []
            for value in values {
                guard case .text(let text) = value else { throw ValueFault("has a list in its list", "write one list") }
                texts.append(text)
            }
            return texts
        case .map: throw ValueFault("takes a list, not a section", "write [10.0.0.0/8, 127.0.0.1]")
        }
    }

    private static func isRange(_ text: String) -> Bool {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let isV6 = parts[0].contains(":")
        guard SocketAddress(parsing: isV6 ? "[\(parts[0])]:1" : "\(parts[0]):1") != nil else { return false }
        return parts.count == 1 || (UInt8(parts[1]).map { $0 <= (isV6 ? 128 : 32) } ?? false)
    }
}

extension StringProtocol {
    var trimmingSpaces: String {
        String(self.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}

/// The digits that a text begins with, and what is behind them.
private func splitNumber(_ text: String) -> (digits: String, unit: String) {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    return (String(digits), String(text[digits.endIndex...]))
}
