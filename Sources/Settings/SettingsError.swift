// What is wrong with a configuration: every problem at once, each with its place and its remedy.

public import Vocabulary

/// One thing that is wrong.
public struct SettingsProblem: Hashable, Sendable, CustomStringConvertible {
    public let origin: SettingOrigin
    /// The setting; empty when the problem is the file itself.
    public let key: String
    public let what: String
    /// What to do, as an order.
    public let remedy: String

    /// For example `noded.yaml:12: heartbeat.interval: `30` has no unit; write 30ms, 30s or 30m`.
    public var description: String {
        "\(origin): " + (key.isEmpty ? "" : key + ": ") + what + "; " + remedy
    }
}

/// Why there are no settings to run by. Ends the process with exit code 78.
public struct SettingsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// At least one, in the order of the sources.
    public let problems: [SettingsProblem]

    /// `EX_CONFIG` of sysexits(3).
    public static let exitCode: Int32 = 78

    init(_ problems: [SettingsProblem]) {
        precondition(!problems.isEmpty, "an error without a problem")
        func rank(_ problem: (offset: Int, element: SettingsProblem)) -> (Int, Int, Int) {
            let (source, line) = problem.element.origin.rank
            return (source, line, problem.offset)
        }
        self.problems = problems.enumerated().sorted { rank($0) < rank($1) }.map(\.element)
    }

    /// One line for each problem.
    public var description: String { problems.map(\.description).joined(separator: "\n") }

    public var remedy: Remedy {
        .operate(problems.map(\.remedy).joined(separator: "; "))
    }
}
