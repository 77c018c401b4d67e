// The three places that settings come from, each checked for unknown names; later ones win: file, environment, flags.

import Platform
import Vocabulary

/// What the sources gave, by key, and what was wrong with them.
struct SettingsSources {
    struct Given: Hashable {
        let value: SettingValue
        let origin: SettingOrigin
    }

    private(set) var given: [String: Given] = [:]
    private(set) var problems: [SettingsProblem] = []

    /// Reads the sources in order, so that a later one replaces what an earlier one said.
    init(file: SettingsFile?, environment: [String: String], flags: [SettingsFlag]) {
        if let file { take(file) }
        take(environment)
        for flag in flags { take(flag) }
    }

    private mutating func take(_ file: SettingsFile) {
        problems += file.problems
        for entry in file.entries {
            let origin = SettingOrigin.file(path: file.path, line: entry.line)
            if given[entry.key] != nil {
                problems.append(
                    SettingsProblem(origin: origin, key: entry.key, what: "is given twice", remedy: "remove one"))
            }
            put(entry.key, entry.value, origin, directory: FileSystem.parent(of: file.path))
        }
    }

    private mutating func take(_ environment: [String: String]) {
        let known = SettingTable.all.map(\.environmentName)
        for (name, text) in environment.sorted(by: { $0.key < $1.key })
        where name.hasPrefix(SettingDeclaration.environmentPrefix) && !SettingTable.environmentOfTools.contains(name) {
            let origin = SettingOrigin.environment(name: name)
            if let setting = SettingTable.all.first(where: { $0.environmentName == name }) {
                put(setting.key, SettingsFile.value(ofLine: text, for: setting), origin, directory: ".")
            } else {
                let nearest = NearestName.among(known, to: name)
                problems.append(
                    SettingsProblem(
                        origin: origin, key: "", what: "is no setting", remedy: "did you mean \(nearest)? Or unset it"))
            }
        }
    }

    private mutating func take(_ flag: SettingsFlag) {
        let origin = SettingOrigin.flag(flag.spelled)
        guard let setting = SettingTable.byKey[flag.key] else {
            let nearest = NearestName.among(SettingTable.all.map(\.key), to: flag.key)
            problems.append(
                SettingsProblem(
                    origin: origin, key: flag.key, what: "is no setting", remedy: "did you mean `\(nearest)`?"))
            return
        }
        put(flag.key, SettingsFile.value(ofLine: flag.value, for: setting), origin, directory: ".")
    }

    private mutating func put(_ key: String, _ value: SettingValue, _ origin: SettingOrigin, directory: String) {
        var value = value
        if SettingTable.byKey[key]?.isPath == true, case .text(let path) = value {
            value = .text(SettingsSources.absolute(path, in: directory))
        }
        given[key] = Given(value: value, origin: origin)
    }

    /// `path` seen from `directory`, which itself counts from the working directory. An empty path stays empty.
    static func absolute(_ path: String, in directory: String) -> String {
        guard !path.isEmpty, !path.hasPrefix("/") else { return path }
        let base = directory.hasPrefix("/") ? directory : ThisProcess.workingDirectory + "/" + directory
        var parts: [Substring] = []
        for part in (base + "/" + path).split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}

/// A setting given on the command line: `--set key=value`, `--key value` or `--key=value`.
public struct SettingsFlag: Hashable, Sendable {
    public let key: String
    public let value: String
    /// How it was written, without the value.
    public let spelled: String

    /// Takes the settings out of a program's arguments and leaves what is not about settings, in order.
    public static func take(
        from arguments: inout [String]
    ) throws(SettingsUsageError) -> [SettingsFlag] {
        var flags: [SettingsFlag] = []
        var rest: [String] = []
        var position = 0
        while position < arguments.count {
            let argument = arguments[position]
            position += 1
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            let isSet = name == "--set"
            guard isSet || name.hasPrefix("--") && SettingTable.byKey[String(name.dropFirst(2))] != nil else {
                rest.append(argument)
                continue
            }
            var value = parts.count > 1 ? String(parts[1]) : nil
            if value == nil, position < arguments.count {
                value = arguments[position]
                position += 1
            }
            guard let value else { throw SettingsUsageError(flag: name) }
            flags.append(
                try isSet
                    ? assignment(value) : SettingsFlag(key: String(name.dropFirst(2)), value: value, spelled: name))
        }
        arguments = rest
        return flags
    }

    private static func assignment(_ text: String) throws(SettingsUsageError) -> SettingsFlag {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else { throw SettingsUsageError(flag: "--set") }
        return SettingsFlag(key: String(parts[0]), value: String(parts[1]), spelled: "--set")
    }
}

/// A flag without its value: bad usage, exit code 64.
public struct SettingsUsageError: Error, Hashable, Sendable, CustomStringConvertible {
    public let flag: String

    public var description: String {
        flag == "--set" ? "--set needs KEY=VALUE behind it" : "\(flag) needs a value behind it"
    }
}
