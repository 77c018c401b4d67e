// MULTI, EXEC, WATCH, ONCE and IFVERSION, against a keyspace.

import ByteCoding
import Keyspace
import RESP
import Testing
import Vocabulary

@testable import Sessions

/// A client whose requests are carried out when they are submitted.
private struct Client {
    var conversation = Conversation()

    mutating func ask(_ line: String, _ keyspace: inout Keyspace) -> String {
        let outcome = conversation.ask(line)
        guard outcome == "<submitted>", let item = conversation.batch.items.last else { return outcome }
        let entry = Array(conversation.batch.bytes[item.range])
        var reply = ReplyWriter(version: item.version)
        let time = Timestamp(microseconds: 1_000_000_000)
        if item.kind == .write {
            keyspace.apply(entry.rawBytes, at: time, index: keyspace.lastAppliedIndex.next, reply: &reply)
        } else {
            keyspace.read(entry.rawBytes, clock: time, reply: &reply)
        }
        return conversation.complete(String(decoding: reply.bytes, as: UTF8.self))
    }
}

@Suite struct TransactionTests {
    private let cluster = ClusterID(high: 1, low: 2)

    private func talk(_ lines: [(String, String)], comment: String = "") {
        var keyspace = Keyspace(of: cluster)
        var client = Client()
        for (line, expected) in lines {
            let told = client.ask(line, &keyspace)
            #expect(told == expected, "\(line) \(comment)")
        }
    }

    @Test func `commands are queued and carried out as one`() {
        talk([
            ("MULTI", "+OK·"), ("SET a 1", "+QUEUED·"), ("INCR a", "+QUEUED·"), ("PING", "+QUEUED·"),
            ("GET a", "+QUEUED·"), ("EXEC", "*4·+OK·:2·+PONG·$1·2·"), ("GET a", "$1·2·"),
            ("VERSION a", "*1·:1·"),
        ])
    }

    @Test func `an empty transaction is answered at once`() {
        talk([("MULTI", "+OK·"), ("EXEC", "*0·"), ("MULTI", "+OK·"), ("DISCARD", "+OK·"), ("GET a", "$-1·")])
    }

    @Test func `what is discarded is not carried out`() {
        talk([
            ("MULTI", "+OK·"), ("SET a 1", "+QUEUED·"), ("DISCARD", "+OK·"), ("GET a", "$-1·"),
            ("DISCARD", "-ERR DISCARD without MULTI·"), ("EXEC", "-ERR EXEC without MULTI·"),
        ])
    }

    @Test(arguments: [
        ("SET a", "-ERR wrong number of arguments for 'set' command·"),
        ("ECHO", "-ERR wrong number of arguments for 'echo' command·"),
        ("OBJECT FREQ a b", "-ERR wrong number of arguments for 'object|freq' command·"),
        ("OBJECT SIZE a", "-ERR unknown subcommand 'SIZE'. Try OBJECT HELP.·"),
        ("WAIT 1 1", "-ERR wait is not allowed between MULTI and EXEC·"),
        ("PUBLISH c", "-ERR wrong number of arguments for 'publish' command·"),
        ("SUBSCRIBE c", "-ERR subscribe is not allowed between MULTI and EXEC·"),
        ("CONFIG SET notify-keyspace-events KEA", "-ERR config is not allowed between MULTI and EXEC·"),
    ])
    func `a command that cannot be queued breaks the transaction`(line: String, refusal: String) {
        talk([
            ("MULTI", "+OK·"), ("SET a 1", "+QUEUED·"), (line, refusal), ("SET b 1", "+QUEUED·"),
            ("EXEC", "-EXECABORT Transaction discarded because of previous errors.·"), ("GET a", "$-1·"),
        ])
    }

