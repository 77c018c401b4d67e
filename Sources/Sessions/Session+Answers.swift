// The commands that need neither keys nor other nodes.

import ByteCoding
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
        guard isLoggedIn || command?.isAllowedBeforeLogin == true else {
            reply.error("NOAUTH Authentication required.")
            return .answered
        }
        guard let command else {
            Session.refuseUnknown(request, &reply)
            return .answered
        }
        guard command.arity < 0 ? request.count >= -command.arity : request.count == command.arity else {
            Session.refuseArity(command.rawValue, &reply)
            return .answered
        }
        switch command {
        case .auth, .hello, .quit, .reset: return converse(command, request, environment, &reply)
        case .wait, .waitaof: return wait(command, request, token, &reply, &batch)
        case .client: return client(request, environment, &reply)
        default: tell(command, request, environment, &reply)
        }
        return .answered
    }

    private mutating func tell(
        _ command: LocalCommand, _ request: borrowing Request, _ environment: SessionEnvironment,
        _ reply: inout ReplyWriter
    ) {
        var facts: NodeFacts { usesTLS ? environment.facts : environment.facts.announcedWithoutTLS() }
        switch command {
        case .ping: ping(request, &reply)
        case .echo: reply.bulk(request[1])
        case .select: select(request, &reply)
        case .time: time(environment.wall, &reply)
        case .readonly, .readwrite:
            readsLocally = command == .readonly
            reply.ok()
        case .command: CommandAnswers.answer(request, &reply)
        case .config: ConfigAnswers.answer(request, facts, usesTLS: usesTLS, &reply)
        case .info: InfoAnswers.answer(request, facts, environment.wall, &reply)
        case .role: ClusterAnswers.role(facts, &reply)
        case .cluster: ClusterAnswers.answer(request, facts, usesTLS: usesTLS, &reply)
        case .sentinel: SentinelAnswers.answer(request, facts, &reply)
        case .auth, .hello, .quit, .reset, .wait, .waitaof, .client: break
        }
    }

    private func ping(_ request: borrowing Request, _ reply: inout ReplyWriter) {
        switch request.count {
        case 1: reply.simple("PONG")
        case 2: reply.bulk(request[1])
        default: Session.refuseArity("ping", &reply)
        }
    }

    private func select(_ request: borrowing Request, _ reply: inout ReplyWriter) {
        switch request.integer(1) {
        case nil: reply.error("ERR value is not an integer or out of range")
        case 0: reply.ok()
        default: reply.error("ERR DB index is out of range")
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

    static func refuseSubcommand(_ command: String, _ request: borrowing Request, _ reply: inout ReplyWriter) {
        let subcommand = String(decoding: request.text(1).utf8.prefix(128), as: UTF8.self)
        reply.error(text: "ERR unknown subcommand '\(subcommand)'. Try \(command) HELP.")
    }

    /// Redis's words for a name it does not know; for one that Redis does know, that it is not to be had here.
    private static func refuseUnknown(_ request: borrowing Request, _ reply: inout ReplyWriter) {
        let name = request.name(0)
        guard !UnsupportedCommand.contains(name) else {
            reply.error(text: "ERR command '\(name)' is not supported; docs/COMPATIBILITY.md lists what is")
            return
        }
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
