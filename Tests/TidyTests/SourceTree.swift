// The checked-out tree as tidy sees it: every file that a developer wrote, with its lines read once.

import Foundation

/// A file of the tree, by its path from the top.
struct TreeFile: Sendable {
    /// From the top of the tree, with `/` between: `Sources/Vocabulary/Time.swift`.
    let path: String
    let text: String
    /// The text's lines without their ends.
    let lines: [Substring]

    init(path: String, text: String) {
        self.path = path
        self.text = text
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    var name: Substring { path.split(separator: "/").last ?? "" }
    /// The first two folders: `Sources/Vocabulary`.
    var folder: String { path.split(separator: "/").prefix(2).joined(separator: "/") }
    var isSwift: Bool { path.hasSuffix(".swift") }
    var isC: Bool { path.hasSuffix(".c") || path.hasSuffix(".h") }
    var isScript: Bool { path.hasSuffix(".py") || path.hasSuffix(".sh") || text.hasPrefix("#!") }
    var isSource: Bool { isSwift || isC || isScript }
    var isTest: Bool { path.hasPrefix("Tests/") }
}

/// Everything below the top that is not built, downloaded or written by a running cluster.
struct SourceTree: Sendable {
    /// The folder that holds `Package.swift`.
    static let top = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let shared = SourceTree()

    let files: [TreeFile]
    /// Names at the top, files and folders.
    let topNames: [String]

    private init() {
        topNames = SourceTree.names(in: SourceTree.top).filter { !SourceTree.isProduct($0) }
        files = SourceTree.walk("").map { path in
            let data = FileManager.default.contents(atPath: SourceTree.top.appending(path: path).path) ?? Data()
            return TreeFile(path: path, text: String(decoding: data, as: UTF8.self))
        }
    }

    func file(_ path: String) -> TreeFile? { files.first { $0.path == path } }

    /// Made by tools and running clusters, never by a developer; the same list as in `.gitignore`.
    private static func isProduct(_ name: String) -> Bool {
        let prefixes = [
            ".build", ".git", ".trireme", ".venv", ".swiftpm", ".pytest_cache", ".hypothesis", ".vscode", "__pycache__",
        ]
        return name == "Package.resolved" || name.hasSuffix(".o")
            || prefixes.contains { name.hasPrefix($0) } && name != ".gitignore"
    }

    private static func walk(_ folder: String) -> [String] {
        names(in: top.appending(path: folder)).filter { !isProduct($0) }.flatMap { name in
            let path = folder.isEmpty ? name : folder + "/" + name
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: top.appending(path: path).path, isDirectory: &isFolder)
            return isFolder.boolValue ? walk(path) : [path]
        }
    }

    private static func names(in folder: URL) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    }
}
