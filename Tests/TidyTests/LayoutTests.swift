// The tree has the agreed shape: every folder has its reason, and folders, targets and chapters share their names.

import Foundation
import Testing

@Suite struct LayoutTests {
    let tree = SourceTree.shared
    let manifest = Manifest.shared

    @Test func `the top holds what was agreed and nothing else`() {
        let agreed: Set<String> = [
            "Package.swift", "Sources", "Tests", "cluster", "loadtest", "Docker", "docs", "README.md",
            "CONTRIBUTING.md", "LICENSE", ".ci", ".gitignore", ".swift-format",
        ]
        let present = Set(tree.topNames)
        let strays = present.subtracting(agreed).sorted().map {
            Finding(path: $0, line: 0, what: "not one of the top's names", remedy: "find it a home below")
        }
        let missing = agreed.subtracting(present).sorted().map {
            Finding(path: $0, line: 0, what: "is missing", remedy: "bring it back")
        }
        Finding.report(strays + missing)
    }

    @Test func `every folder of Sources is a target`() {
        let folders = Set(manifest.targets.map(\.folder))
        let dead = tree.files.filter { $0.path.hasPrefix("Sources/") && !folders.contains($0.folder) }
        Finding.report(
            dead.map {
                Finding(
                    path: $0.path, line: 0, what: "belongs to no target", remedy: "add its target or remove it")
            })
    }

    @Test func `every test target mirrors a target, and every library of Swift has one`() {
        var findings: [Finding] = []
        let tests = Set(manifest.targets.filter { $0.kind == .test }.map(\.name))
        for test in tests.sorted() where test != "TidyTests" && manifest.target(test.withoutTests) == nil {
            findings.append(
                Finding(
                    path: "Tests/\(test)", line: 0, what: "tests no target of that name",
                    remedy: "name it after the target that it tests"))
        }
        for target in manifest.targets where target.kind == .regular && !tests.contains(target.name + "Tests") {
            guard tree.files.contains(where: { $0.path.hasPrefix(target.folder + "/") && $0.isSwift }) else { continue }
            findings.append(
                Finding(
                    path: target.folder, line: 0, what: "has no test target",
                    remedy: "add \(target.name)Tests with a test of every error path"))
        }
        Finding.report(findings)
    }

    @Test func `every folder of Tests is a test target or a suite of its own`() {
        let scripts = [
            "run", "fuzz", "sanitize", "sanitize-mutex.c", "sanitize-control.swift", "campaign", "redis-suite",
            "differential",
        ]
        let suites = ["EndToEnd", "Campaign", "RedisSuite", "Differential"]
        let folders = Set(manifest.targets.map(\.folder)).union((scripts + suites).map { "Tests/\($0)" })
        let strays = tree.files.filter { $0.isTest && !folders.contains($0.folder) }
        Finding.report(
            strays.map {
                Finding(path: $0.path, line: 0, what: "belongs to no suite", remedy: "move it to one or remove it")
            })
    }

    @Test func `no file is a placeholder or empty`() {
        let dead = tree.files.filter {
            $0.name.hasPrefix("Placeholder") || $0.isSwift && $0.lines.allSatisfy { $0.isEmpty || $0.hasPrefix("//") }
        }
        Finding.report(dead.map { Finding(path: $0.path, line: 0, what: "holds nothing", remedy: "remove it") })
    }

    @Test func `scripts can be run`() {
        let scripts = tree.files.filter { $0.text.hasPrefix("#!") }
        Finding.report(
            scripts.filter {
                !FileManager.default.isExecutableFile(atPath: SourceTree.top.appending(path: $0.path).path)
            }.map { Finding(path: $0.path, line: 1, what: "is a script without the mode", remedy: "chmod +x it") })
    }

    @Test func `the architecture's chapters are the targets, in the manifest's order`() throws {
        let page = try #require(tree.file("docs/ARCHITECTURE.md"))
        let chapters = page.lines.filter { $0.hasPrefix("### `") }.map { $0.dropFirst(5).prefix { $0 != "`" } }
        let targets = manifest.targets.filter { $0.kind != .test }.map { $0.name[...] }
        #expect(chapters == targets, "docs/ARCHITECTURE.md: give each target one chapter headed ### `Name`")
    }
}
