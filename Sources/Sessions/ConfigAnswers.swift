// CONFIG: the settings that clients and tools of Redis ask for, as they are here. Those that can be set
// hold until the node ends.

import RESP

enum ConfigAnswers {
    static func answer(
        _ request: borrowing Request, _ facts: NodeFacts, usesTLS: Bool, _ reply: inout ReplyWriter
    ) -> Session.Disposition {
        switch request.name(1) {
        case "set":
            return set(request, settings(facts, usesTLS), &reply).map(Session.Disposition.configure) ?? .answered
        case "get" where request.count < 3: Session.refuseArity("config|get", &reply)
        case "get": get(request, settings(facts, usesTLS), &reply)
        case "help": Session.writeHelp("CONFIG", help, &reply)
        default: Session.refuseSubcommand("CONFIG", request, &reply)
        }
        return .answered
    }

    private static let help = [
        "GET <pattern>", "    Return settings matching <pattern>.",
        "SET <name> <value> [<name> <value> ...]",
        "    Set notify-keyspace-events or maxmemory of this node, until it ends.",
    ]

    // MARK: Setting

    /// `CONFIG SET name value [name value …]`, all or nothing. Nil when nothing was set; `reply` then says why.
    private static func set(
        _ request: borrowing Request, _ settings: [(String, String)], _ reply: inout ReplyWriter
    ) -> ConfigChange? {
        guard request.count >= 4 else {
            Session.refuseArity("config|set", &reply)
            return nil
        }
        guard request.count % 2 == 0 else {
            reply.error("ERR syntax error")
            return nil
        }
        for position in stride(from: 2, to: request.count, by: 2)
        where !ConfigChange.names.contains(request.name(position)) {
            let name = request.name(position)
            if settings.contains(where: { $0.0 == name }) {
                refuse(name, "it is set in the node's file", &reply)
            } else {
                reply.error(
                    "ERR Unknown option or number of arguments for CONFIG SET - '", quoting: request[position], "'")
            }
            return nil
        }
        guard let change = ConfigChange(request, &reply) else { return nil }
        reply.ok()
        return change
    }

    private static func refuse(_ name: String, _ why: String, _ reply: inout ReplyWriter) {
        reply.error(text: "ERR CONFIG SET failed (possibly related to argument '\(name)') - \(why)")
    }

    // MARK: Getting

    private static func get(
        _ request: borrowing Request, _ settings: [(String, String)], _ reply: inout ReplyWriter
    ) {
        var found: [(String, String)] = []
        for (name, value) in settings {
            for position in 2..<request.count where NamePattern.matches(name, request.name(position)) {
                found.append((name, value))
                break
            }
        }
        reply.mapHeader(found.count)
        for (name, value) in found {
            reply.bulk(text: name)
            reply.bulk(text: value)
        }
    }

    private static func settings(_ facts: NodeFacts, _ usesTLS: Bool) -> [(String, String)] {
        [
            ("appendfsync", "always"), ("appendonly", "yes"), ("cluster-enabled", "no"), ("databases", "1"),
            ("maxclients", "\(facts.clientsMax)"),
            (ConfigChange.memoryMaxName, "\(facts.memoryMax?.rawValue ?? 0)"),
            (ConfigChange.memoryPolicyName, "noeviction"), (ConfigChange.keyEventsName, facts.keyEvents.letters),
            ("port", usesTLS ? "0" : "\(facts.own?.port ?? 0)"),
            ("proto-max-bulk-len", "\(facts.bulkLengthMax.rawValue)"), ("save", ""), ("timeout", "0"),
            ("tls-port", usesTLS ? "\(facts.own?.port ?? 0)" : "0"),
        ]
    }
}

/// Patterns over names: `*` is any text, `?` any character. Both sides are in lower case.
enum NamePattern {
    /// Linear but for one restart per `*`: the text's length times the pattern's at most.
    static func matches(_ name: String, _ pattern: String) -> Bool {
        let (text, pattern) = (Array(name.utf8), Array(pattern.utf8))
        var (at, next) = (0, 0)
        var star: (pattern: Int, text: Int)?
        while at < text.count {
            if next < pattern.count, pattern[next] == UInt8(ascii: "*") {
                star = (next, at)
                next += 1
            } else if next < pattern.count, pattern[next] == text[at] || pattern[next] == UInt8(ascii: "?") {
                next += 1
                at += 1
            } else if let last = star {
                star = (last.pattern, last.text + 1)
                next = last.pattern + 1
                at = last.text + 1
            } else {
                return false
            }
        }
        return pattern[next...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
