// COMMAND: what clients ask to learn names, arities and where keys stand.

import Keyspace
import RESP

enum CommandAnswers {
    static func answer(_ request: borrowing Request, _ reply: inout ReplyWriter) {
        guard request.count > 1 else { return infos(CommandDescription.all, &reply) }
        let subcommand = request.name(1)
        guard let command = CommandDescription.named("command|" + subcommand) else {
            return Session.refuseSubcommand("COMMAND", request, &reply)
        }
        guard command.accepts(argumentCount: request.count) else {
            return Session.refuseArity(command.name, &reply)
        }
        switch subcommand {
        case "count": reply.integer(Int64(CommandDescription.all.count))
        case "docs": docs(named(request), &reply)
        case "getkeys": keys(request, withFlags: false, &reply)
        case "getkeysandflags": keys(request, withFlags: true, &reply)
        case "info": infos(request.count == 2 ? CommandDescription.all : named(request), &reply)
        case "list": list(request, &reply)
        default: Session.writeHelp("COMMAND", help, &reply)
        }
    }

    private static let help = [
        "(no subcommand)", "    Return details about all commands.", "COUNT", "    Return the number of commands.",
        "DOCS [<command-name> ...]", "    Return documentation about commands.", "GETKEYS <full-command>",
        "    Return the keys from a full command.", "GETKEYSANDFLAGS <full-command>",
        "    Return the keys from a full command, and what happens to each.", "INFO [<command-name> ...]",
        "    Return details about commands.", "LIST [FILTERBY (MODULE|ACLCAT|PATTERN) <value>]",
        "    Return the commands' names.",
    ]

    /// The commands that the request names, nil for each that there is not.
    private static func named(_ request: borrowing Request) -> [CommandDescription?] {
        var found: [CommandDescription?] = []
        for position in 2..<max(2, request.count) { found.append(.named(request.name(position))) }
        return found
    }

    // MARK: INFO

    private static func infos(_ commands: [CommandDescription?], _ reply: inout ReplyWriter) {
        reply.arrayHeader(commands.count)
        for command in commands { command.map { info($0, &reply) } ?? reply.null() }
    }

    private static func info(_ command: CommandDescription, _ reply: inout ReplyWriter) {
        reply.arrayHeader(10)
        reply.bulk(text: command.name)
        reply.integer(Int64(command.arity))
        simpleSet(command.flags, &reply)
        reply.integer(Int64(command.firstKey))
        reply.integer(Int64(command.lastKey))
        reply.integer(Int64(command.keyStep))
        simpleSet(command.categories, &reply)
        // Tips on how to route requests: there is nothing to tell, since every node takes every request.
        reply.setHeader(0)
        reply.setHeader(command.notes.keys.count)
        for rule in command.notes.keys { specification(rule, &reply) }
        reply.arrayHeader(command.subcommands.count)
        for subcommand in command.subcommands { info(subcommand, &reply) }
    }

    private static func simpleSet(_ words: [String], _ reply: inout ReplyWriter) {
        reply.setHeader(words.count)
        for word in words { reply.simple(text: word) }
    }

    /// A rule of keys as Redis's key specifications have it.
    private static func specification(_ rule: KeyRule, _ reply: inout ReplyWriter) {
        func pairs(_ pairs: [(String, Int)], of type: String) {
            reply.mapHeader(2)
            reply.bulk(text: "type")
            reply.bulk(text: type)
            reply.bulk(text: "spec")
            reply.mapHeader(pairs.count)
            for (name, value) in pairs {
                reply.bulk(text: name)
                reply.integer(Int64(value))
            }
        }
        reply.mapHeader(3)
        reply.bulk(text: "flags")
        simpleSet(rule.flags, &reply)
        reply.bulk(text: "begin_search")
        pairs([("index", rule.first)], of: "index")
        reply.bulk(text: "find_keys")
        switch rule.extent {
        case .range(let last, let step):
            pairs([("lastkey", last), ("keystep", step), ("limit", 0)], of: "range")
        case .counted: pairs([("keynumidx", 0), ("firstkey", 1), ("keystep", 1)], of: "keynum")
        }
    }

    // MARK: LIST

    private static func list(_ request: borrowing Request, _ reply: inout ReplyWriter) {
        var found = CommandDescription.withSubcommands
        if request.count > 2 {
            guard request.count == 5, request.name(2) == "filterby" else { return reply.error("ERR syntax error") }
            let value = request.name(4)
            switch request.name(3) {
            case "module": found = []
            case "aclcat": found.removeAll { !$0.categories.contains("@" + value) }
            case "pattern": found.removeAll { !NamePattern.matches($0.name, value) }
            default: return reply.error("ERR syntax error")
            }
        }
        reply.arrayHeader(found.count)
        for command in found { reply.bulk(text: command.name) }
    }
}
