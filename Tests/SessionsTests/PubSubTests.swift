// Subscribing and publishing as a client says it; what Redis 7.0.15 answers was recorded there.

import ByteCoding
import Keyspace
import RESP
import Testing

@testable import Sessions

@Suite struct PubSubTests {
    private func check(_ recorded: [(String, String)], _ client: inout Conversation) {
        for (line, reply) in recorded { #expect(client.ask(line) == reply, "\(line)") }
    }

    @Test func `subscriptions are confirmed one by one, with how many there are then`() {
        var client = Conversation()
        check(
            [
                ("SUBSCRIBE a", "*3·$9·subscribe·$1·a·:1·"),
                (
                    "SUBSCRIBE a a b",
                    "*3·$9·subscribe·$1·a·:1·*3·$9·subscribe·$1·a·:1·*3·$9·subscribe·$1·b·:2·"
                ),
                ("PSUBSCRIBE p*", "*3·$10·psubscribe·$2·p*·:3·"),
                ("SSUBSCRIBE s1 s2", "*3·$10·ssubscribe·$2·s1·:1·*3·$10·ssubscribe·$2·s2·:2·"),
                ("UNSUBSCRIBE", "*3·$11·unsubscribe·$1·a·:2·*3·$11·unsubscribe·$1·b·:1·"),
                ("UNSUBSCRIBE", "*3·$11·unsubscribe·$-1·:1·"), ("UNSUBSCRIBE x", "*3·$11·unsubscribe·$1·x·:1·"),
                ("PUNSUBSCRIBE p*", "*3·$12·punsubscribe·$2·p*·:0·"), ("PUNSUBSCRIBE", "*3·$12·punsubscribe·$-1·:0·"),
                ("SUNSUBSCRIBE s1", "*3·$12·sunsubscribe·$2·s1·:1·"),
                ("SUNSUBSCRIBE", "*3·$12·sunsubscribe·$2·s2·:0·"), ("SUNSUBSCRIBE z", "*3·$12·sunsubscribe·$1·z·:0·"),
                ("ECHO free", "$4·free·"),
            ], &client)
        #expect(client.registry.isEmpty)
    }

    @Test func `in version 2 a subscriber may say little else`() {
        var client = Conversation()
        let only = "only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context·"
        check(
            [
                ("SUBSCRIBE a", "*3·$9·subscribe·$1·a·:1·"), ("GET x", "-ERR Can't execute 'get': \(only)"),
                ("GET", "-ERR wrong number of arguments for 'get' command·"),
                ("SET k v", "-ERR Can't execute 'set': \(only)"),
                ("CLIENT LIST", "-ERR Can't execute 'client|list': \(only)"),
                ("PUBLISH a b", "-ERR Can't execute 'publish': \(only)"),
                ("HELLO 3", "-ERR Can't execute 'hello': \(only)"),
                ("NOPE", "-ERR unknown command 'NOPE', with args beginning with: ·"),
                ("PING", "*2·$4·pong·$0··"), ("PING x", "*2·$4·pong·$1·x·"),
                ("PING x y", "-ERR wrong number of arguments for 'ping' command·"),
                ("SUBSCRIBE", "-ERR wrong number of arguments for 'subscribe' command·"),
                ("UNSUBSCRIBE", "*3·$11·unsubscribe·$1·a·:0·"), ("PING", "+PONG·"), ("GET x", "<submitted>"),
            ], &client)
        var other = Conversation()
        for line in ["PSUBSCRIBE *", "SSUBSCRIBE s"] {
            _ = other.ask(line)
            #expect(other.ask("GET x").hasPrefix("-ERR Can't execute 'get'"), "\(line)")
            #expect(other.ask("RESET") == "+RESET·")
            #expect(other.ask("AUTH secret") == "+OK·")
        }
        _ = other.ask("SUBSCRIBE a")
        #expect(other.ask("QUIT") == "+OK·<close>")
    }

    @Test func `in version 3 confirmations are pushes, and every command may be said`() {
        var client = Conversation()
        _ = client.ask("HELLO 3")
        check(
            [
                ("SUBSCRIBE a", ">3·$9·subscribe·$1·a·:1·"), ("PING", "+PONG·"), ("ECHO x", "$1·x·"),
                ("UNSUBSCRIBE", ">3·$11·unsubscribe·$1·a·:0·"), ("UNSUBSCRIBE", ">3·$11·unsubscribe·_·:0·"),
                ("PSUBSCRIBE *", ">3·$10·psubscribe·$1·*·:1·"), ("GET x", "<submitted>"),
            ], &client)
    }

    @Test func `subscribing waits for the replies before it`() {
        var client = Conversation()
        #expect(client.ask("GET x") == "<submitted>")
        #expect(client.ask("SUBSCRIBE a") == "<stall>")
        #expect(client.registry.isEmpty)
        client.complete()
        #expect(client.ask("SUBSCRIBE a") == "*3·$9·subscribe·$1·a·:1·")
    }

    @Test func `before the login nobody subscribes or publishes`() {
        var client = Conversation(isLoggedIn: false)
        for line in ["SUBSCRIBE a", "PSUBSCRIBE *", "SSUBSCRIBE s", "PUBLISH a b", "SPUBLISH a b", "PUBSUB CHANNELS"] {
            #expect(client.ask(line) == "-NOAUTH Authentication required.·", "\(line)")
        }
        #expect(client.registry.isEmpty)
    }

    @Test func `a reset ends all subscriptions`() {
        var client = Conversation(token: nil)
        for line in ["SUBSCRIBE a b", "PSUBSCRIBE *", "SSUBSCRIBE s"] { _ = client.ask(line) }
        #expect(client.ask("RESET") == "+RESET·")
        #expect(client.registry.isEmpty)
        #expect(client.session.subscriptions.total == 0)
        #expect(client.ask("PING") == "+PONG·")
    }

    @Test func `what tells of subscriptions is sent although replies are off`() {
        var client = Conversation(token: nil)
        _ = client.ask("HELLO 3")
        check(
            [
                ("CLIENT REPLY OFF", ""), ("SUBSCRIBE zz", ">3·$9·subscribe·$2·zz·:1·"), ("PUBSUB NUMPAT", ""),
                ("PUBSUB CHANNELS", ""), ("PUBSUB NUMSUB zz", ""), ("PING", ""),
                ("UNSUBSCRIBE", ">3·$11·unsubscribe·$2·zz·:0·"), ("RESET", "+RESET·"), ("PING", "+PONG·"),
            ], &client)
    }

    @Test func `publishing is the node's, with the words in their places`() throws {
        var client = Conversation()
        for (line, isSharded) in [("PUBLISH c m", false), ("SPUBLISH c m", true)] {
            let (disposition, bytes) = client.offer(line.split(separator: " ").map(String.init))
            guard case .pubsub(let order) = disposition, case .publish(isSharded) = order.verb else {
                Issue.record("\(line): \(disposition)")
                continue
            }
            #expect(bytes.isEmpty && !order.isMuted)
        }
        #expect(client.ask("PUBLISH a") == "-ERR wrong number of arguments for 'publish' command·")
        _ = client.ask("CLIENT REPLY SKIP")
        guard case .pubsub(let order) = client.offer(["PUBLISH", "c", "m"]).0 else { return #expect(Bool(false)) }
        #expect(order.isMuted)
    }

    @Test func `PUBSUB tells who listens`() {
        var client = Conversation()
        _ = client.ask("HELLO 3")
        _ = client.ask("SUBSCRIBE news sport")
        _ = client.ask("SSUBSCRIBE shard")
        _ = client.ask("PSUBSCRIBE n* *")
        check(
            [
                ("PUBSUB CHANNELS", "*2·$4·news·$5·sport·"), ("PUBSUB CHANNELS n*", "*1·$4·news·"),
                ("PUBSUB SHARDCHANNELS", "*1·$5·shard·"), ("PUBSUB SHARDCHANNELS x*", "*0·"),
                ("PUBSUB NUMSUB", "*0·"), ("PUBSUB NUMSUB news q shard", "*6·$4·news·:1·$1·q·:0·$5·shard·:0·"),
                ("PUBSUB SHARDNUMSUB shard news", "*4·$5·shard·:1·$4·news·:0·"), ("PUBSUB NUMPAT", ":2·"),
                ("PUBSUB FOO", "-ERR unknown subcommand 'FOO'. Try PUBSUB HELP.·"),
                (
                    "PUBSUB CHANNELS a b",
                    "-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.·"
                ),
                ("PUBSUB NUMPAT x", "-ERR wrong number of arguments for 'pubsub|numpat' command·"),
                ("PUBSUB HELP x", "-ERR wrong number of arguments for 'pubsub|help' command·"),
                ("PUBSUB", "-ERR wrong number of arguments for 'pubsub' command·"),
            ], &client)
        #expect(client.ask("PUBSUB HELP").hasPrefix("*14·+PUBSUB <subcommand>"))
    }

    @Test func `CLIENT LIST tells of subscriptions, and finds subscribers`() {
        var client = Conversation()
        _ = client.ask("HELLO 3")
        _ = client.ask("SUBSCRIBE a b")
        _ = client.ask("PSUBSCRIBE *")
        _ = client.ask("SSUBSCRIBE s")
        #expect(client.ask("CLIENT LIST").contains(" flags=P db=0 sub=2 psub=1 ssub=1 multi=-1 "))
        #expect(client.ask("CLIENT LIST TYPE pubsub").contains("id=5"))
        #expect(!client.ask("CLIENT LIST TYPE normal").contains("id=5"))
        _ = client.ask("READONLY")
        #expect(client.ask("CLIENT INFO").contains(" flags=Pr "))
        for line in ["UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"] { _ = client.ask(line) }
        #expect(client.ask("CLIENT LIST TYPE normal").contains("flags=r db=0 sub=0 psub=0 ssub=0"))
        #expect(!client.ask("CLIENT LIST TYPE pubsub").contains("id=5"))
    }

    @Test func `too many subscriptions are refused, all of the request`() {
        var client = Conversation()
        let name = String(repeating: "x", count: 1 << 20)
        let room = Subscriptions.nameBytesPerClientMax >> 20
        for number in 0..<room - 1 { _ = client.ask("SUBSCRIBE \(number % 10)\(number / 10)" + name.dropFirst(2)) }
        #expect(client.session.subscriptions.channels == room - 1)
        let refusal = "-ERR a connection can have 100000 subscriptions, with names of 16777216 bytes together·"
        #expect(client.ask("SUBSCRIBE one two \(name)") == refusal)
        #expect(client.session.subscriptions.channels == room - 1)
        #expect(client.ask("SUBSCRIBE one").hasSuffix(":\(room)·"))
    }

    @Test func `COMMAND tells of them as Redis does`() {
        var client = Conversation()
        check(
            [
                (
                    "COMMAND INFO subscribe",
                    "*1·*10·$9·subscribe·:-2·*3·+pubsub·+loading·+stale·:0·:0·:0·*2·+@pubsub·+@slow·*0·*0·*0·"
                ),
                (
                    "COMMAND INFO spublish",
                    "*1·*10·$8·spublish·:3·*4·+pubsub·+loading·+stale·+fast·:1·:1·:1·*2·+@pubsub·+@fast·*0·"
                        + "*1·*6·$5·flags·*1·+not_key·$12·begin_search·*4·$4·type·$5·index·$4·spec·*2·$5·index·:1·"
                        + "$9·find_keys·*4·$4·type·$5·range·$4·spec·*6·$7·lastkey·:0·$7·keystep·:1·$5·limit·:0·*0·"
                ),
            ], &client)
    }

    // MARK: Events of keys

    @Test func `CONFIG SET changes which events are reported, and nothing else`() {
        var client = Conversation()
        let refused = "-ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - "
        check(
            [
                ("CONFIG SET notify-keyspace-events mKEA", "+OK·<report AKEm>"),
                ("CONFIG SET NOTIFY-keyspace-events Kg$x", "+OK·<report g$xK>"),
                (
                    "CONFIG SET notify-keyspace-events KEQ",
                    refused + "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.·"
                ),
                ("CONFIG SET notify-keyspace-events K notify-keyspace-events E", refused + "duplicate parameter·"),
                ("CONFIG SET notify-keyspace-events K maxmemory", "-ERR syntax error·"),
                ("CONFIG SET foo", "-ERR wrong number of arguments for 'config|set' command·"),
                ("CONFIG SET foo bar", "-ERR Unknown option or number of arguments for CONFIG SET - 'foo'·"),
                (
                    "CONFIG SET notify-keyspace-events K maxclients 5",
                    refused.replacing("notify-keyspace-events", with: "maxclients") + "it is set in the node's file·"
                ),
            ], &client)
        client.environment.facts.keyEvents = [.keyspace, .generic]
        #expect(client.ask("CONFIG GET notify*") == "*2·$22·notify-keyspace-events·$2·gK·")
    }

    @Test func `INFO tells how many channels and patterns have subscribers`() {
        var client = Conversation()
        client.environment.facts.activity.channels = 3
        client.environment.facts.activity.patterns = 2
        client.environment.facts.activity.shardChannels = 1
        let stats = client.ask("INFO stats")
        for line in ["pubsub_channels:3·", "pubsub_patterns:2·", "pubsubshard_channels:1·"] {
            #expect(stats.contains(line))
        }
    }
}
