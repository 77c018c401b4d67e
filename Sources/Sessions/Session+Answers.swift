// The commands that need neither keys nor other nodes.

import ByteCoding
import Keyspace
import PeerProtocol
import RESP
import Vocabulary

extension Session {
    /// Answers a request that is about no key. Nothing is on its way.
    mutating func answer(
        _ request: borrowing Request, _ token: UInt64, _ environment: SessionEnvironment, _ reply: inout ReplyWriter,
        _ batch: inout RequestBatch
    ) -> Disposition {
        let command = LocalCommand(rawValue: request.name(0))
        if transaction != nil, command?.isOfTransactions != true {
            return queue(request, token, environment, &reply, &batch)
        }
        guard isLoggedIn || command?.isAllowedBeforeLogin == true else {
            reply.error("NOAUTH Authentication required.")
            return .answered
        }
        guard let command else {
            refuse(request, &reply)
            return .answered
        }
        guard command.accepts(argumentCount: request.count) else {
            if command == .exec {
                endTransaction()
                reply.error("EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command")
                return .answered
            }
            if command != .reset { transaction?.isBroken = true }
            Session.refuseArity(command.rawValue, &reply)
            return .answered
        }
        guard !isListening || command.isAllowedWhileListening else {
            let name = command.hasSubcommands ? command.rawValue + "|" + request.name(1) : command.rawValue
            Session.refuseWhileListening(name, &reply)
            return .answered
        }
        switch command {
        case .auth, .hello, .quit, .reset: return converse(command, request, environment, &reply)
        case .discard, .exec, .multi, .unwatch, .watch: return transact(command, request, token, &reply, &batch)
        case .ifversion, .once: return guardedCommand(request, token, &reply, &batch)
        case .cluster where Session.asksForSlot(request): return askForSlot(request, token, &reply, &batch)
        case .wait, .waitaof: return wait(command, request, token, &reply, &batch)
        case .changes: return followChanges(request, &reply)
        case .client: return client(request, environment, &reply)
        case .memory: return memory(request, token, facts(in: environment), &reply, &batch)
        case .config: return ConfigAnswers.answer(request, facts(in: environment), usesTLS: usesTLS, &reply)
        case .psubscribe, .publish, .pubsub, .punsubscribe, .spublish, .ssubscribe, .subscribe, .sunsubscribe,
            .unsubscribe:
            return PubSubOrder.order(command, request, &reply).map(Disposition.pubsub) ?? .answered
        default: tell(command, request, environment, &reply)
        }
        return .answered
    }

    private mutating func tell(
        _ command: LocalCommand, _ request: borrowing Request, _ environment: SessionEnvironment,
        _ reply: inout ReplyWriter
    ) {
        var facts: NodeFacts { self.facts(in: environment) }
        switch command {
        case .ping: ping(request, &reply)
        case .acl: AccessAnswers.answer(request, needsLogin: environment.tokens != nil, &reply)
        // Nothing ever has to be asked elsewhere.
        case .asking: reply.ok()
        case .echo: reply.bulk(request[1])
        case .select: select(request, &reply)
        case .time: time(environment.wall, &reply)
        case .readonly, .readwrite:
            readsLocally = command == .readonly
            reply.ok()
        case .command: CommandAnswers.answer(request, &reply)
        case .info: InfoAnswers.answer(request, facts, environment.wall, &reply)
        case .role: ClusterAnswers.role(facts, &reply)
        case .cluster: ClusterAnswers.answer(request, facts, usesTLS: usesTLS, &reply)
        case .sentinel: SentinelAnswers.answer(request, facts, &reply)
        default: break
        }
    }

    /// The node's facts, as this client has to see them.
    private func facts(in environment: SessionEnvironment) -> NodeFacts {
        usesTLS ? environment.facts : environment.facts.announcedWithoutTLS()
    }

    private func ping(_ request: borrowing Request, _ reply: inout ReplyWriter) {
        switch request.count {
        case 1...2 where isListening:
            reply.arrayHeader(2)
            reply.bulk(text: "pong")
            request.count == 2 ? reply.bulk(request[1]) : reply.bulk(text: "")
        case 1: reply.simple("PONG")
        case 2: reply.bulk(request[1])
        default: Session.refuseArity("ping", &reply)
        }
    }

    private func select(_ request: borrowing Request, _ reply: inout ReplyWriter) {
        switch request.integer(1) {
        case nil: reply.error("ERR value is not an integer or out of range")
        case 0: reply.ok()
        default: reply.error("ERR DB index is out of range: there is one database, 0")
        }
    }