    @Test func `messages of a transaction are there to be sent if it was carried out, and only then`() {
        var keyspace = Keyspace(of: cluster)
        var client = Client()
        for line in ["MULTI", "SET a 1", "PUBLISH c one", "MGET a b", "SPUBLISH s two"] {
            _ = client.ask(line, &keyspace)
        }
        #expect(client.ask("EXEC", &keyspace) == "*4·+OK·:0·*2·$1·1·$-1·:0·")
        let reply = Array("*4\r\n+OK\r\n:0\r\n*2\r\n$1\r\n1\r\n$-1\r\n:0\r\n".utf8)
        let messages = client.conversation.session.takeQueuedMessages(reply)
        #expect(messages.map { String(decoding: $0.channel + $0.message, as: UTF8.self) } == ["cone", "stwo"])
        #expect(messages.map(\.isSharded) == [false, true])
        let filled = Session.fill(reply, messages, receivers: [7, 12])
        #expect(
            String(decoding: filled, as: UTF8.self)
                == "*4\r\n+OK\r\n:7\r\n*2\r\n$1\r\n1\r\n$-1\r\n:12\r\n")
        #expect(client.conversation.session.takeQueuedMessages(reply).isEmpty)
        for refusal in ["*-1\r\n", "_\r\n", "-UNKNOWNRESULT the outcome is not known\r\n"] {
            for line in ["MULTI", "PUBLISH c one", "EXEC"] { _ = client.ask(line, &keyspace) }
            #expect(client.conversation.session.takeQueuedMessages(Array(refusal.utf8)).isEmpty, "\(refusal)")
        }
    }

    @Test func `while memory is full what may grow breaks the transaction that it is queued for`() {
        var keyspace = Keyspace(of: cluster)
        var client = Client()
        client.conversation.environment.isMemoryFull = true
        #expect(client.ask("MULTI", &keyspace) == "+OK·")
        #expect(client.ask("GET a", &keyspace) == "+QUEUED·")
        #expect(
            client.ask("SET a 1", &keyspace) == "-OOM command not allowed when used memory > 'maxmemory'.·")
        #expect(client.ask("DEL a", &keyspace) == "+QUEUED·")
        #expect(client.ask("EXEC", &keyspace).hasPrefix("-EXECABORT"))
    }

    @Test func `errors that show when commands are carried out are among the replies`() {
        talk([
            ("SET a text", "+OK·"), ("MULTI", "+OK·"), ("INCR a", "+QUEUED·"), ("SET b 1 EX x", "+QUEUED·"),
            ("SET c 1", "+QUEUED·"),
            (
                "EXEC",
                "*3·-ERR value is not an integer or out of range·-ERR value is not an integer or out of range·+OK·"
            ),
        ])
    }

    @Test func `nesting is refused and breaks nothing`() {
        talk([
            ("MULTI", "+OK·"), ("MULTI", "-ERR MULTI calls can not be nested·"),
            ("WATCH a", "-ERR WATCH inside MULTI is not allowed·"), ("SET a 1", "+QUEUED·"), ("EXEC", "*1·+OK·"),
        ])
    }

    @Test func `an EXEC with a word too many ends the transaction`() {
        let refusal = "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command·"
        talk([
            ("MULTI", "+OK·"), ("SET a 1", "+QUEUED·"), ("EXEC now", refusal), ("GET a", "$-1·"),
            ("EXEC", "-ERR EXEC without MULTI·"), ("EXEC now", refusal),
        ])
    }

    @Test func `an UNWATCH that is queued comes too late`() {
        var keyspace = Keyspace(of: cluster)
        var (one, other) = (Client(), Client())
        for isTouched in [true, false] {
            #expect(one.ask("WATCH a", &keyspace) == "+OK·")
            if isTouched { #expect(other.ask("SET a 2", &keyspace) == "+OK·") }
            _ = one.ask("MULTI", &keyspace)
            #expect(one.ask("UNWATCH", &keyspace) == "+QUEUED·")
            #expect(one.ask("EXEC", &keyspace) == (isTouched ? "*-1·" : "*1·+OK·"))
        }
    }

    @Test func `a watched key that another client writes stops the transaction, and only one`() {
        var keyspace = Keyspace(of: cluster)
        var (one, other) = (Client(), Client())
        for isTouched in [true, false] {
            #expect(one.ask("WATCH a b", &keyspace) == "+OK·")
            if isTouched { #expect(other.ask("SET a 2", &keyspace) == "+OK·") }
            _ = one.ask("MULTI", &keyspace)
            _ = one.ask("SET c 1", &keyspace)
            #expect(one.ask("EXEC", &keyspace) == (isTouched ? "*-1·" : "*1·+OK·"))
        }
        #expect(one.ask("WATCH a", &keyspace) == "+OK·")
        #expect(other.ask("SET a 3", &keyspace) == "+OK·")
        #expect(one.ask("UNWATCH", &keyspace) == "+OK·")
        _ = one.ask("MULTI", &keyspace)
        _ = one.ask("SET c 2", &keyspace)
        #expect(one.ask("EXEC", &keyspace) == "*1·+OK·")
    }

    @Test func `a key watched twice depends on what it was first`() {
        var keyspace = Keyspace(of: cluster)
        var (one, other) = (Client(), Client())
        _ = one.ask("WATCH a", &keyspace)
        _ = other.ask("SET a 1", &keyspace)
        _ = one.ask("WATCH a", &keyspace)
        _ = one.ask("MULTI", &keyspace)
        #expect(one.ask("EXEC", &keyspace) == "*-1·")
    }

    @Test func `as many keys as a client may watch are watched at once, and no more`() {
        var client = Conversation()
        let keys = (0..<Session.watchedKeysMax).map { "k\($0)" }.joined(separator: " ")
        #expect(client.ask("WATCH \(keys)") == "<submitted>")
        let versions = String(repeating: ":7\r\n", count: Session.watchedKeysMax)
        #expect(client.complete("*\(Session.watchedKeysMax)\r\n\(versions)") == "+OK·")
        #expect(client.session.watched.list.count == Session.watchedKeysMax)
        #expect(client.ask("WATCH another") == "-ERR a client watches 65536 keys at most·")
    }

    @Test func `a watch that could not be answered says so and watches nothing`() {
        var client = Conversation()
        #expect(client.ask("WATCH a") == "<submitted>")
        let refusal = "-CLUSTERDOWN no leader could be reached in time; the request had no effect"
        #expect(client.complete(refusal + "\r\n") == refusal + "·")
        #expect(client.session.watched.list.isEmpty)
        #expect(client.ask("WATCH a") == "<submitted>")
        #expect(client.complete("*1\r\n:7\r\n") == "+OK·")
        #expect(client.session.watched.list.map(\.version) == [7])
    }

    @Test func `RESET forgets a transaction`() {
        talk([
            ("MULTI", "+OK·"), ("SET a 1", "+QUEUED·"), ("RESET", "+RESET·"),
            ("EXEC", "-NOAUTH Authentication required.·"),
        ])
    }

    @Test func `a command under a version is carried out once the version is right`() {
        talk([
            ("IFVERSION a 0 SET a 1", "+OK·"), ("IFVERSION a 0 SET a 2", "$-1·"), ("VERSION a", "*1·:1·"),
            ("IFVERSION a 1 APPEND a x", ":2·"), ("IFVERSION a 1 DEL a", "$-1·"), ("GET a", "$2·1x·"),
            ("IFVERSION a x SET a 1", "-ERR value is not an integer or out of range·"),
            ("IFVERSION a 1", "-ERR wrong number of arguments for 'ifversion' command·"),
            ("IFVERSION a 1 SET a", "-ERR wrong number of arguments for 'set' command·"),
            ("IFVERSION a 1 PING", "-ERR 'PING' can not stand behind ONCE or IFVERSION: it is no command on keys·"),
        ])
    }

    @Test func `a request that is repeated has its first outcome`() {
        talk([
            ("ONCE me 1 INCR a", ":1·"), ("ONCE me 1 INCR a", ":1·"), ("ONCE me 2 INCR a", ":2·"),
            ("ONCE me 3 IFVERSION a 3 SET a x", "+OK·"), ("ONCE me 3 IFVERSION a 3 SET a x", "+OK·"),
            ("IFVERSION a 4 ONCE you 1 GET a", "$1·x·"),
            ("ONCE me 1 INCR a", "-ERR request 1 is older than request 3, whose outcome is kept·"),
            ("ONCE me 4 ONCE me 5 GET a", "-ERR ONCE takes the name of a client, and stands only once in a request·"),
        ])
    }
}
