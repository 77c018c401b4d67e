// docs/COMPATIBILITY.md lists exactly the commands that there are and those that there are not.

import Foundation
import Keyspace
import Testing

@testable import Sessions

struct CompatibilityPageTests {
    private static let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/COMPATIBILITY.md")

    /// What stands between `<!-- name -->` and the next `<!-- end -->`.
    private func part(_ name: String) throws -> String {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let start = try #require(text.range(of: "<!-- \(name) -->\n"))
        let end = try #require(text.range(of: "<!-- end -->", range: start.upperBound..<text.endIndex))
        return String(text[start.upperBound..<end.lowerBound])
    }

    private var commands: String {
        var lines = ["| command | arity | where | what it does |", "| --- | --- | --- | --- |"]
        for command in CommandDescription.all {
            let route = CommandTable.shared.lookup(command.name).map { $0.route == .write ? "write" : "read" }
            let name = command.name.uppercased()
            lines.append("| `\(name)` | \(command.arity) | \(route ?? "session") | \(command.summary) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Names in upper case, as many in a line as fit.
    private var unsupported: String {
        var lines = [""]
        for name in UnsupportedCommand.names {
            let word = "`\(name.uppercased())`"
            if lines[lines.count - 1].count + word.count + 1 > 118 { lines.append("") }
            lines[lines.count - 1] += (lines[lines.count - 1].isEmpty ? "" : " ") + word
        }
        return lines.joined(separator: "\n") + "\n"
    }

    @Test func `the page lists the commands that there are`() throws {
        #expect(try part("commands") == commands)
    }

    @Test func `the page lists the commands that there are not`() throws {
        #expect(try part("unsupported") == unsupported)
    }

    /// Set `TRIREME_RECORD=1` to write the tables into the page; review the difference.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["TRIREME_RECORD"] == "1"))
    func `the tables are written into the page`() throws {
        var text = try String(contentsOf: Self.page, encoding: .utf8)
        for (name, content) in [("commands", commands), ("unsupported", unsupported)] {
            let old = "<!-- \(name) -->\n" + (try part(name)) + "<!-- end -->"
            text = text.replacingOccurrences(of: old, with: "<!-- \(name) -->\n" + content + "<!-- end -->")
        }
        try text.write(to: Self.page, atomically: true, encoding: .utf8)
    }
}
