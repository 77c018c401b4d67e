// A command, or a subcommand, as COMMAND and ACL CAT describe it: the keyspace's and the session's alike.

import Keyspace

struct CommandDescription: Sendable {
    /// A subcommand's with its command's before it: `config|get`.
    let name: String
    /// Words of a request, with its name; negative for "at least".
    let arity: Int
    /// Redis's flags and categories.
    let flags: [String]
    let categories: [String]
    /// Positions of the first and last key (negative: counted from the end) and the step between; 0 without keys.
    let firstKey: Int
    let lastKey: Int
    let keyStep: Int
    let group: String
    let since: String
    let summary: String
    let notes: CommandNotes
    let subcommands: [CommandDescription]

    /// All commands by name.
    static let all: [CommandDescription] = {
        let data = CommandTable.shared.specs.map { CommandDescription($0) }
        let local = LocalCommand.allCases.map { CommandDescription($0) }
        return (data + local).sorted { $0.name < $1.name }
    }()

    /// All of them, each followed by its subcommands.
    static let withSubcommands = all.flatMap { [$0] + $0.subcommands }

    private static let byName = Dictionary(uniqueKeysWithValues: withSubcommands.map { ($0.name, $0) })

    /// The command of this name in lower case, or the subcommand (`config|get`).
    static func named(_ name: String) -> CommandDescription? { byName[name] }

    /// What a request says: a command, or its subcommand. Nil when there is no such thing.
    static func said(by request: borrowing Request, from start: Int) -> CommandDescription? {
        guard let command = named(request.name(start)) else { return nil }
        guard !command.subcommands.isEmpty, start + 1 < request.count else { return command }
        return named(command.name + "|" + request.name(start + 1))
    }

    func accepts(argumentCount count: Int) -> Bool { arity < 0 ? count >= -arity : count == arity }

    // MARK: Making

    private init(_ spec: CommandSpec) {
        name = spec.name.description
        arity = spec.arity
        flags = spec.flags.names.map(\.description)
        categories = spec.categories.names.map(\.description)
        firstKey = spec.firstKey
        lastKey = spec.lastKey
        keyStep = spec.keyStep
        group = spec.group.description
        since = spec.since.description
        summary = spec.summary.description
        notes = CommandNotes.all[name] ?? .none
        subcommands = CommandDescription.subcommands(of: name, group, category: "@keyspace")
    }

    private init(_ command: LocalCommand) {
        name = command.rawValue
        arity = command.arity
        flags = command.flags
        categories = CommandDescription.categories(flags) + command.categories
        (firstKey, lastKey, keyStep) = command.keys
        group = command.group
        since = command.since
        summary = command.summary
        notes = CommandNotes.all[name] ?? .none
        subcommands = CommandDescription.subcommands(of: name, group, category: command.categoryOfSubcommands)
    }

    /// Nil when the line of the table is not in its notation.
    init?(subcommand line: Substring, _ group: String, category: String?) {
        let columns = CommandNotes.columns(line)
        guard columns.count == 8, let arity = Int(columns[1]),
            let notes = CommandNotes(columns[4], columns[5], columns[6])
        else { return nil }
        name = columns[0]
        self.arity = arity
        since = columns[2]
        let own = columns[3].split(separator: " ").map(String.init)
        // What touches a record is the keyspace's, and waits until that is there.
        flags = own == ["readonly"] ? own : own + ["loading", "stale"]
        categories = CommandDescription.categories(flags) + (category.map { [$0] } ?? [])
        let key = notes.keys.first?.first ?? 0
        (firstKey, lastKey, keyStep) = (key, key, key == 0 ? 0 : 1)
        self.group = group
        summary = columns[7]
        self.notes = notes
        subcommands = []
    }

    private static func subcommands(of name: String, _ group: String, category: String?) -> [CommandDescription] {
        CommandNotes.subcommands.split(separator: "\n").filter { $0.hasPrefix(name + "|") }.map { line in
            guard let found = CommandDescription(subcommand: line, group, category: category) else {
                preconditionFailure("no notes on a subcommand: \(line)")
            }
            return found
        }
    }

    /// The categories that follow from flags, as Redis has it.
    private static func categories(_ flags: [String]) -> [String] {
        var found: [String] = []
        if flags.contains("write") { found.append("@write") }
        if flags.contains("readonly") { found.append("@read") }
        if flags.contains("admin") { found += ["@admin", "@dangerous"] }
        if flags.contains("pubsub") { found.append("@pubsub") }
        return found + [flags.contains("fast") ? "@fast" : "@slow"]
    }
}
