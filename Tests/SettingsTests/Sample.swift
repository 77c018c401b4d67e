// A configuration that holds, for tests to break in one place.

import Foundation
import Settings

enum Sample {
    static let lines = [
        "node.id: n1",
        "cluster: {id: 00112233445566778899aabbccddeeff, name: test}",
        "members:",
        "  - {id: n2, peer: 127.0.0.1:7113, client: 127.0.0.1:7111}",
        "  - {id: n1, peer: 127.0.0.1:7103, client: 127.0.0.1:7101, client-plaintext: 127.0.0.1:7104}",
        "data.directory: data",
        "listen:",
        "  client: 127.0.0.1:7101",
        "  peer: 127.0.0.1:7103",
        "  admin: 127.0.0.1:7102",
        "tls: {certificate: pki/n1.crt, key: pki/n1.key, authority: pki/ca.crt}",
        "auth.admin-token-file: pki/admin.token",
    ]

    static var text: String { lines.joined(separator: "\n") + "\n" }

    static func parse(
        _ text: String = text, environment: [String: String] = [:], flags: [String] = []
    ) throws -> NodeSettings {
        var arguments = flags
        let settings = try SettingsFlag.take(from: &arguments)
        return try NodeSettings.parse(text, path: "/etc/t/n.yaml", environment: environment, flags: settings)
    }

    /// The problems with the sample when these lines follow it; empty when there are none.
    static func problems(
        adding lines: String..., environment: [String: String] = [:], flags: [String] = []
    ) -> [String] {
        problems(text + lines.joined(separator: "\n"), environment: environment, flags: flags)
    }

    /// The problems when one line is replaced, or removed.
    static func problems(replacing line: String, by other: String?) -> [String] {
        let index = lines.firstIndex(of: line)!
        var changed = lines
        changed.replaceSubrange(index...index, with: other.map { [$0] } ?? [])
        return problems(changed.joined(separator: "\n"))
    }

    static func problems(
        _ text: String, environment: [String: String] = [:], flags: [String] = []
    ) -> [String] {
        do {
            _ = try parse(text, environment: environment, flags: flags)
            return []
        } catch let error as SettingsError {
            return error.problems.map(\.description)
        } catch {
            return ["\(error)"]
        }
    }
}
