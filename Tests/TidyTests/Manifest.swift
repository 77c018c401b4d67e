// Package.swift read as a map: which targets there are, in which order, and what each may import.

import Foundation

/// One target of the manifest.
struct ManifestTarget: Sendable {
    enum Kind: String, Sendable {
        case systemLibrary = ".systemLibrary("
        /// SwiftPM's word for what other targets import.
        case regular = ".target("
        case program = ".executableTarget("
        case test = ".testTarget("
    }

    let kind: Kind
    let name: String
    /// Names of targets and of products of other packages.
    let dependencies: [String]
    /// Where its files are, from the top.
    let folder: String
}

/// The manifest is written as a list of target calls with literal arguments; anything cleverer is refused by a test.
struct Manifest: Sendable {
    static let shared = Manifest(SourceTree.shared.file("Package.swift")?.text ?? "")

    /// In the order of the file, which is the order of the layers.
    let targets: [ManifestTarget]

    init(_ text: String) {
        let body = Manifest.withoutComments(text)
        guard let start = body.range(of: "targets: [\n") else {
            targets = []
            return
        }
        targets = Manifest.calls(in: body[start.upperBound...]).map(Manifest.target)
    }

    func target(_ name: String) -> ManifestTarget? { targets.first { $0.name == name } }
    func target(of file: TreeFile) -> ManifestTarget? { targets.first { file.path.hasPrefix($0.folder + "/") } }

    private static func withoutComments(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.drop { $0 == " " }.hasPrefix("//") }.joined(separator: "\n")
    }

    /// The outermost target calls, each with its arguments.
    private static func calls(in text: Substring) -> [(kind: ManifestTarget.Kind, arguments: Substring)] {
        var rest = text
        var found: [(kind: ManifestTarget.Kind, arguments: Substring)] = []
        while let dot = rest.firstIndex(of: ".") {
            rest = rest[dot...]
            let kinds: [ManifestTarget.Kind] = [.systemLibrary, .regular, .program, .test]
            guard let kind = kinds.first(where: { rest.hasPrefix($0.rawValue) }) else {
                rest = rest.dropFirst()
                continue
            }
            let arguments = balanced(rest.dropFirst(kind.rawValue.count))
            found.append((kind, arguments))
            rest = rest[arguments.endIndex...]
        }
        return found
    }

    /// Up to the parenthesis that closes the call.
    private static func balanced(_ text: Substring) -> Substring {
        var depth = 1
        for index in text.indices {
            if text[index] == "(" { depth += 1 }
            if text[index] == ")" { depth -= 1 }
            if depth == 0 { return text[..<index] }
        }
        return text
    }

    private static func target(kind: ManifestTarget.Kind, arguments: Substring) -> ManifestTarget {
        let name = quoted(after: "name: ", in: arguments) ?? ""
        var dependencies: [String] = []
        if let start = arguments.range(of: "dependencies: [") {
            let list = arguments[start.upperBound...].prefix { $0 != "]" }
            for item in list.split(whereSeparator: { $0 == "," || $0 == "\n" }) {
                // `.product(name: "X", package: "y")` falls apart at its comma: the name counts, the package does not.
                if item.contains("package:") { continue }
                if let word = quoted(after: "", in: item) { dependencies.append(word) }
            }
        }
        let folder = (kind == .test ? "Tests/" : "Sources/") + name
        return ManifestTarget(
            kind: kind, name: name, dependencies: dependencies,
            folder: quoted(after: "path: ", in: arguments) ?? folder)
    }

    private static func quoted(after label: String, in text: Substring) -> String? {
        guard let start = text.range(of: label + "\"") else { return nil }
        return String(text[start.upperBound...].prefix { $0 != "\"" })
    }
}
