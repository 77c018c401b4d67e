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
        var lines = ["| command | arguments | arity | where | what it does |", "| --- | --- | --- | --- | --- |"]
        for command in CommandDescription.all {
            let route = CommandTable.shared.lookup(command.name).map { $0.route == .write ? "write" : "read" }
            lines.append(row(command, [route ?? "session"]))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var subcommands: String {
        var lines = ["| command | arguments | arity | what it does |", "| --- | --- | --- | --- |"]
        for command in CommandDescription.all.flatMap(\.subcommands) { lines.append(row(command, [])) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func row(_ command: CommandDescription, _ more: [String]) -> String {
        let name = command.name.uppercased().replacingOccurrences(of: "|", with: " ")
        let arguments = command.notes.arguments.map(\.text).joined(separator: " ")
        let escaped = arguments.replacingOccurrences(of: "|", with: "\\|")
        let columns = ["`\(name)`", escaped.isEmpty ? "" : "`\(escaped)`", "\(command.arity)"] + more
        return "| " + (columns + [command.summary]).joined(separator: " | ") + " |"
    }

    /// By reason, names in upper case.
    private var unsupported: String {
        var lines = ["| why | commands |", "| --- | --- |"]
        for why in WhyUnsupported.allCases {
            let names = UnsupportedCommand.names.filter { UnsupportedCommand.reason($0) == why }.map {
                "`\($0.uppercased().replacingOccurrences(of: "|", with: " "))`"
            }
            lines.append("| \(why.rawValue) | \(names.joined(separator: " ")) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    @Test func `the page lists the commands that there are`() throws {
        #expect(try part("commands") == commands)
    }

    @Test func `the page lists the subcommands that there are`() throws {
        #expect(try part("subcommands") == subcommands)
    }

    @Test func `the page lists the commands that there are not`() throws {
        #expect(try part("unsupported") == unsupported)
    }

    /// Set `TRIREME_RECORD=1` to write the tables into the page; review the difference.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["TRIREME_RECORD"] == "1"))
    func `the tables are written into the page`() throws {
        var text = try String(contentsOf: Self.page, encoding: .utf8)
        for (name, content) in [("commands", commands), ("subcommands", subcommands), ("unsupported", unsupported)] {
            let old = "<!-- \(name) -->\n" + (try part(name)) + "<!-- end -->"
            text = text.replacingOccurrences(of: old, with: "<!-- \(name) -->\n" + content + "<!-- end -->")
        }
        try text.write(to: Self.page, atomically: true, encoding: .utf8)
    }
}
