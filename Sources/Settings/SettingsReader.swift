// Turns what the sources gave into typed values, and collects every complaint on the way.

/// Reads settings one by one. A value that is refused is noted and replaced by the default, so that reading goes on;
/// nothing that was read counts while `problems` is not empty.
struct SettingsReader {
    private let sources: SettingsSources
    private(set) var problems: [SettingsProblem]

    init(_ sources: SettingsSources) {
        self.sources = sources
        problems = sources.problems
    }

    func origin(of key: String) -> SettingOrigin { sources.given[key]?.origin ?? .standard }

    /// The value given, or the default.
    mutating func value<Value>(_ setting: Setting<Value>) -> Value {
        if let value = optional(setting) { return value }
        guard case .value(let text) = setting.declaration.standard else {
            preconditionFailure("setting \(setting.key) has no default and was read as if it had one")
        }
        do {
            return try setting.form.decode(.text(text))
        } catch {
            preconditionFailure("the default of \(setting.key) is refused: \(error.what)")
        }
    }

    /// The value given; nil when there is none, or none that is accepted.
    mutating func optional<Value>(_ setting: Setting<Value>) -> Value? {
        guard let given = sources.given[setting.key] else { return nil }
        do {
            return try setting.form.decode(given.value)
        } catch {
            note(setting.key, error.what, error.remedy)
            return nil
        }
    }

    /// The value given; its absence is a problem.
    mutating func required<Value>(_ setting: Setting<Value>, file: String) -> Value? {
        if sources.given[setting.key] == nil {
            problems.append(
                SettingsProblem(
                    origin: .file(path: file, line: 0), key: setting.key, what: "is missing",
                    remedy: "write it: \(setting.declaration.words)"))
        }
        return optional(setting)
    }

    /// Notes what is wrong with a setting, at the place that gave it.
    mutating func note(_ key: String, _ what: String, _ remedy: String) {
        problems.append(SettingsProblem(origin: origin(of: key), key: key, what: what, remedy: remedy))
    }
}
