// Every command of Redis 7.0 is either carried out or known to be missing.

import Keyspace
import Testing

@testable import Sessions

struct CommandNameTests {
    @Test func `no command that is refused by name is there`() {
        for name in UnsupportedCommand.names { #expect(CommandDescription.named(name) == nil, "\(name)") }
        for name in ["get", "", "zzz", "cluster|slots"] { #expect(UnsupportedCommand.reason(name) == nil) }
    }

    @Test func `no command is both a session's and the keyspace's`() {
        for command in LocalCommand.allCases {
            #expect(CommandTable.shared.lookup(command.rawValue) == nil, "\(command)")
        }
        #expect(Set(CommandDescription.all.map(\.name)).count == CommandDescription.all.count)
    }

    @Test(arguments: [
        ("save", "save", true), ("save", "*", true), ("save", "s?ve", true), ("save", "s*e", true),
        ("save", "a*", false), ("save", "", false), ("", "*", true), ("", "", true), ("aaab", "*ab", true),
        ("aaac", "*ab", false), ("abc", "*b*", true), ("abc", "a*b*d", false),
    ])
    func `patterns over names match as a person expects`(name: String, pattern: String, matches: Bool) {
        #expect(NamePattern.matches(name, pattern) == matches)
    }
}
