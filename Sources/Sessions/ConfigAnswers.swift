// CONFIG GET: the settings that clients and tools of Redis ask for, as they are here. Nothing can be set this way.

import RESP

enum ConfigAnswers {
    static func answer(
        _ request: borrowing Request, _ facts: NodeFacts, usesTLS: Bool, _ reply: inout ReplyWriter
    ) {
        switch request.name(1) {
        case "get" where request.count < 3: Session.refuseArity("config|get", &reply)
        case "get": get(request, settings(facts, usesTLS), &reply)
        case "help": Session.writeHelp("CONFIG", ["GET <pattern>", "    Return settings matching <pattern>."], &reply)
        case "set", "resetstat", "rewrite":
            reply.error(text: "ERR CONFIG \(request.name(1)) is not supported; settings are in the node's file")
        default: Session.refuseSubcommand("CONFIG", request, &reply)
        }
    }

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
            ("maxclients", "\(facts.clientsMax)"), ("maxmemory", "0"), ("maxmemory-policy", "noeviction"),
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
