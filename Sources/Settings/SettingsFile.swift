// A configuration file: YAML, its sections flattened into keys, with the line of each.

import Platform
import Vocabulary
import Yams

/// The keys of one file. Reading one never fails as a whole: what is wrong is in `problems`.
struct SettingsFile {
    struct Entry: Hashable {
        let key: String
        let value: SettingValue
        let line: Int
    }

    static let sizeMax = 1 << 20
    static let depthMax = 8
    static let entriesMax = 4096
    /// In the value of one key. Aliases make a tree of any size out of a few lines.
    static let nodesMax = 1 << 16

    let path: String
    private(set) var entries: [Entry] = []
    private(set) var problems: [SettingsProblem] = []
    /// Whether it could not be read at all, so that nothing can be said of what it gives.
    private(set) var isBroken = false

    /// Reads the file at `path`.
    init(path: String) {
        self.path = path
        do throws(SystemError) {
            let bytes = try FileSystem.readAll(path, limit: SettingsFile.sizeMax)
            read(String(decoding: bytes, as: UTF8.self))
        } catch {
            isBroken = true
            problem("", 0, "cannot be read: \(error.reason)", error.remedy.text)
        }
    }

    /// Reads `text` as if it stood in a file at `path`.
    init(path: String, text: String) {
        self.path = path
        read(text)
    }

    private mutating func read(_ text: String) {
        do {
            guard let root = try Yams.compose(yaml: text) else { return }
            guard case .mapping(let mapping) = root else {
                isBroken = true
                return problem("", line(of: root), "holds no sections", "write lines such as `node.id: n1`")
            }
            walk(mapping, prefix: "", depth: 0)
        } catch {
            let (line, what) = SettingsFile.explain(error)
            isBroken = true
            problem("", line, "is no valid YAML: \(what)", "correct that line")
        }
    }

    private mutating func walk(_ mapping: Node.Mapping, prefix: String, depth: Int) {
        for (name, value) in mapping {
            guard let word = name.scalar?.string else {
                problem(prefix, line(of: name), "has a key that is no word", "write `key: value`")
                continue
            }
            take(prefix.isEmpty ? word : prefix + "." + word, value, line: line(of: name), depth: depth)
            if entries.count + problems.count > SettingsFile.entriesMax {
                return problem("", line(of: name), "has too many keys", "remove what is no setting")
            }
        }
    }

    private mutating func take(_ key: String, _ node: Node, line: Int, depth: Int) {
        if let setting = SettingTable.byKey[key] {
            guard let value = SettingsFile.value(of: node) else {
                return problem(key, line, "has no value", "write \(setting.words), or remove the line")
            }
            entries.append(Entry(key: key, value: value, line: line))
            return
        }
        let below = SettingTable.all.map(\.key).filter { $0.hasPrefix(key + ".") }
        if below.isEmpty {
            let nearest = NearestName.among(SettingTable.all.map(\.key), to: key)
            problem(key, line, "is no setting", "did you mean `\(nearest)`?")
        } else if case .mapping(let mapping) = node, depth < SettingsFile.depthMax {
            walk(mapping, prefix: key, depth: depth + 1)
        } else {
            problem(key, line, "is a section, not a setting", "write `\(below[0])` or another of its keys")
        }
    }

    private mutating func problem(_ key: String, _ line: Int, _ what: String, _ remedy: String) {
        problems.append(
            SettingsProblem(origin: .file(path: path, line: line), key: key, what: what, remedy: remedy))
    }

    private func line(of node: Node) -> Int { node.mark?.line ?? 0 }
}

// Nodes of YAML as values.
extension SettingsFile {
    /// The value of a node. Nil for null, for what is nested too deep or too large, and for what is no plain data.
    static func value(of node: Node) -> SettingValue? {
        var nodesLeft = nodesMax
        return value(of: node, depth: 0, nodesLeft: &nodesLeft)
    }

    private static func value(of node: Node, depth: Int, nodesLeft: inout Int) -> SettingValue? {
        guard depth < depthMax, nodesLeft > 0 else { return nil }
        nodesLeft -= 1
        switch node {
        case .scalar(let scalar):
            let isNull = scalar.style == .plain && ["", "~", "null"].contains(scalar.string)
            return isNull ? nil : .text(scalar.string)
        case .sequence(let sequence):
            guard sequence.count <= entriesMax else { return nil }
            let values = sequence.compactMap { value(of: $0, depth: depth + 1, nodesLeft: &nodesLeft) }
            return values.count == sequence.count ? .list(values) : nil
        case .mapping(let mapping):
            let fields = mapping.compactMap { name, node -> SettingValue.Field? in
                guard let word = name.scalar?.string,
                    let value = value(of: node, depth: depth + 1, nodesLeft: &nodesLeft)
                else { return nil }
                return SettingValue.Field(word, value)
            }
            return fields.count == mapping.count ? .map(fields) : nil
        case .alias: return nil
        }
    }

    /// A value given in one line, by a variable or a flag: plain text, but a list in brackets is read as YAML.
    static func value(ofLine text: String, for setting: SettingDeclaration) -> SettingValue {
        guard setting.isList, text.hasPrefix("["), text.utf8.count <= sizeMax, let node = try? Yams.compose(yaml: text),
            case .sequence = node
        else { return .text(text) }
        return value(of: node) ?? .text(text)
    }

    /// The line of a syntax error, and what is wrong there.
    private static func explain(_ error: any Error) -> (line: Int, what: String) {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            (mark.line, problem)
        case YamlError.reader(let problem, _, _, _): (0, problem)
        case YamlError.duplicatedKeysInMapping(let keys, let context):
            (context.mark.line, "this section gives a key twice: " + keys.joined(separator: ", "))
        default: (0, "\(error)")
        }
    }
}
