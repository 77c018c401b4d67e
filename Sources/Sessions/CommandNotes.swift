// What COMMAND tells of a command beside its arity: where keys stand, what it costs, its arguments, its subcommands.
//
// The tables are text, one command per line, because they are read by people more often than by the program; they are
// parsed once, when somebody asks, and a test parses every line.

/// The notes on one command.
struct CommandNotes: Sendable {
    let keys: [KeyRule]
    let complexity: String
    /// In the notation of `CommandArgument`.
    let notation: String
    let arguments: [CommandArgument]

    static let none = CommandNotes(keys: [], complexity: "", notation: "", arguments: [])

    /// By the command's name in lower case.
    static let all: [String: CommandNotes] = {
        var found: [String: CommandNotes] = [:]
        for line in (data + "\n" + session).split(separator: "\n") {
            let columns = CommandNotes.columns(line)
            guard columns.count == 4, let notes = CommandNotes(columns[1], columns[2], columns[3]) else {
                preconditionFailure("no notes on a command: \(line)")
            }
            found[columns[0]] = notes
        }
        return found
    }()

    private init(keys: [KeyRule], complexity: String, notation: String, arguments: [CommandArgument]) {
        self.keys = keys
        self.complexity = complexity
        self.notation = notation
        self.arguments = arguments
    }

    /// Nil when rules of keys or arguments are not in their notation.
    init?(_ keys: String, _ complexity: String, _ notation: String) {
        let texts = keys.split(separator: " ")
        let rules = texts.compactMap { KeyRule($0) }
        guard rules.count == texts.count, let arguments = CommandArgument.list(notation) else { return nil }
        self.init(keys: rules, complexity: complexity, notation: notation, arguments: arguments)
    }

    /// How many subcommands a command has.
    static func subcommandsOf(_ name: String) -> Int {
        subcommands.split(separator: "\n").count { $0.hasPrefix(name + "|") }
    }

    /// The columns of a line, with single blanks between their words.
    static func columns(_ line: Substring) -> [String] {
        line.split(separator: ";", omittingEmptySubsequences: false).map { column in
            column.split(separator: " ").joined(separator: " ")
        }
    }
}
