// How a connection begins, begins again and ends: HELLO, AUTH, RESET, QUIT.

import RESP

extension Session {
    mutating func converse(
        _ command: LocalCommand, _ request: borrowing Request, _ environment: SessionEnvironment,
        _ reply: inout ReplyWriter
    ) -> Disposition {
        switch command {
        case .auth: return authenticate(request, environment, &reply)
        case .hello: return hello(request, environment, &reply)
        case .reset:
            reset(environment)
            forcesReply = true
            reply.version = version
            reply.simple("RESET")
            return isSubscriber ? .pubsub(PubSubOrder(.leave)) : .answered
        default:
            reply.ok()
            return .close
        }
    }

    // MARK: AUTH

    /// `AUTH token` or `AUTH default token`.
    private mutating func authenticate(
        _ request: borrowing Request, _ environment: SessionEnvironment, _ reply: inout ReplyWriter
    ) -> Disposition {
        guard request.count <= 3 else {
            reply.error("ERR syntax error")
            return .answered
        }
        if environment.tokens == nil, request.count == 2 {
            reply.error(
                """
                ERR AUTH <password> called without any password configured for the default user. \
                Are you sure your configuration is correct?
                """)
            return .answered
        }
        let user = request.count == 3 ? request.text(1) : "default"
        guard logIn(user, request[request.count - 1], environment) else { return refuseLogin(&reply) }
        reply.ok()
        return .answered
    }

    /// The verifier's work does not depend on the user's name, nor its time on the token's content.
    private mutating func logIn(_ user: String, _ token: RawSpan, _ environment: SessionEnvironment) -> Bool {
        guard environment.tokens?.accepts(token) != false, user == "default" else {
            failedLogins += 1
            return false
        }
        failedLogins = 0
        isLoggedIn = true
        return true
    }

    private func refuseLogin(_ reply: inout ReplyWriter) -> Disposition {
        reply.error("WRONGPASS invalid username-password pair or user is disabled.")
        return failedLogins < Session.failedLoginsMax ? .answered : .close
    }

    // MARK: HELLO

    /// What a HELLO asks for, by position of its words.
    private struct Greeting {
        var version: RESPVersion
        var userAt: Int?
        var nameAt: Int?
    }

    /// `HELLO [version [AUTH user token] [SETNAME name]]`: all of it, or none.
    private mutating func hello(
        _ request: borrowing Request, _ environment: SessionEnvironment, _ reply: inout ReplyWriter
    ) -> Disposition {
        guard let greeting = parse(request, &reply) else { return .answered }
        if let position = greeting.nameAt, !checkName(request, position, "Client names", &reply) { return .answered }
        if let position = greeting.userAt {
            guard logIn(request.text(position), request[position + 1], environment) else { return refuseLogin(&reply) }
        }
        guard isLoggedIn else {
            reply.error(
                """
                NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> \
                <pass> option can be used to authenticate the client and select the RESP protocol version at the same \
                time
                """)
            return .answered
        }
        if let position = greeting.nameAt { name = request.text(position) }
        version = greeting.version
        reply.version = version
        welcome(environment.facts, &reply)
        return .answered
    }

    private func parse(_ request: borrowing Request, _ reply: inout ReplyWriter) -> Greeting? {
        guard request.count > 1 else { return Greeting(version: version) }
        guard let number = request.integer(1) else {
            reply.error("ERR Protocol version is not an integer or out of range")
            return nil
        }
        guard let version = UInt8(exactly: number).flatMap(RESPVersion.init) else {
            reply.error("NOPROTO unsupported protocol version")
            return nil
        }
        var greeting = Greeting(version: version)
        var position = 2
        while position < request.count {
            let option = request.name(position)
            if option == "auth", position + 2 < request.count {
                greeting.userAt = position + 1
                position += 3
            } else if option == "setname", position + 1 < request.count {
                greeting.nameAt = position + 1
                position += 2
            } else {
                reply.error("ERR Syntax error in HELLO option '", quoting: request[position], "'")
                return nil
            }
        }
        return greeting
    }

    private func welcome(_ facts: NodeFacts, _ reply: inout ReplyWriter) {
        reply.mapHeader(8)
        reply.bulk(text: "server")
        reply.bulk(text: "redis")
        reply.bulk(text: "version")
        reply.bulk(text: InfoAnswers.redisVersion)
        reply.bulk(text: "proto")
        reply.integer(Int64(version.rawValue))
        reply.bulk(text: "id")
        reply.integer(Int64(bitPattern: id))
        reply.bulk(text: "mode")
        reply.bulk(text: "standalone")
        reply.bulk(text: "role")
        reply.bulk(text: facts.isLeader ? "master" : "replica")
        reply.bulk(text: "modules")
        reply.arrayHeader(0)
        reply.bulk(text: "trireme")
        reply.bulk(text: facts.status.version)
    }

    // MARK: RESET

    private mutating func reset(_ environment: SessionEnvironment) {
        version = .two
        isLoggedIn = environment.tokens == nil
        name = ""
        readsLocally = false
        isKeptOnPressure = false
        replyMode = .on
        endTransaction()
    }

    // MARK: Names

    /// Whether the word may be a name; if not, says why. `what` begins Redis's sentence.
    func checkName(
        _ request: borrowing Request, _ position: Int, _ what: StaticString, _ reply: inout ReplyWriter
    ) -> Bool {
        guard request.isPlain(position) else {
            reply.error(text: "ERR \(what) cannot contain spaces, newlines or special characters.")
            return false
        }
        guard request[position].byteCount <= Session.nameLengthMax else {
            reply.error(text: "ERR \(what) cannot be longer than \(Session.nameLengthMax) bytes.")
            return false
        }
        return true
    }
}
