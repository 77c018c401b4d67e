// The notations in which commands are described: read, written again, and refused when they are none.

import Testing

@testable import Sessions

struct CommandNotesTests {
    @Test func `every notation of arguments says what was read`() {
        for command in CommandDescription.withSubcommands {
            let read = CommandArgument.list(command.notes.notation)?.map(\.notation).joined(separator: " ")
            #expect(read == command.notes.notation, "\(command.name)")
        }
    }

    @Test(arguments: ["[key", "key]", "<a", "{}", "<a>", "a:x", "a:", "[]", "!X", "a b]", "**"])
    func `what is no notation of arguments is refused`(text: String) {
        #expect(CommandArgument.list(text) == nil)
    }

    @Test(arguments: ["", "1", "x:RO", "#:RO", "1-x:RO", "1-last/x:RO", "1/0x:RO"])
    func `what is no rule of keys is refused`(text: String) {
        #expect(KeyRule(Substring(text)) == nil)
    }

    @Test(arguments: [
        ("key:k value", "key value"), ("[count:i=COUNT]", "[COUNT count]"), ("key:k*", "key [key …]"),
        ("[<condition nx!NX xx!XX>]", "[NX | XX]"), ("<where left!LEFT right!RIGHT> [x]", "<LEFT | RIGHT> [x]"),
        ("[{range=LIMIT offset:i count:i}]", "[LIMIT offset count]"),
        ("{score_member score:d member}*", "score member [score member …]"),
        ("[<aggregate=AGGREGATE sum!SUM min!MIN>]", "[AGGREGATE <SUM | MIN>]"),
        ("[weight:i=WEIGHTS*]", "[WEIGHTS weight [weight …]]"), ("", ""),
    ])
    func `arguments are written for people`(notation: String, text: String) {
        #expect(CommandArgument.list(notation)?.map(\.text).joined(separator: " ") == text)
    }
}

extension KeyRule {
    /// As `CommandNotes` writes it.
    var text: String {
        var place = "\(first)"
        switch extent {
        case .counted: place = "#\(first)"
        case .range(let last, let step):
            if last == -1 { place += "-last" }
            if last < -1 { place += "-last\(last + 1)" }
            if last > 0 { place += "-\(first + last)" }
            if step > 1 { place += "/\(step)" }
        }
        return place + ":" + flags.joined(separator: ".")
    }
}

extension CommandArgument {
    /// As `CommandNotes` writes it.
    var notation: String {
        let kinds: [Kind: String] = [.key: ":k", .integer: ":i", .double: ":d", .pattern: ":p", .unixTime: ":t"]
        let word = token.map { "=" + $0 } ?? ""
        let inner = parts.map(\.notation).joined(separator: " ")
        var text =
            switch kind {
            case .word: "\(name)!\(token ?? "")"
            case .oneof: "<\(name)\(word) \(inner)>"
            case .block: "{\(name)\(word) \(inner)}"
            default: name + (kinds[kind] ?? "") + word
            }
        if isMultiple { text += repeatsToken ? "**" : "*" }
        return isOptional ? "[\(text)]" : text
    }
}
