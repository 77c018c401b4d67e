// Imports run downward, only along the manifest, and the pure targets see nothing but values.

import Testing

@Suite struct ImportTests {
    let tree = SourceTree.shared
    let manifest = Manifest.shared

    @Test func `the manifest is read whole`() {
        #expect(manifest.targets.count > 20)
        #expect(manifest.target("Vocabulary")?.dependencies == [])
        #expect(manifest.target("Node")?.dependencies.contains("Logging") == true)
        #expect(manifest.target("loadtest")?.folder == "loadtest/Sources")
    }

    @Test func `a target depends only on targets that stand above it in the manifest`() {
        var findings: [Finding] = []
        for (position, target) in manifest.targets.enumerated() {
            let earlier = Set(manifest.targets[..<position].map(\.name))
            for name in target.dependencies where manifest.target(name) != nil && !earlier.contains(name) {
                findings.append(
                    Finding(
                        path: "Package.swift", line: 0, what: "\(target.name) imports \(name), which stands below it",
                        remedy: "move the code down a layer, or reorder the list when the layering is still right"))
            }
        }
        Finding.report(findings)
    }

    @Test func `ground and cores depend on nothing but ground, cores and C`() {
        var findings: [Finding] = []
        for target in manifest.targets where target.kind == .regular && Layer.of(target.name).isPure {
            // The test world runs the log's shell over a disk of its own.
            let allowed: [Layer] = Layer.of(target.name) == .world ? [.shell] : []
            for name in target.dependencies
            where !Layer.of(name).isPure && !isC(name) && !allowed.contains(Layer.of(name)) {
                findings.append(
                    Finding(
                        path: "Package.swift", line: 0, what: "\(target.name) is pure and depends on \(name)",
                        remedy: "pass what it needs as a value"))
            }
        }
        Finding.report(findings)
    }

    @Test func `every import is listed in the manifest`() {
        var findings: [Finding] = []
        for (file, target, imported) in imports() {
            var allowed = Layer.toolchain.union(target.dependencies)
            if target.name == "Platform" || target.name == "PlatformTests" { allowed.insert("Glibc") }
            if Layer.foundation.contains(target.name) { allowed.insert("Foundation") }
            if target.kind == .test { allowed.formUnion(["Testing", "Foundation", "Glibc", target.name.withoutTests]) }
            if !allowed.contains(imported.module) {
                findings.append(
                    Finding(
                        path: file.path, line: imported.line,
                        what: "\(target.name) (\(Layer.of(target.name))) imports \(imported.module)",
                        remedy: "use what \(target.name) may see, or argue for the edge in Package.swift"))
            }
        }
        Finding.report(findings)
    }

    @Test func `every edge of the manifest between programs and libraries is used`() {
        var used: [String: Set<String>] = [:]
        for (_, target, imported) in imports() { used[target.name, default: []].insert(imported.module) }
        let swift = manifest.targets.filter { $0.kind != .test && !isC($0.name) }
        let unused = swift.flatMap { target in
            target.dependencies.filter { !used[target.name, default: []].contains($0) }.map { (target.name, $0) }
        }
        Finding.report(
            unused.map { target, name in
                Finding(
                    path: "Package.swift", line: 0, what: "no file of \(target) imports \(name)",
                    remedy: "take it off the target's dependencies")
            })
    }

    private func isC(_ name: String) -> Bool {
        manifest.target(name)?.kind == .systemLibrary
            || tree.files.contains { $0.path.hasPrefix("Sources/\(name)/") && $0.isC }
    }

    private func imports() -> [(TreeFile, ManifestTarget, (module: String, line: Int))] {
        tree.files.filter(\.isSwift).flatMap { file in
            guard let target = manifest.target(of: file) else {
                return [(TreeFile, ManifestTarget, (module: String, line: Int))]()
            }
            return SwiftCode.imports(of: file).map { (file, target, $0) }
        }
    }
}

extension String {
    /// `TLSTests` is about `TLS`.
    var withoutTests: String { hasSuffix("Tests") ? String(dropLast(5)) : self }
}

extension SwiftCode {
    /// The modules that a file imports, whatever stands before and behind the word: `public import struct A.B` is A.
    static func imports(of file: TreeFile) -> [(module: String, line: Int)] {
        file.lines.enumerated().compactMap { number, line in
            let words = line.split(whereSeparator: { $0 == " " })
            guard let position = words.firstIndex(of: "import"), position <= 2,
                words[..<position].allSatisfy({ $0.hasPrefix("@") || modifiers.contains($0) }),
                var name = words[(position + 1)...].first
            else { return nil }
            if kinds.contains(name), words.count > position + 2 { name = words[position + 2] }
            return (String(name.split(separator: ".")[0]), number + 1)
        }
    }

    private static let modifiers: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
    private static let kinds: Set<Substring> = [
        "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
    ]
}
