// How files look: formatted, no line too long, each opening with what it is for.

import Foundation
import Testing

@Suite struct TextTests {
    let tree = SourceTree.shared

    @Test func `no line of source is longer than 120 columns`() {
        Finding.report(
            lines(that: { $0.count > 120 }).map { file, line in
                Finding(path: file.path, line: line, what: "more than 120 columns", remedy: "break it")
            })
    }

    @Test func `no line ends in a space or holds a tab`() {
        Finding.report(
            lines(that: { $0.hasSuffix(" ") || $0.contains("\t") }).map { file, line in
                Finding(path: file.path, line: line, what: "a trailing space or a tab", remedy: "run the formatter")
            })
    }

    @Test func `the first line of a source file says what it is for`() {
        let bare = tree.files.filter(\.isSource).filter { file in
            let first = file.text.hasPrefix("#!") ? file.lines.dropFirst().first : file.lines.first
            return !["//", "#", "/*", "\"\"\""].contains { (first ?? "").hasPrefix($0) }
        }
        Finding.report(
            bare.map {
                Finding(
                    path: $0.path, line: 1, what: "no comment says what the file is for",
                    remedy: "open with one sentence: the file's one idea")
            })
    }

    @Test func `no path of a developer's own machine is written down`() throws {
        let personal = try Regex("[\"'\\s=(`]/(home|root|Users|work|farm)/")
        Finding.report(
            tree.files.filter { !$0.path.hasSuffix("TextTests.swift") }.flatMap { file in
                file.lines.enumerated().filter { _, line in
                    line.contains("/") && line.firstMatch(of: personal) != nil
                }.map {
                    Finding(
                        path: file.path, line: $0.offset + 1, what: "a path that exists on one machine only",
                        remedy: "make it relative, or a setting")
                }
            })
    }

    @Test func `every Swift file is formatted`() throws {
        let formatter = Process()
        let complaints = Pipe()
        formatter.executableURL = URL(filePath: "/usr/bin/env")
        formatter.arguments = [
            "swift", "format", "lint", "--strict", "--recursive", "--parallel", "--configuration", ".swift-format",
            "Package.swift", "Sources", "Tests", "loadtest",
        ]
        formatter.currentDirectoryURL = SourceTree.top
        formatter.standardError = complaints
        try formatter.run()
        let output = String(decoding: complaints.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        formatter.waitUntilExit()
        #expect(
            formatter.terminationStatus == 0,
            "\(output.prefix(4000))\nswift format -i -r -p Package.swift Sources Tests loadtest")
    }

    /// The lines of source files that `matches` holds of, with their 1-based numbers.
    private func lines(that matches: (Substring) -> Bool) -> [(TreeFile, Int)] {
        tree.files.filter(\.isSource).flatMap { file in
            file.lines.enumerated().filter { matches($0.element) }.map { (file, $0.offset + 1) }
        }
    }
}