    private func time(_ wall: Timestamp, _ reply: inout ReplyWriter) {
        reply.arrayHeader(2)
        reply.bulk(decimal: Int64(wall.rawValue / 1_000_000))
        reply.bulk(decimal: Int64(wall.rawValue % 1_000_000))
    }

    // MARK: Waiting

    /// `WAIT nodes timeout` and `WAITAOF local nodes timeout`: the leader answers with how many nodes have synced. The
    /// encoded form is two varints, nodes and milliseconds, and for `WAITAOF` a third one: its first argument plus 1.
    private mutating func wait(
        _ command: LocalCommand, _ request: borrowing Request, _ token: UInt64, _ reply: inout ReplyWriter,
        _ batch: inout RequestBatch
    ) -> Disposition {
        let first = command == .wait ? 1 : 2
        let local = command == .wait ? 0 : request.integer(1)
        guard let local, let nodes = request.integer(first) else {
            reply.error("ERR value is not an integer or out of range")
            return .answered
        }
        guard command == .wait || local == 0 || local == 1 else {
            reply.error("ERR value is out of range, must be between 0 and 1")
            return .answered
        }
        guard let timeout = request.integer(first + 1) else {
            reply.error("ERR timeout is not an integer or out of range")
            return .answered
        }
        guard timeout >= 0 else {
            reply.error("ERR timeout is negative")
            return .answered
        }
        batch.append(token: token, kind: .wait, version: version) {
            $0.append(varint: UInt64(max(0, nodes)))
            $0.append(varint: UInt64(timeout))
            if command == .waitaof { $0.append(varint: UInt64(local + 1)) }
        }
        enter(.wait)
        return .submitted
    }

    // MARK: Refusals

    static func refuseArity(_ command: String, _ reply: inout ReplyWriter) {
        reply.error(text: "ERR wrong number of arguments for '\(command)' command")
    }

    /// `command` in upper case. Says so when Redis knows the subcommand, and why it is not to be had here.
    static func refuseSubcommand(_ command: String, _ request: borrowing Request, _ reply: inout ReplyWriter) {
        if refuseUnsupported(command.lowercased() + "|" + request.name(1), &reply) { return }
        let subcommand = String(decoding: request.text(1).utf8.prefix(128), as: UTF8.self)
        reply.error(text: "ERR unknown subcommand '\(subcommand)'. Try \(command) HELP.")
    }

    static func refuseWhileListening(_ command: String, _ reply: inout ReplyWriter) {
        reply.error(
            text: "ERR Can't execute '\(command)': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
                + "allowed in this context")
    }

    /// Refuses what is no command of the session's: one of the keyspace's at a time when it may not be said, or none.
    private func refuse(_ request: borrowing Request, _ reply: inout ReplyWriter) {
        guard let command = CommandTable.shared.lookup(request[0]) else {
            return Session.refuseUnknown(request, &reply)
        }
        guard command.accepts(argumentCount: request.count) else {
            return Session.refuseArity(command.name.description, &reply)
        }
        Session.refuseWhileListening(command.name.description, &reply)
    }

    /// False, and nothing written, unless it is something of Redis's that is not offered.
    private static func refuseUnsupported(_ name: String, _ reply: inout ReplyWriter) -> Bool {
        guard let why = UnsupportedCommand.reason(name) else { return false }
        reply.error(
            text: "ERR command '\(name)' is not supported: \(why.rawValue); docs/COMPATIBILITY.md lists what is")
        return true
    }

    /// Redis's words for a name it does not know; for one that Redis does know, that it is not to be had here.
    static func refuseUnknown(_ request: borrowing Request, _ reply: inout ReplyWriter) {
        if refuseUnsupported(request.name(0), &reply) { return }
        func quoted(_ position: Int, _ length: Int) -> String {
            String(decoding: request.text(position).utf8.prefix(length), as: UTF8.self)
        }
        var arguments = ""
        for position in 1..<max(1, request.count) where arguments.utf8.count < ReplyWriter.quoteMax {
            arguments += "'" + quoted(position, ReplyWriter.quoteMax - arguments.utf8.count) + "' "
        }
        let unknown = quoted(0, ReplyWriter.quoteMax)
        reply.error(text: "ERR unknown command '\(unknown)', with args beginning with: \(arguments)")
    }
}
