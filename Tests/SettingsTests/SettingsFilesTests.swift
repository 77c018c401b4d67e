// Settings against real files: what is missing, what is open to others, tokens, and what is written back.

import Foundation
import Testing

@testable import Settings

@Suite struct SettingsFilesTests {
    let directory: String

    init() throws {
        directory = NSTemporaryDirectory() + "trireme-settings-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory + "/pki", withIntermediateDirectories: true)
        try Sample.text.write(toFile: directory + "/n.yaml", atomically: true, encoding: .utf8)
        for name in ["n1.crt", "n1.key", "ca.crt"] { try write("pki/" + name, "pem", mode: 0o600) }
        try write("pki/admin.token", String(repeating: "a", count: 32), mode: 0o600)
    }

    private func write(_ name: String, _ text: String, mode: Int) throws {
        try text.write(toFile: directory + "/" + name, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: directory + "/" + name)
    }

    private func problems(flags: [String] = []) throws -> [String] {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var arguments = flags
        let flags = try SettingsFlag.take(from: &arguments)
        do {
            _ = try NodeSettings.load(file: directory + "/n.yaml", flags: flags)
            return []
        } catch {
            return error.problems.map { $0.description.replacing(directory, with: "DIR") }
        }
    }

    @Test func `files that are there and closed are accepted`() throws {
        #expect(try problems() == [])
    }

    @Test func `a file that is missing is named`() throws {
        try FileManager.default.removeItem(atPath: directory + "/pki/ca.crt")
        #expect(
            try problems() == [
                "DIR/n.yaml:11: tls.authority: cannot be read: realpath DIR/pki/ca.crt: No such file or directory "
                    + "(ENOENT); check that DIR/pki/ca.crt exists and is spelled as intended"
            ])
    }

    @Test func `a key or token that others may read is refused`() throws {
        try write("pki/n1.key", "pem", mode: 0o640)
        try write("pki/admin.token", String(repeating: "a", count: 32), mode: 0o604)
        #expect(
            try problems() == [
                """
                DIR/n.yaml:11: tls.key: DIR/pki/n1.key has mode 0640: others may use it; run `chmod 600 \
                DIR/pki/n1.key`
                """,
                "DIR/n.yaml:12: auth.admin-token-file: DIR/pki/admin.token has mode 0604: others may use it; "
                    + "run `chmod 600 DIR/pki/admin.token`",
            ])
    }

    @Test func `a data directory that is a file is refused`() throws {
        #expect(
            try problems(flags: ["--data.directory", directory + "/n.yaml", "--log.directory", directory]) == [
                "flag --data.directory: data.directory: DIR/n.yaml is no directory; "
                    + "name a directory, or a place where one can be made"
            ])
    }

    @Test func `tokens are lines, with comments and spaces around them dropped`() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try write("t", "# old\n  0123456789abcdef \r\n\nfedcba9876543210", mode: 0o400)
        let tokens = try TokenFile.read(directory + "/t").map { String(decoding: $0, as: UTF8.self) }
        #expect(tokens == ["0123456789abcdef", "fedcba9876543210"])
    }

    @Test(arguments: [
        ("", TokenFileError.empty(path: "")), ("# none\n", .empty(path: "")),
        ("0123456789abcdef\nshort", .weak(path: "", line: 2)), ("0123456789 abcdef", .weak(path: "", line: 1)),
        (String(repeating: "0123456789abcdef\n", count: 1025), .tooMany(path: "")),
    ])
    func `a file without good tokens is refused`(text: String, error: TokenFileError) throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try write("t", text, mode: 0o600)
        #expect { try TokenFile.read(directory + "/t") } throws: { thrown in
            "\(thrown)".replacing(directory + "/t", with: "") == "\(error)"
        }
    }

    @Test func `a written document reads back as it was set`() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try write("extra.yaml", "node.id: n1\ntls.key: own.key\ncluster.name: \"a: \\\"b\\\" #\"\n", mode: 0o600)
        var document = SettingsDocument()
        document.set("node.id", "n9")
        document.set("cluster.id", "00112233445566778899aabbccddeeff")
        document.set(
            "members",
            .list([
                .map([
                    .init("id", .text("n1")), .init("peer", .text("[::1]:7103")), .init("client", .text("a.b:7101")),
                ])
            ]))
        for key in ["listen.client", "listen.peer", "listen.admin"] {
            document.set(key, "127.0.0.1:\(7101 + key.count)")
        }
        for key in ["data.directory", "tls.certificate", "tls.key", "tls.authority", "auth.admin-token-file"] {
            document.set(key, "../x")
        }
        try document.merge(file: directory + "/extra.yaml")
        let settings = try NodeSettings.parse(document.yaml(comment: "test"), path: "/a/b/n.yaml")
        #expect(settings.node.description == "n1")
        #expect(settings.clusterName == "a: \"b\" #")
        #expect(settings.tls.peer.key == directory + "/own.key")
        #expect(settings.tls.peer.certificate == "/a/x")
        #expect(settings.ownMember.peer == HostPort("[::1]:7103"))
    }

    @Test func `a file with unknown keys is not merged`() throws {
        try write("extra.yaml", "nodeid: n1\n", mode: 0o600)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var document = SettingsDocument()
        #expect(throws: SettingsError.self) { try document.merge(file: directory + "/extra.yaml") }
    }

    /// `TRIREME_RECORD=1 swift test --filter SettingsTests` writes the page anew.
    @Test func `the reference page is the table`() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/CONFIGURATION.md")
        if ProcessInfo.processInfo.environment["TRIREME_RECORD"] != nil {
            try SettingsReference.markdown.write(to: page, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: page, encoding: .utf8) == SettingsReference.markdown)
    }

    /// The example's paths are no files here; everything else in it must hold.
    @Test func `the example file is a good configuration`() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../cluster/noded.example.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(throws: Never.self) { try NodeSettings.parse(text, path: "/etc/trireme/noded.yaml") }
    }

    /// A node does not start when a member's name does not resolve, as a stopped container's does not by itself.
    @Test(arguments: ["n1", "n2", "n3"])
    func `in containers each node knows every member's name, whichever of them run`(node: String) throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Docker")
        let compose = try String(contentsOf: folder.appending(path: "compose.yaml"), encoding: .utf8)
        let text = try String(contentsOf: folder.appending(path: "noded.yaml"), encoding: .utf8)
        let settings = try NodeSettings.parse(
            text, path: "/etc/trireme/noded.yaml",
            environment: ["TRIREME_NODE_ID": node, "TRIREME_CLUSTER_ID": "6f1d2c3b4a5968778695a4b3c2d1e0f1"])
        for member in settings.members {
            let name = member.peer.host
            let known = try #require(compose.firstMatch(of: try Regex("extra_hosts: .*\"\(name):([0-9.]+)\""))).output
            let address = try #require(known[1].substring)
            let service = try #require(compose.firstRange(of: "\n  \(name):\n"))
            let given = compose[service.upperBound...].firstRange(of: "ipv4_address: \(address)}")
            #expect(given != nil, "\(name) is not at \(address)")
        }
    }
}
