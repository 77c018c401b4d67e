// Requests that are on their way are of one kind, so that replies come in the order of the requests.

import ByteCoding
import Keyspace
import PeerProtocol
import RESP
import Sessions
import Testing
import Vocabulary

struct OrderTests {
    @Test func `commands on keys go into the batch`() throws {
        var client = Conversation()
        _ = client.ask("HELLO 3")
        #expect(client.ask("set k v EX 10") == "<submitted>")
        #expect(client.ask("Del a b") == "<submitted>")
        #expect(client.batch.items.map(\.token) == [1, 2])
        #expect(client.batch.items.map(\.kind) == [.write, .write])
        #expect(client.batch.items.map(\.version) == [.three, .three])
        let expected = [
            EntryCoding.encoded(.set, ["k", "v", "EX", "10"].map { Array($0.utf8) }),
            EntryCoding.encoded(.del, ["a", "b"].map { Array($0.utf8) }),
        ]
        #expect(client.batch.items.map { Array(client.batch.bytes[$0.range]) } == expected)
        #expect(client.session.outstanding == 2)
        #expect(client.session.requests == 3)
    }

    @Test func `a read waits for writes, and a write for reads`() {
        var client = Conversation()
        #expect(client.ask("SET a 1") == "<submitted>")
        #expect(client.ask("GET a") == "<stall>")
        client.complete()
        #expect(client.ask("GET a") == "<submitted>")
        #expect(client.ask("DBSIZE") == "<submitted>")
        #expect(client.ask("SET a 2") == "<stall>")
        client.complete()
        #expect(client.ask("SET a 2") == "<stall>")
        client.complete()
        #expect(client.ask("SET a 2") == "<submitted>")
        #expect(client.batch.items.map(\.kind) == [.write, .read, .read, .write])
    }

    @Test func `what is answered at once waits for what is on its way, and a stall changes nothing`() {
        let requests = [
            "PING", "FOO", "CLIENT ID", "RESET", "QUIT", "CLIENT LIST", "CLIENT REPLY OFF", "WAIT 1 0", "GET",
            "READONLY",
            "SET a", "HELLO 3", "AUTH wrong", "MULTI",
        ]
        for request in requests {
            var client = Conversation()
            _ = client.ask("SET a 1")
            #expect(client.ask(request) == "<stall>", "\(request)")
            #expect(client.batch.items.count == 1)
            #expect(client.session.outstanding == 1)
            #expect(client.session.requests == 1)
            #expect(client.session.version == .two)
            #expect(client.session.failedLogins == 0)
            client.complete()
            #expect(client.ask(request) != "<stall>", "\(request)")
        }
    }

    @Test func `wrong requests never reach the batch`() {
        var client = Conversation()
        #expect(client.ask("GET") == "-ERR wrong number of arguments for 'get' command·")
        #expect(client.ask("GET a b") == "-ERR wrong number of arguments for 'get' command·")
        #expect(client.ask("SET a") == "-ERR wrong number of arguments for 'set' command·")
        #expect(client.batch.isEmpty)
        #expect(client.session.outstanding == 0)
    }

    @Test func `after READONLY reads stay on the node and writes do not`() {
        var client = Conversation()
        _ = client.ask("READONLY")
        #expect(client.ask("GET a") == "<submitted>")
        #expect(client.ask("SET a 1") == "<stall>")
        client.complete()
        #expect(client.ask("SET a 1") == "<submitted>")
        client.complete()
        _ = client.ask("READWRITE")
        #expect(client.ask("GET a") == "<submitted>")
        #expect(client.batch.items.map(\.kind) == [.localRead, .write, .read])
    }

    @Test func `WAIT goes to the leader alone`() {
        var client = Conversation()
        #expect(client.ask("WAIT 2 300") == "<submitted>")
        #expect(client.ask("SET a 1") == "<stall>")
        client.complete()
        #expect(client.ask("WAIT -1 0") == "<submitted>")
        client.complete()
        #expect(client.ask("WAITAOF 1 2 0") == "<submitted>")
        #expect(client.batch.items.map(\.kind) == [.wait, .wait, .wait])
        #expect(client.batch.items.map { Array(client.batch.bytes[$0.range]) } == [[2, 0xAC, 2], [0, 0], [2, 0, 2]])
    }

    // MARK: CLIENT REPLY

    @Test func `CLIENT REPLY OFF silences until ON`() {
        var client = Conversation()
        #expect(client.ask("CLIENT REPLY OFF") == "")
        #expect(client.ask("PING") == "")
        #expect(client.ask("FOO") == "")
        #expect(client.ask("GET") == "")
        #expect(client.ask("SET a 1") == "<submitted>")
        #expect(client.session.isSilent)
        client.complete()
        #expect(client.ask("CLIENT REPLY SKIP") == "")
        #expect(client.ask("CLIENT LIST") == "")
        #expect(client.ask("CLIENT REPLY ON") == "+OK·")
        #expect(client.ask("PING") == "+PONG·")
        #expect(!client.session.isSilent)
    }

    @Test func `CLIENT REPLY SKIP silences the next request only`() {
        var client = Conversation()
        #expect(client.ask("CLIENT REPLY SKIP") == "")
        #expect(client.ask("PING") == "")
        #expect(client.ask("PING") == "+PONG·")
        _ = client.ask("CLIENT REPLY SKIP")
        #expect(client.ask("CLIENT LIST") == "")
        _ = client.ask("CLIENT REPLY SKIP")
        #expect(client.ask("CLIENT REPLY ON") == "+OK·")
        _ = client.ask("CLIENT REPLY SKIP")
        #expect(client.ask("SET a 1") == "<submitted>")
        #expect(client.session.isSilent)
        #expect(client.ask("SET a 2") == "<stall>")
        client.complete()
        #expect(!client.session.isSilent)
        #expect(client.ask("SET a 2") == "<submitted>")
        #expect(!client.session.isSilent)
        client.complete()
        _ = client.ask("CLIENT REPLY SKIP")
        #expect(client.ask("WAIT 0 0") == "<submitted>")
        #expect(client.session.isSilent)
    }

    // MARK: At random

    @Test func `replies come in the order of the requests, whatever they are`() {
        var generator = SplitMix64(seed: 4)
        let requests = [
            "SET a 1", "GET a", "PING", "FOO", "WAIT 1 0", "READONLY", "READWRITE", "INCR a", "GET", "TTL a",
        ]
        for _ in 0..<200 {
            var client = Conversation()
            var onTheirWay: [Int] = []
            var answered: [Int] = []
            var next = 0
            while next < 60 {
                let request = requests.randomElement(using: &generator) ?? "PING"
                let outcome = client.ask(request)
                if outcome == "<stall>" {
                    #expect(!onTheirWay.isEmpty)
                } else if outcome == "<submitted>" {
                    onTheirWay.append(next)
                    next += 1
                } else {
                    #expect(onTheirWay.isEmpty)
                    answered.append(next)
                    next += 1
                }
                while !onTheirWay.isEmpty, Bool.random(using: &generator) {
                    answered.append(onTheirWay.removeFirst())
                    client.complete()
                }
                #expect(client.session.outstanding == onTheirWay.count)
            }
            #expect(answered == answered.sorted())
        }
    }
}
