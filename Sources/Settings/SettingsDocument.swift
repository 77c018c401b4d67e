// Writing a configuration: an ordered list of keys and values that becomes a file, and takes another file in.

import Platform

/// A node's configuration as it is written, such as by `nodectl playground`. Keys keep the order of their first `set`.
public struct SettingsDocument: Sendable {
    private var entries: [(key: String, value: SettingValue)] = []

    public init() {}

    /// The keys that were set, in order.
    public var keys: [String] { entries.map(\.key) }

    /// Sets a key in place of what it had. The key must be known.
    public mutating func set(_ key: String, _ value: SettingValue) {
        precondition(SettingTable.byKey[key] != nil, "no setting is called \(key)")
        if let position = entries.firstIndex(where: { $0.key == key }) {
            entries[position].value = value
        } else {
            entries.append((key, value))
        }
    }

    public mutating func set(_ key: String, _ text: String) { set(key, .text(text)) }

    /// Sets every key of another file, paths made absolute.
    public mutating func merge(file path: String) throws(SettingsError) {
        let sources = SettingsSources(file: SettingsFile(path: path), environment: [:], flags: [])
        if !sources.problems.isEmpty { throw SettingsError(sources.problems) }
        for setting in SettingTable.all {
            if let given = sources.given[setting.key] { set(setting.key, given.value) }
        }
    }

    /// The file: a comment line, then one line for each key, grouped by section.
    public func yaml(comment: String) -> String {
        var lines = ["# " + comment]
        var section: Substring = ""
        for (key, value) in entries {
            let next = key.prefix { $0 != "." }
            if next != section { lines.append("") }
            section = next
            lines += SettingsDocument.lines(key: key, value)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func lines(key: String, _ value: SettingValue) -> [String] {
        guard case .list(let items) = value, !items.isEmpty else { return ["\(key): \(flow(value))"] }
        return ["\(key):"] + items.map { "  - \(flow($0))" }
    }

    /// A value in one line.
    private static func flow(_ value: SettingValue) -> String {
        switch value {
        case .text(let text): scalar(text)
        case .list(let items): "[" + items.map(flow).joined(separator: ", ") + "]"
        case .map(let fields):
            "{" + fields.map { "\(scalar($0.name)): \(flow($0.value))" }.joined(separator: ", ") + "}"
        }
    }

    /// Plain where nothing in it could mean anything else, quoted elsewhere (YAML 1.2, section 7.3.1).
    private static func scalar(_ text: String) -> String {
        let isPlain = text.utf8.enumerated().allSatisfy { position, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"):
                true
            case UInt8(ascii: "-"), UInt8(ascii: ":"): position > 0 && position < text.utf8.count - 1
            default: false
            }
        }
        if isPlain, !text.isEmpty, text != "null" { return text }
        var quoted = "\""
        for character in text.unicodeScalars {
            switch character {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            default: quoted.unicodeScalars.append(character)
            }
        }
        return quoted + "\""
    }
}
