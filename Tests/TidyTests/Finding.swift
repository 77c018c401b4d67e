// What tidy has to say about a line, and how a test says all of it at once.

import Testing

/// One place where the tree departs from its rules.
struct Finding: CustomStringConvertible {
    let path: String
    /// 1-based; 0 when it is about the file as a whole.
    let line: Int
    let what: String
    /// What to do about it, as an instruction.
    let remedy: String

    var description: String { "\(path)\(line > 0 ? ":\(line)" : ""): \(what); \(remedy)" }

    /// Fails the running test once for each finding.
    static func report(_ findings: [Finding]) {
        for finding in findings { Issue.record("\(finding)") }
    }
}
