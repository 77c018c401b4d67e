// Held against redis-server's own table of commands: what there is is described as Redis describes it, what there is
// not is refused by name, and nothing is forgotten. `Tests/SessionsTests/redis-commands` records the table.

import ByteCoding
import Foundation
import Keyspace
import RESP
import Testing

@testable import Sessions

struct RedisCommandTests {
    struct Facts: Decodable, Sendable {
        var arity: Int
        var flags: [String]
        var keys: [Int]
        var categories: [String]
        var places: String
        var since: String
        var group: String
        var arguments: String
    }

    struct Answer: Decodable, Sendable {
        /// Keys, or an error's text.
        var keys: Either<[String]>
        var flags: Either<[KeyAndFlags]>
    }

    enum Either<Value: Decodable & Sendable>: Decodable, Sendable {
        case value(Value), error(String)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let value = try? container.decode(Value.self) {
                self = .value(value)
            } else {
                self = .error(try container.decode(String.self))
            }
        }
    }

    struct KeyAndFlags: Decodable, Sendable {
        var key: String
        var flags: [String]

        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            key = try container.decode(String.self)
            flags = try container.decode([String].self)
        }
    }

    private struct Recording: Decodable, Sendable {
        var commands: [String: Facts]
        var requests: [String: Answer]
    }

    private static let recording: Recording = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "redis-commands.json")
        return try! JSONDecoder().decode(Recording.self, from: Data(contentsOf: file))
    }()

    // MARK: What differs on purpose

    /// Flags that say something of what is not here.
    private static let flagsLeftOut: [String: String] = [
        "noscript": "there are no scripts", "allow_busy": "there are no scripts that keep a server busy",
        "skip_monitor": "there is no MONITOR", "skip_slowlog": "there is no slow log",
        "no_mandatory_keys": "it is about scripts and streams", "no_multi": "what MULTI refuses, it says when asked",
        "no_async_loading": "a node never serves an old state while it loads", "asking": "no slot moves",
        "loading": "a session answers at any time", "stale": "a session answers at any time",
    ]

    /// `name: field` with the reason; a row that does not apply any more is a failure.
    private static let differences: [String: String] = [
        "ping: flags": "may be said before login",
        "object: flags": "its subcommands are one command here, which reads",
        "object: categories": "its subcommands are one command here, which reads",
        "reset: flags": "may not be said before login",
        "client|kill: arguments": "LADDR and the types of replication are not there, and USER is taken",
        "client|list: arguments": "the types of replication are not there",
    ]

    /// Ours compared with Redis's, field by field; empty when they agree.
    private func differences(_ ours: CommandDescription, _ redis: Facts) -> [(field: String, text: String)] {
        func pair(_ field: String, _ mine: String, _ theirs: String) -> (field: String, text: String)? {
            mine == theirs ? nil : (field, "\(ours.name): \(field) is \(mine), of Redis \(theirs)")
        }
        let mine = ours.flags.filter { Self.flagsLeftOut[$0] == nil }.sorted().joined(separator: " ")
        let flags = redis.flags.filter { Self.flagsLeftOut[$0] == nil }.sorted().joined(separator: " ")
        return [
            pair("arity", "\(ours.arity)", "\(redis.arity)"),
            pair("flags", mine, flags),
            pair("keys", "\([ours.firstKey, ours.lastKey, ours.keyStep])", "\(redis.keys)"),
            pair("categories", "\(ours.categories.sorted())", "\(redis.categories)"),
            pair("places", ours.notes.keys.map(\.text).joined(separator: " "), redis.places),
            pair("since", ours.since, redis.since), pair("group", ours.group, redis.group),
            pair("arguments", ours.notes.notation, redis.arguments),
        ].compactMap(\.self)
    }

    @Test func `commands are described as redis-server describes them`() {
        var used: Set<String> = []
        for ours in CommandDescription.withSubcommands {
            guard let redis = Self.recording.commands[ours.name] else { continue }
            for difference in differences(ours, redis) {
                let key = "\(ours.name): \(difference.field)"
                if Self.differences[key] == nil { Issue.record("\(difference.text)") }
                used.insert(key)
            }
        }
        #expect(Self.differences.keys.filter { !used.contains($0) }.sorted() == [], "no difference any more")
    }

    @Test func `every command of Redis 7 is there or refused by name with a reason`() {
        var client = Conversation()
        for name in Self.recording.commands.keys.sorted() {
            let isThere = CommandDescription.named(name) != nil
            let words = name.split(separator: "|").map(String.init)
            // A subcommand of what is refused as a whole is refused with it.
            let why = UnsupportedCommand.reason(name) ?? UnsupportedCommand.reason(words[0])
            #expect(isThere == (why == nil), "\(name)")
            guard let why else { continue }
            let refused = UnsupportedCommand.reason(name) == nil ? words[0] : name
            #expect(
                client.ask(words.joined(separator: " "))
                    == "-ERR command '\(refused)' is not supported: \(why.rawValue); "
                    + "docs/COMPATIBILITY.md lists what is·")
        }
    }

    @Test func `nothing is refused that Redis does not have`() {
        for name in UnsupportedCommand.names { #expect(Self.recording.commands[name] != nil, "\(name)") }
        let reasons = Set(UnsupportedCommand.names.compactMap { UnsupportedCommand.reason($0) })
        #expect(Set(WhyUnsupported.allCases) == reasons)
    }

    @Test func `every command has notes and every note has a command`() {
        let names = Set(CommandDescription.withSubcommands.map(\.name))
        for name in CommandNotes.all.keys { #expect(names.contains(name), "notes on \(name), which there is not") }
        for command in CommandDescription.all {
            #expect(CommandNotes.all[command.name] != nil, "add \(command.name) to CommandNotes+Data or +Session")
            #expect(command.subcommands.isEmpty == (CommandNotes.subcommandsOf(command.name) == 0), "\(command.name)")
            #expect(!command.notes.complexity.isEmpty || !command.subcommands.isEmpty, "\(command.name)")
        }
    }

    @Test func `the keys of a request are those that Redis finds`() throws {
        for (request, answer) in Self.recording.requests.sorted(by: { $0.key < $1.key }) {
            let words = request.split(separator: " ").map(String.init)
            let names = try reply(["COMMAND", "GETKEYS"] + words)
            let flags = try reply(["COMMAND", "GETKEYSANDFLAGS"] + words)
            switch answer.keys {
            case .value(let keys): #expect(names == .array(keys.map { .bulk(Array($0.utf8)) }), "\(request)")
            case .error(let text): #expect(names == .error(message(text)), "\(request)")
            }
            switch answer.flags {
            case .value(let keys):
                let expected = keys.map { key in
                    Reply.array([
                        .bulk(Array(key.key.utf8)), .set(key.flags.map { .simple($0) }),
                    ])
                }
                #expect(flags == .array(expected), "\(request)")
            case .error(let text): #expect(flags == .error(message(text)), "\(request)")
            }
        }
    }

    @Test(arguments: [
        ("IFVERSION a 3 SET b x", ["a", "b"]), ("ONCE me 1 LMPOP 2 a b LEFT", ["a", "b"]),
        ("ONCE me 1 IFVERSION a 3 ZUNIONSTORE d 1 b", ["a", "d", "b"]), ("IFVERSION a 3 PING", ["a"]),
        ("ONCE me 1 DEL a b c", ["a", "b", "c"]), ("VERSION a b", ["a", "b"]),
    ])
    func `the keys of a guarded command are found behind its guards`(request: String, keys: [String]) throws {
        let words = request.split(separator: " ").map(String.init)
        #expect(try reply(["COMMAND", "GETKEYS"] + words) == .array(keys.map { .bulk(Array($0.utf8)) }))
    }

    /// The text of an error as the recording shows it: `error:"ERR …"`.
    private func message(_ text: String) -> String {
        String(text.dropFirst("error:\"".count).dropLast())
    }

    private func reply(_ words: [String]) throws -> Reply {
        var client = Conversation()
        _ = client.ask("HELLO 3")
        let (_, bytes) = client.offer(words)
        return try ReplyDecoder.value(of: bytes.rawBytes)
    }
}
