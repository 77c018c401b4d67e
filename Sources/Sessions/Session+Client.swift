// CLIENT: about this connection and the others.

import RESP

extension Session {
    mutating func client(
        _ request: borrowing Request, _ environment: SessionEnvironment, _ reply: inout ReplyWriter
    ) -> Disposition {
        let subcommand = request.name(1)
        switch subcommand {
        case "list", "kill":
            lastCommand = .local("client|" + subcommand)
            guard let query = ClientQuery(request, asker: id, at: environment.now, &reply) else { return .answered }
            return .clients(query)
        case "reply":
            setReplies(request, &reply)
        case "setinfo", "setname", "no-evict", "no-touch":
            guard arity(subcommand, request, subcommand == "setinfo" ? 4 : 3, &reply) else { break }
            set(subcommand, request, &reply)
        case "id", "info", "getname", "help", "getredir":
            guard arity(subcommand, request, 2, &reply) else { break }
            lastCommand = .local("client|" + subcommand)
            show(subcommand, environment, &reply)
        case "unblock": return unblock(request, &reply)
        default:
            Session.refuseSubcommand("CLIENT", request, &reply)
        }
        return .answered
    }

    private func arity(
        _ subcommand: String, _ request: borrowing Request, _ count: Int, _ reply: inout ReplyWriter
    ) -> Bool {
        if request.count == count { return true }
        Session.refuseArity("client|" + subcommand, &reply)
        return false
    }

    private func show(_ subcommand: String, _ environment: SessionEnvironment, _ reply: inout ReplyWriter) {
        switch subcommand {
        case "id": reply.integer(Int64(bitPattern: id))
        case "info": reply.verbatim(text: ClientQuery.line(of: self, at: environment.now))
        case "getname": name.isEmpty ? reply.null() : reply.bulk(text: name)
        case "getredir": reply.integer(-1)
        default: Session.writeHelp("CLIENT", Session.clientHelp, &reply)
        }
    }

    private mutating func set(_ subcommand: String, _ request: borrowing Request, _ reply: inout ReplyWriter) {
        switch subcommand {
        case "setname":
            guard checkName(request, 2, "Client names", &reply) else { return }
            name = request.text(2)
        case "setinfo":
            switch request.name(2) {
            case "lib-name":
                guard checkName(request, 3, "lib-name", &reply) else { return }
                clientLibrary = request.text(3)
            case "lib-ver":
                guard checkName(request, 3, "lib-ver", &reply) else { return }
                clientVersion = request.text(3)
            default:
                return reply.error("ERR Unrecognized option '", quoting: request[2], "'")
            }
        default:
            let value = request.name(2)
            guard value == "on" || value == "off" else { return reply.error("ERR syntax error") }
            if subcommand == "no-evict" { isKeptOnPressure = value == "on" }
        }
        reply.ok()
    }

    /// The change holds at once: `ON` is answered, `OFF` and `SKIP` are not.
    private mutating func setReplies(_ request: borrowing Request, _ reply: inout ReplyWriter) {
        guard arity("reply", request, 3, &reply) else { return }
        switch request.name(2) {
        case "on":
            replyMode = .on
            forcesReply = true
            reply.ok()
        case "off":
            replyMode = .off
        case "skip":
            if replyMode != .off { replyMode = .skipNext }
        default:
            reply.error("ERR syntax error")
        }
    }

    // MARK: Help

    /// As Redis gives it: a line of introduction, then lines of text.
    static func writeHelp(_ command: String, _ lines: [String], _ reply: inout ReplyWriter) {
        reply.arrayHeader(lines.count + 3)
        reply.simple(text: "\(command) <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")
        for line in lines { reply.simple(text: line) }
        reply.simple("HELP")
        reply.simple("    Print this help.")
    }

    private static let clientHelp = [
        "GETNAME", "    Return the name of the current connection.",
        "ID", "    Return the ID of the current connection.",
        "INFO", "    Return information about the current client connection.",
        "KILL <ip:port>", "    Kill connection made from <ip:port>.",
        "KILL <option> <value> [<option> <value> [...]]",
        "    Kill connections by ADDR, ID, USER, TYPE; SKIPME (YES|NO).",
        "LIST [TYPE NORMAL] [ID <id> ...]", "    Return information about client connections.",
        "NO-EVICT (ON|OFF)", "    Keep the connection under memory pressure.",
        "REPLY (ON|OFF|SKIP)", "    Control the replies sent to the current connection.",
        "SETINFO <LIB-NAME|LIB-VER> <value>", "    Set client meta attributes.",
        "UNBLOCK <clientid> [TIMEOUT|ERROR]", "    Unblock the specified blocked client.",
        "SETNAME <name>", "    Assign the name <name> to the current connection.",
    ]
}
