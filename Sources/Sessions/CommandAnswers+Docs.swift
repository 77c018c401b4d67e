// COMMAND DOCS: what `redis-cli` shows beside a command, and what tools make their own help of.

import RESP

extension CommandAnswers {
    /// Names that there are not are left out.
    static func docs(_ named: [CommandDescription?], _ reply: inout ReplyWriter) {
        docs(named.isEmpty ? CommandDescription.all : named.compactMap { $0 }, &reply)
    }

    private static func docs(_ commands: [CommandDescription], _ reply: inout ReplyWriter) {
        reply.mapHeader(commands.count)
        for command in commands {
            reply.bulk(text: command.name)
            doc(of: command, &reply)
        }
    }

    private static func doc(of command: CommandDescription, _ reply: inout ReplyWriter) {
        var texts = [("summary", command.summary), ("since", command.since), ("group", command.group)]
        if !command.notes.complexity.isEmpty { texts.append(("complexity", command.notes.complexity)) }
        let hasArguments = !command.notes.arguments.isEmpty
        let hasSubcommands = !command.subcommands.isEmpty
        reply.mapHeader(texts.count + (hasArguments ? 1 : 0) + (hasSubcommands ? 1 : 0))
        for (name, text) in texts {
            reply.bulk(text: name)
            reply.bulk(text: text)
        }
        if hasArguments {
            reply.bulk(text: "arguments")
            var keys = 0
            arguments(command.notes.arguments, specifications: command.notes.keys.count, &keys, &reply)
        }
        if hasSubcommands {
            reply.bulk(text: "subcommands")
            docs(command.subcommands, &reply)
        }
    }

    /// `keys` counts the keys among the arguments: the first one is of the first rule of keys, and so on.
    private static func arguments(
        _ arguments: [CommandArgument], specifications: Int, _ keys: inout Int, _ reply: inout ReplyWriter
    ) {
        reply.arrayHeader(arguments.count)
        for argument in arguments {
            let isKey = argument.kind == .key && specifications > 0
            let flags = flags(of: argument)
            reply.mapHeader(
                2 + (isKey ? 1 : 0) + (argument.token == nil ? 0 : 1) + (flags.isEmpty ? 0 : 1)
                    + (argument.parts.isEmpty ? 0 : 1))
            reply.bulk(text: "name")
            reply.bulk(text: argument.name)
            reply.bulk(text: "type")
            reply.bulk(text: argument.kind.rawValue)
            if isKey {
                reply.bulk(text: "key_spec_index")
                reply.integer(Int64(min(keys, specifications - 1)))
                keys += 1
            }
            if let token = argument.token {
                reply.bulk(text: "token")
                reply.bulk(text: token)
            }
            if !flags.isEmpty {
                reply.bulk(text: "flags")
                reply.setHeader(flags.count)
                for flag in flags { reply.simple(text: flag) }
            }
            if !argument.parts.isEmpty {
                reply.bulk(text: "arguments")
                CommandAnswers.arguments(argument.parts, specifications: specifications, &keys, &reply)
            }
        }
    }

    private static func flags(of argument: CommandArgument) -> [String] {
        var found: [String] = []
        if argument.isOptional { found.append("optional") }
        if argument.isMultiple { found.append("multiple") }
        if argument.repeatsToken { found.append("multiple_token") }
        return found
    }
}
