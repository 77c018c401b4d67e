// What a source gave for a key, before its meaning is known; and why a value was refused.

/// A value as the file, the environment or a flag worded it.
public indirect enum SettingValue: Hashable, Sendable {
    case text(String)
    case list([SettingValue])
    case map([Field])

    public struct Field: Hashable, Sendable {
        public let name: String
        public let value: SettingValue

        public init(_ name: String, _ value: SettingValue) {
            self.name = name
            self.value = value
        }
    }
}

/// Why a value is no value of its setting, and what to write instead.
struct ValueFault: Error, Hashable {
    let what: String
    let remedy: String

    init(_ what: String, _ remedy: String) {
        self.what = what
        self.remedy = remedy
    }
}

/// Where a value came from.
public enum SettingOrigin: Hashable, Sendable, CustomStringConvertible {
    /// The setting's own default.
    case standard
    case file(path: String, line: Int)
    case environment(name: String)
    case flag(String)

    public var description: String {
        switch self {
        case .standard: "default"
        case .file(let path, let line): line > 0 ? "\(path):\(line)" : path
        case .environment(let name): "environment variable \(name)"
        case .flag(let flag): "flag \(flag)"
        }
    }

    /// The order in which problems are told: as the sources are read, and down the file.
    var rank: (Int, Int) {
        switch self {
        case .standard: (3, 0)
        case .file(_, let line): (0, line)
        case .environment: (1, 0)
        case .flag: (2, 0)
        }
    }
}
