// ACL: who may do what. There is one user, `default`, who may say every command that there is; the tokens by which it
// logs in are in files that the node's settings name, and are told nobody, not even as hashes.

import RESP

enum AccessAnswers {
    /// Redis's categories of commands, in its order.
    private static let categories = """
        keyspace read write set sortedset list hash string bitmap hyperloglog geo stream pubsub admin fast slow \
        blocking dangerous connection transaction scripting
        """.split(separator: " ").map(String.init)

    private static let user = "default"

    /// `needsLogin` is false on a node that asks nobody for a token.
    static func answer(_ request: borrowing Request, needsLogin: Bool, _ reply: inout ReplyWriter) {
        let subcommand = request.name(1)
        guard let command = CommandDescription.named("acl|" + subcommand) else {
            return Session.refuseSubcommand("ACL", request, &reply)
        }
        guard command.accepts(argumentCount: request.count) else { return Session.refuseArity(command.name, &reply) }
        switch subcommand {
        case "cat" where request.count > 3:
            reply.error(text: "ERR unknown subcommand or wrong number of arguments for 'cat'. Try ACL HELP.")
        case "cat": category(request, &reply)
        case "dryrun": dryRun(request, &reply)
        case "getuser": rules(request, needsLogin, &reply)
        case "list":
            reply.arrayHeader(1)
            reply.bulk(text: "user \(user) on \(needsLogin ? "" : "nopass ")~* &* +@all")
        case "users":
            reply.arrayHeader(1)
            reply.bulk(text: user)
        case "whoami": reply.bulk(text: user)
        default: Session.writeHelp("ACL", help, &reply)
        }
    }

    private static let help = [
        "CAT [<category>]", "    List all commands of <category>, or all categories.",
        "DRYRUN <username> <command> [<arg> ...]", "    Tell whether the user may say the command.",
        "GETUSER <username>", "    Get the user's details.", "LIST", "    Show the users and what they may do.",
        "USERS", "    List the users' names.", "WHOAMI", "    Return the user of this connection.",
    ]

    private static func category(_ request: borrowing Request, _ reply: inout ReplyWriter) {
        guard request.count == 3 else {
            reply.arrayHeader(categories.count)
            for category in categories { reply.bulk(text: category) }
            return
        }
        guard categories.contains(request.name(2)) else {
            return reply.error("ERR Unknown category '", quoting: request[2], "'")
        }
        let wanted = "@" + request.name(2)
        let names = CommandDescription.withSubcommands.filter { $0.categories.contains(wanted) }.map(\.name)
        reply.arrayHeader(names.count)
        for name in names { reply.bulk(text: name) }
    }

    private static func rules(_ request: borrowing Request, _ needsLogin: Bool, _ reply: inout ReplyWriter) {
        guard request.text(2) == user else { return reply.null() }
        let flags = needsLogin ? ["on"] : ["on", "nopass"]
        reply.mapHeader(6)
        reply.bulk(text: "flags")
        reply.setHeader(flags.count)
        for flag in flags { reply.simple(text: flag) }
        reply.bulk(text: "passwords")
        reply.arrayHeader(0)
        for (name, rule) in [("commands", "+@all"), ("keys", "~*"), ("channels", "&*")] {
            reply.bulk(text: name)
            reply.bulk(text: rule)
        }
        reply.bulk(text: "selectors")
        reply.arrayHeader(0)
    }

    private static func dryRun(_ request: borrowing Request, _ reply: inout ReplyWriter) {
        guard request.text(2) == user else {
            return reply.error("ERR User '", quoting: request[2], "' not found")
        }
        guard let command = CommandDescription.said(by: request, from: 3) else {
            return reply.error("ERR Command '", quoting: request[3], "' not found")
        }
        guard command.accepts(argumentCount: request.count - 3) else {
            return Session.refuseArity(command.name, &reply)
        }
        reply.ok()
    }
}
