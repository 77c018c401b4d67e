// COMMAND: what clients ask to learn names, arities and where keys stand.

import Keyspace
import RESP

/// A command as `COMMAND` describes it: the keyspace's and the session's alike.
struct CommandDescription {
    let name: String
    /// Words with the name; negative for "at least".
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

    static let all: [CommandDescription] = {
        let data = CommandTable.shared.specs.map { CommandDescription($0) }
        let local = LocalCommand.allCases.map { CommandDescription($0) }
        return (data + local).sorted { $0.name < $1.name }
    }()

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
    }

    private init(_ command: LocalCommand) {
        name = command.rawValue
        arity = command.arity
        flags = command.isAllowedBeforeLogin ? ["no_auth", "fast"] : []
        categories = command.group == "connection" ? ["@connection"] : []
        (firstKey, lastKey, keyStep) = (0, 0, 0)
        group = command.group
        since = command.since
        summary = command.summary
    }

    static func named(_ name: String) -> CommandDescription? { all.first { $0.name == name } }

    /// The positions of the keys in a request of `count` words.
    func keys(count: Int) -> [Int] {
        guard firstKey > 0, keyStep > 0 else { return [] }
        let last = lastKey < 0 ? count + lastKey : lastKey
        return Array(stride(from: firstKey, through: min(last, count - 1), by: keyStep))
    }
}

enum CommandAnswers {
    static func answer(_ request: borrowing Request, _ reply: inout ReplyWriter) {
        guard request.count > 1 else { return infos(CommandDescription.all, &reply) }
        switch request.name(1) {
        case "count" where request.count == 2: reply.integer(Int64(CommandDescription.all.count))
        case "docs": docs(named(request), &reply)
        case "getkeys" where request.count > 2: keys(request, &reply)
        case "help" where request.count == 2: Session.writeHelp("COMMAND", help, &reply)
        case "info": infos(request.count == 2 ? CommandDescription.all : named(request), &reply)
        case "list": list(request, &reply)
        case "count", "getkeys", "help": Session.refuseArity("command|" + request.name(1), &reply)
        default: Session.refuseSubcommand("COMMAND", request, &reply)
        }
    }

    private static let help = [
        "(no subcommand)", "    Return details about all commands.", "COUNT", "    Return the number of commands.",
        "DOCS [<command-name> ...]", "    Return documentation about commands.", "GETKEYS <full-command>",
        "    Return the keys from a full command.", "INFO [<command-name> ...]",
        "    Return details about commands.", "LIST [FILTERBY PATTERN <pattern>]", "    Return the commands' names.",
    ]

    /// The commands that the request names, nil for each that there is not.
    private static func named(_ request: borrowing Request) -> [CommandDescription?] {
        var found: [CommandDescription?] = []
        for position in 2..<max(2, request.count) { found.append(.named(request.name(position))) }
        return found
    }

    private static func infos(_ commands: [CommandDescription?], _ reply: inout ReplyWriter) {
        reply.arrayHeader(commands.count)
        for command in commands {
            guard let command else {
                reply.null()
                continue
            }
            reply.arrayHeader(10)
            reply.bulk(text: command.name)
            reply.integer(Int64(command.arity))
            reply.setHeader(command.flags.count)
            for flag in command.flags { reply.simple(text: flag) }
            reply.integer(Int64(command.firstKey))
            reply.integer(Int64(command.lastKey))
            reply.integer(Int64(command.keyStep))
            reply.setHeader(command.categories.count)
            for category in command.categories { reply.simple(text: category) }
            // Tips, key specifications and subcommands: nothing to tell.
            reply.setHeader(0)
            reply.setHeader(0)
            reply.arrayHeader(0)
        }
    }

    /// What `redis-cli` shows beside a command. Names that there are not are left out.
    private static func docs(_ named: [CommandDescription?], _ reply: inout ReplyWriter) {
        let commands = named.isEmpty ? CommandDescription.all : named.compactMap { $0 }
        reply.mapHeader(commands.count)
        for command in commands {
            reply.bulk(text: command.name)
            reply.mapHeader(3)
            reply.bulk(text: "summary")
            reply.bulk(text: command.summary)
            reply.bulk(text: "since")
            reply.bulk(text: command.since)
            reply.bulk(text: "group")
            reply.bulk(text: command.group)
        }
    }

    private static func keys(_ request: borrowing Request, _ reply: inout ReplyWriter) {
        guard let command = CommandDescription.named(request.name(2)) else {
            return reply.error("ERR Invalid command specified")
        }
        let count = request.count - 2
        guard command.arity < 0 ? count >= -command.arity : count == command.arity else {
            return reply.error("ERR Invalid number of arguments specified for command")
        }
        let positions = command.keys(count: count)
        guard !positions.isEmpty else { return reply.error("ERR The command has no key arguments") }
        reply.arrayHeader(positions.count)
        for position in positions { reply.bulk(request[position + 2]) }
    }

    private static func list(_ request: borrowing Request, _ reply: inout ReplyWriter) {
        var names = CommandDescription.all.map(\.name)
        if request.count > 2 {
            guard request.count == 5, request.name(2) == "filterby", request.name(3) == "pattern" else {
                return reply.error("ERR syntax error")
            }
            let pattern = request.name(4)
            names.removeAll { !NamePattern.matches($0, pattern) }
        }
        reply.arrayHeader(names.count)
        for name in names { reply.bulk(text: name) }
    }
}
