// COMMAND GETKEYS and GETKEYSANDFLAGS: which words of a request are keys, for clients that route by them.

import RESP

extension CommandAnswers {
    /// A key's place among the request's words, and what happens to it.
    private struct Found {
        var position: Int
        var flags: [String]
    }

    private enum Failure: Error {
        case unknown, count, none, arguments
    }

    static func keys(_ request: borrowing Request, withFlags: Bool, _ reply: inout ReplyWriter) {
        do throws(Failure) {
            let found = try keys(in: request, from: 2)
            reply.arrayHeader(found.count)
            for key in found {
                guard withFlags else {
                    reply.bulk(request[key.position])
                    continue
                }
                reply.arrayHeader(2)
                reply.bulk(request[key.position])
                reply.setHeader(key.flags.count)
                for flag in key.flags { reply.simple(text: flag) }
            }
        } catch {
            switch error {
            case .unknown: reply.error("ERR Invalid command specified")
            case .count: reply.error("ERR Invalid number of arguments specified for command")
            case .none: reply.error("ERR The command has no key arguments")
            case .arguments: reply.error("ERR Invalid arguments specified for command")
            }
        }
    }

    /// The keys of the request whose command's name stands at `start`: of a wrapper its own, and those of what it
    /// carries out.
    private static func keys(in request: borrowing Request, from start: Int) throws(Failure) -> [Found] {
        var start = start
        var found: [Found] = []
        while let wrapper = LocalCommand(rawValue: request.name(start)), wrapper == .once || wrapper == .ifversion {
            guard request.count > start + 3 else { throw .count }
            if wrapper == .ifversion { found.append(Found(position: start + 1, flags: ["RO"])) }
            start += 3
        }
        guard let command = CommandDescription.said(by: request, from: start) else { throw .unknown }
        let rules = command.notes.keys.filter(\.isOfKeys)
        guard !rules.isEmpty || !found.isEmpty else { throw .none }
        guard command.accepts(argumentCount: request.count - start) else { throw .count }
        for rule in rules {
            guard let positions = rule.positions(in: request, from: start) else { throw .arguments }
            let flags = rule.flags(in: request, from: start)
            found += positions.map { Found(position: $0, flags: flags) }
        }
        return found
    }
}
