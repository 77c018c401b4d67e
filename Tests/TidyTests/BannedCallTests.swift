// Calls that this project does without, each with what stands in its place.

import Foundation
import Testing

/// A piece of code that may not appear, where, and what to write instead.
private struct Ban: Sendable {
    let code: String
    let instead: String
    /// Whether the ban holds in a file of this target.
    var holds: @Sendable (ManifestTarget) -> Bool = { $0.kind != .test }
    /// A comment beside it, in the line or the three above, is a proof and lifts the ban.
    var proofLifts = false

    static let inPure: @Sendable (ManifestTarget) -> Bool = { $0.kind != .test && Layer.of($0.name).isPure }
    static let inLibraries: @Sendable (ManifestTarget) -> Bool = { $0.kind == .regular }
    static let outsideOfPlatform: @Sendable (ManifestTarget) -> Bool = { $0.kind != .test && $0.name != "Platform" }

    static let all: [Ban] = [
        Ban(code: "try!", instead: "catch the error, or let it through"),
        Ban(code: "as!", instead: "use `as?` and decide, or a type that needs no cast"),
        Ban(code: "fatalError()", instead: "give the message that a crash report needs, or throw"),
        Ban(code: "print(", instead: "log it, or return the text to the program", holds: inLibraries),
        Ban(code: "debugPrint(", instead: "log it"),
        Ban(code: "Thread.sleep", instead: "wait for an event with a deadline"),
        Ban(code: "Task.sleep", instead: "use a timer of the reactor"),
        Ban(code: "usleep(", instead: "wait for an event with a deadline", holds: outsideOfPlatform),
        Ban(code: "nanosleep(", instead: "wait for an event with a deadline", holds: outsideOfPlatform),
        Ban(code: "sleep(", instead: "wait for an event with a deadline", holds: outsideOfPlatform),
        Ban(code: "DispatchQueue", instead: "use a thread of Platform with a mailbox"),
        Ban(code: "DispatchSource", instead: "use the reactor"),
        Ban(code: "Task {", instead: "use a thread of Platform with a mailbox"),
        Ban(code: "Task.detached", instead: "use a thread of Platform with a mailbox"),
        Ban(code: "ContinuousClock", instead: "take an Instant as an argument", holds: inPure),
        Ban(code: "SystemRandomNumberGenerator", instead: "take random words as an argument", holds: inPure),
        Ban(code: "Hasher()", instead: "use a hash with a fixed seed: this one differs per process", holds: inPure),
        Ban(code: ".hashValue", instead: "use a hash with a fixed seed: this one differs per process", holds: inPure),
        Ban(code: ".randomElement()", instead: "pass a generator with `using:`", holds: inPure),
        Ban(code: ".shuffled()", instead: "pass a generator with `using:`", holds: inPure),
        Ban(code: "@unchecked Sendable", instead: "say in a comment beside it what proves it", proofLifts: true),
        Ban(code: "nonisolated(unsafe)", instead: "say in a comment beside it what proves it", proofLifts: true),
    ]
}

@Suite struct BannedCallTests {
    let tree = SourceTree.shared
    let manifest = Manifest.shared

    @Test func `no banned call is made`() {
        Finding.report(
            sources { target, file, code in
                Ban.all.filter { $0.holds(target) }.flatMap { ban in findings(of: ban, in: file, code: code) }
            })
    }

    @Test func `a force unwrap has its proof beside it`() {
        Finding.report(
            sources { target, file, code in
                guard target.kind != .test else { return [] }
                return code.lines.indices.filter {
                    SwiftCode.forceUnwraps(code.lines[$0]) && !isProven(file, line: $0)
                }.map {
                    Finding(
                        path: file.path, line: $0 + 1, what: "a force unwrap without a proof",
                        remedy: "use `guard let`, or say in a comment beside it why it cannot be nil")
                }
            })
    }

    @Test func `nothing is left for later`() {
        let words = ["TO" + "DO", "FIX" + "ME"]
        let findings = tree.files.filter { $0.isSource || $0.path.hasSuffix(".md") }.flatMap { file in
            file.lines.enumerated().filter { _, line in words.contains { line.contains($0) } }.map {
                Finding(
                    path: file.path, line: $0.offset + 1, what: "a note to do something later",
                    remedy: "do it, or open an issue")
            }
        }
        Finding.report(findings)
    }

    @Test func `the scanner blanks comments, strings and raw identifiers`() {
        let code = SwiftCode(#"let a = "try! \(f("x")) b" // try!"# + "\nfunc `as! it`() {} /* print( */ try! g()")
        #expect(!code.lines[0].contains("try!"))
        #expect(!code.lines[1].contains("as!"))
        #expect(!code.lines[1].contains("print("))
        #expect(code.lines[1].contains("try! g()"))
    }

    @Test func `the scanner knows a force unwrap from a negation`() {
        #expect(SwiftCode.forceUnwraps("let a = b!"))
        #expect(SwiftCode.forceUnwraps("f(x)!.count"))
        #expect(!SwiftCode.forceUnwraps("if a != b, !c { }"))
        #expect(!SwiftCode.forceUnwraps("try! f()"))
    }

    private func sources(
        _ rule: (ManifestTarget, TreeFile, SwiftCode) -> [Finding]
    ) -> [Finding] {
        tree.files.filter(\.isSwift).flatMap { file in
            manifest.target(of: file).map { rule($0, file, SwiftCode(file.text)) } ?? []
        }
    }

    private func findings(of ban: Ban, in file: TreeFile, code: SwiftCode) -> [Finding] {
        guard file.text.contains(ban.code) else { return [] }
        return code.lines.indices.filter {
            code.lines[$0].containsWord(ban.code) && !(ban.proofLifts && isProven(file, line: $0))
        }.map { Finding(path: file.path, line: $0 + 1, what: "`\(ban.code)` is banned here", remedy: ban.instead) }
    }

    /// Whether a comment stands in the line or in one of the three above it.
    private func isProven(_ file: TreeFile, line: Int) -> Bool {
        file.lines[max(0, line - 3)...line].contains { $0.contains("//") }
    }
}

extension String {
    /// Whether `word` occurs and is not the tail of a longer name or a member: `nanosleep(` is no `sleep(`.
    fileprivate func containsWord(_ word: String) -> Bool {
        var rest = self[...]
        while let range = rest.range(of: word) {
            let before = range.lowerBound > startIndex ? self[index(before: range.lowerBound)] : " "
            if word.hasPrefix(".") || !(before.isLetter || before.isNumber || before == "_" || before == ".") {
                return true
            }
            rest = rest[range.upperBound...]
        }
        return false
    }
}

extension SwiftCode {
    /// An exclamation mark directly behind a name, a call or a subscript, other than of `try!`, `as!` and `!=`.
    fileprivate static func forceUnwraps(_ line: String) -> Bool {
        let bytes = Array(line.utf8)
        for (position, byte) in bytes.enumerated() where byte == UInt8(ascii: "!") && position > 0 {
            let before = Character(UnicodeScalar(bytes[position - 1]))
            let isOperator = position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: "=")
            let head = String(decoding: bytes[..<position], as: UTF8.self)
            let isKeyword = head.hasSuffix("try") || head.hasSuffix(" as")
            if before.isLetter || before.isNumber || ")]_".contains(before), !isOperator, !isKeyword { return true }
        }
        return false
    }
}
