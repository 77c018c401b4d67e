// A command's arguments as COMMAND DOCS tells of them and as people read them, out of one short notation.

/// One argument. The notation, in which `CommandNotes` has them:
///
///     name        a text; `name:k` a key, `:i` an integer, `:d` a decimal number, `:p` a pattern, `:t` a Unix time
///     name=WORD   stands behind WORD; `name!WORD` is that word alone
///     <name a b>  one of a and b; `{name a b}` a and then b; either with `=WORD` behind its name
///     […]         may be left out; `…*` may be repeated, `…**` each time behind its WORD
struct CommandArgument: Equatable, Sendable {
    enum Kind: String {
        case string, key, integer, double, pattern, oneof, block
        case unixTime = "unix-time"
        case word = "pure-token"
    }

    var name: String
    var kind = Kind.string
    /// The word before it, or that is it.
    var token: String?
    var isOptional = false
    var isMultiple = false
    /// Whether the word is repeated too.
    var repeatsToken = false
    /// Of `oneof` and `block`.
    var parts: [CommandArgument] = []

    /// Nil when the text is not in the notation.
    static func list(_ notation: String) -> [CommandArgument]? {
        var reader = ArgumentReader(notation)
        guard let list = reader.list(), reader.isAtEnd else { return nil }
        return list
    }

    // MARK: For people

    /// As the pages of commands write it: `key [EX seconds | KEEPTTL]`.
    var text: String {
        var core: String
        switch kind {
        case .word: core = token ?? name
        case .oneof: core = parts.map(\.text).joined(separator: " | ")
        case .block: core = parts.map(\.text).joined(separator: " ")
        default: core = name
        }
        // An alternative that is not in brackets of its own.
        if kind == .oneof, !isOptional || token != nil || isMultiple { core = "<\(core)>" }
        if isMultiple, !repeatsToken { core += " [\(core) …]" }
        if let token, !token.isEmpty, kind != .word { core = "\(token) \(core)" }
        if repeatsToken { core += " [\(core) …]" }
        return isOptional ? "[\(core)]" : core
    }
}

/// Reads the notation from its start to its end.
private struct ArgumentReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { position == bytes.count }

    private func sees(_ character: Character) -> Bool {
        position < bytes.count && Character(UnicodeScalar(bytes[position])) == character
    }

    private mutating func take(_ character: Character) -> Bool {
        guard sees(character) else { return false }
        position += 1
        return true
    }

    /// Characters up to one that has a meaning.
    private mutating func word(_ ends: String) -> String {
        let start = position
        while position < bytes.count, !ends.contains(Character(UnicodeScalar(bytes[position]))) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    mutating func list() -> [CommandArgument]? {
        var found: [CommandArgument] = []
        while !isAtEnd, !sees("]"), !sees(">"), !sees("}") {
            guard let next = argument() else { return nil }
            found.append(next)
            while take(" ") {}
        }
        return found
    }

    private mutating func argument() -> CommandArgument? {
        if take("[") {
            guard var inner = argument(), take("]") else { return nil }
            inner.isOptional = true
            return inner
        }
        guard var found = take("<") ? group(.oneof, ">") : take("{") ? group(.block, "}") : single() else { return nil }
        if take("*") { found.isMultiple = true }
        if take("*") { found.repeatsToken = true }
        return found
    }

    private mutating func group(_ kind: CommandArgument.Kind, _ end: Character) -> CommandArgument? {
        var found = CommandArgument(name: word(" ="), kind: kind)
        if take("=") { found.token = word(" ") }
        while take(" ") {}
        guard let parts = list(), !parts.isEmpty, take(end) else { return nil }
        found.parts = parts
        return found
    }

    private mutating func single() -> CommandArgument? {
        var found = CommandArgument(name: word(" :=!*[]<>{}"))
        guard !found.name.isEmpty else { return nil }
        if take("!") {
            found.kind = .word
            found.token = word(" *]>}")
            return found
        }
        if take(":") {
            let kinds: [String: CommandArgument.Kind] = [
                "k": .key, "i": .integer, "d": .double, "p": .pattern, "t": .unixTime,
            ]
            guard let kind = kinds[word(" =*[]<>{}")] else { return nil }
            found.kind = kind
        }
        if take("=") { found.token = word(" *]>}") }
        return found
    }
}
