// What discovering clients are told: the leader by its announced name, and nothing that is not known.

import ByteCoding
import RESP
import Sessions
import Testing
import Vocabulary

struct DiscoveryTests {
    private func reply(_ line: String, _ facts: NodeFacts = Conversation.facts(), version: Int = 3) throws -> Reply {
        var client = Conversation(facts: facts)
        _ = client.ask("HELLO \(version)")
        let (_, bytes) = client.offer(line.split(separator: " ").map(String.init))
        return try ReplyDecoder.value(of: bytes.rawBytes)
    }

    private func texts(_ reply: Reply) -> [String: String] {
        guard case .map(let pairs) = reply else { return [:] }
        var found: [String: String] = [:]
        for pair in pairs { found[pair.key.text ?? ""] = pair.value.text ?? "\(pair.value)" }
        return found
    }

    private static let n1 = "6e310000000000000000000000000000" + "00000000"

    @Test func `ROLE tells leader and follower apart`() throws {
        #expect(
            try reply("ROLE")
                == .array([
                    .bulk(Array("master".utf8)), .integer(41),
                    .array([
                        .array(["n2.test", "7111", "39"].map { .bulk(Array($0.utf8)) }),
                        .array(["n3.test", "7121", "39"].map { .bulk(Array($0.utf8)) }),
                    ]),
                ]))
        #expect(
            try reply("ROLE", Conversation.facts(own: "n2"))
                == .array([
                    .bulk(Array("slave".utf8)), .bulk(Array("n1.test".utf8)), .integer(7101),
                    .bulk(Array("connected".utf8)), .integer(40),
                ]))
        #expect(
            try reply("ROLE", Conversation.facts(leader: nil, own: "n2"))
                == .array([
                    .bulk(Array("slave".utf8)), .bulk([]), .integer(0), .bulk(Array("connect".utf8)), .integer(40),
                ]))
    }

    @Test func `CLUSTER SLOTS names the leader first`() throws {
        guard case .array(let ranges) = try reply("CLUSTER SLOTS"), case .array(let range)? = ranges.first else {
            Issue.record("no slots")
            return
        }
        #expect(ranges.count == 1)
        #expect(Array(range.prefix(2)) == [.integer(0), .integer(16383)])
        let nodes: [String] = range.dropFirst(2).map { node in
            guard case .array(let fields) = node, case .integer(let port) = fields[1] else { return "" }
            return "\(fields[0].text ?? ""):\(port)"
        }
        #expect(nodes == ["n1.test:7101", "n2.test:7111", "n3.test:7121"])
    }

    @Test func `who came without TLS is told of ports without TLS`() {
        var client = Conversation(usesTLS: false)
        #expect(client.ask("SENTINEL get-master-addr-by-name playground") == "*2·$9·127.0.0.1·$4·7104·")
        #expect(client.ask("CONFIG GET tls-port port") == "*4·$4·port·$4·7104·$8·tls-port·$1·0·")
        #expect(client.ask("CLUSTER SHARDS").contains("·$4·port·:7104·"))
        var other = Conversation()
        #expect(other.ask("CONFIG GET tls-port port") == "*4·$4·port·$1·0·$8·tls-port·$4·7101·")
        #expect(other.ask("CLUSTER SHARDS").contains("·$8·tls-port·:7101·"))
    }

    @Test func `without a leader nobody is named`() throws {
        let facts = Conversation.facts(leader: nil)
        #expect(try reply("CLUSTER SLOTS", facts) == .error("CLUSTERDOWN no leader is known"))
        #expect(try reply("CLUSTER SHARDS", facts) == .error("CLUSTERDOWN no leader is known"))
        #expect(try reply("SENTINEL get-master-addr-by-name playground", facts) == .null)
        #expect(try reply("SENTINEL masters", facts) == .array([]))
        #expect(try reply("CLUSTER INFO", facts).text?.hasPrefix("cluster_state:fail\r\n") == true)
    }

    @Test func `CLUSTER NODES has a line per node`() throws {
        let lines = try #require(try reply("CLUSTER NODES").text).split(separator: "\n").map(String.init)
        #expect(lines.count == 3)
        #expect(lines[0] == "\(Self.n1) n1.test:7101@7101,n1.test myself,master - 0 0 7 connected 0-16383")
        #expect(lines[1].hasSuffix(" n2.test:7111@7111,n2.test slave \(Self.n1) 0 0 7 connected"))
        #expect(lines[2].hasSuffix(" slave,fail? \(Self.n1) 0 0 7 disconnected"))
        #expect(try reply("CLUSTER MYID").text == Self.n1)
    }

    @Test func `SENTINEL tells the leader's announced address`() throws {
        let address = Reply.array([.bulk(Array("n1.test".utf8)), .bulk(Array("7101".utf8))])
        for own in ["n1", "n2", "n3"] {
            #expect(
                try reply("SENTINEL get-master-addr-by-name playground", Conversation.facts(own: own)) == address)
        }
        #expect(try reply("SENTINEL get-master-addr-by-name other") == .null)
        #expect(try reply("SENTINEL master other") == .error("ERR No such master with that name"))
        let master = texts(try reply("SENTINEL master playground"))
        #expect(master["name"] == "playground")
        #expect(master["flags"] == "master")
        #expect(master["num-other-sentinels"] == "2")
        #expect(master["quorum"] == "2")
        guard case .array(let replicas) = try reply("SENTINEL replicas playground") else {
            Issue.record("no replicas")
            return
        }
        #expect(replicas.map { texts($0)["flags"] } == ["slave", "slave,s_down,disconnected"])
        #expect(replicas.map { texts($0)["ip"] } == ["n2.test", "n3.test"])
        #expect(try reply("SENTINEL ckquorum playground").text?.hasPrefix("OK 2 usable") == true)
    }

    @Test func `a Sentinel that is asked whether the leader is down says what it knows and votes for nobody`() throws {
        let up = Reply.array([.integer(0), .bulk(Array("*".utf8)), .integer(0)])
        let down = Reply.array([.integer(1), .bulk(Array("*".utf8)), .integer(0)])
        #expect(try reply("SENTINEL IS-MASTER-DOWN-BY-ADDR n1.test 7101 0 *") == up)
        #expect(try reply("SENTINEL IS-MASTER-DOWN-BY-ADDR n1.test 7102 0 *") == down)
        #expect(try reply("SENTINEL IS-MASTER-DOWN-BY-ADDR n2.test 7111 0 \(Self.n1)") == down)
        #expect(try reply("SENTINEL IS-MASTER-DOWN-BY-ADDR n1.test 7101 0 *", Conversation.facts(leader: nil)) == down)
        #expect(
            try reply("SENTINEL IS-MASTER-DOWN-BY-ADDR n1.test x 0 *")
                == .error("ERR value is not an integer or out of range"))
    }

    @Test func `what is published when the leader changes names addresses of the listener's kind`() throws {
        let facts = Conversation.facts()
        let (n1, n2) = (try #require(NodeID("n1")), try #require(NodeID("n2")))
        let news = try #require(facts.switchMaster(from: n1, to: n2, usesTLS: true))
        #expect(news.channel == "+switch-master")
        #expect(news.message == "playground n1.test 7101 n2.test 7111")
        #expect(
            facts.switchMaster(from: n1, to: n2, usesTLS: false)?.message
                == "playground 127.0.0.1 7104 127.0.0.1 7114")
        #expect(facts.switchMaster(from: n1, to: try #require(NodeID("n9")), usesTLS: true) == nil)
    }

    @Test func `CLUSTER REPLICAS has the followers' lines`() throws {
        guard case .array(let lines) = try reply("CLUSTER REPLICAS \(Self.n1)") else {
            Issue.record("no lines")
            return
        }
        #expect(lines.map { $0.text?.contains(" slave") } == [true, true])
        #expect(try reply("CLUSTER SLAVES nobody") == .error("ERR Unknown node nobody"))
        let n2 = "6e320000000000000000000000000000" + "00000000"
        #expect(try reply("CLUSTER REPLICAS \(n2)") == .error("ERR The specified node is not a master"))
    }

    @Test func `the keys of a slot are asked of the keyspace, but not within MULTI`() {
        var client = Conversation()
        #expect(client.ask("CLUSTER COUNTKEYSINSLOT 5") == "<submitted>")
        client.complete(":0\r\n")
        #expect(client.ask("CLUSTER GETKEYSINSLOT 16383 10") == "<submitted>")
        client.complete("*0\r\n")
        #expect(client.ask("CLUSTER COUNTKEYSINSLOT 16384") == "-ERR Invalid slot·")
        #expect(client.ask("CLUSTER COUNTKEYSINSLOT x") == "-ERR value is not an integer or out of range·")
        #expect(client.ask("CLUSTER GETKEYSINSLOT 1 -1") == "-ERR Invalid slot or number of keys·")
        #expect(
            client.ask("CLUSTER GETKEYSINSLOT 1")
                == "-ERR wrong number of arguments for 'cluster|getkeysinslot' command·")
        #expect(client.ask("MULTI") == "+OK·")
        #expect(
            client.ask("CLUSTER COUNTKEYSINSLOT 5") == "-ERR cluster is not allowed between MULTI and EXEC·")
    }

    @Test func `ACL tells of the one user and what it may do`() throws {
        var client = Conversation()
        #expect(client.ask("ACL WHOAMI") == "$7·default·")
        #expect(client.ask("ACL USERS") == "*1·$7·default·")
        #expect(client.ask("ACL LIST") == "*1·$27·user default on ~* &* +@all·")
        #expect(client.ask("ACL GETUSER nobody") == "$-1·")
        #expect(client.ask("ACL DRYRUN default GET a") == "+OK·")
        #expect(client.ask("ACL DRYRUN nobody GET a") == "-ERR User 'nobody' not found·")
        #expect(client.ask("ACL DRYRUN default FOO a") == "-ERR Command 'FOO' not found·")
        #expect(client.ask("ACL DRYRUN default GET") == "-ERR wrong number of arguments for 'get' command·")
        #expect(client.ask("ACL DRYRUN default GET a b") == "-ERR wrong number of arguments for 'get' command·")
        #expect(client.ask("ACL CAT foo") == "-ERR Unknown category 'foo'·")
        #expect(client.ask("ACL CAT bitmap").hasPrefix("*5·$8·bitcount·"))
        #expect(client.ask("ACL CAT").hasPrefix("*21·$8·keyspace·"))
        #expect(client.ask("ACL SETUSER x on").contains("(auth.client-token-file)"))
        var open = Conversation(token: nil)
        #expect(open.ask("ACL LIST").contains("user default on nopass ~* &* +@all"))
        let user = texts(try reply("ACL GETUSER default"))
        #expect(user["commands"] == "+@all")
        #expect(user["keys"] == "~*")
        #expect(user["channels"] == "&*")
    }

    @Test func `a follower says how stale it may be`() throws {
        var facts = Conversation.facts(own: "n2")
        facts.status.lagEntries = 17
        facts.status.peers[0].silence = .milliseconds(2345)
        let info = try #require(try reply("INFO replication", facts).text)
        #expect(info.contains("master_last_io_seconds_ago:2\r\ntrireme_leader_silence_ms:2345\r\n"))
        #expect(info.contains("trireme_lag_entries:17\r\n"))
        let alone = try #require(try reply("INFO replication", Conversation.facts(leader: nil, own: "n2")).text)
        #expect(alone.contains("master_last_io_seconds_ago:-1\r\ntrireme_leader_silence_ms:-1\r\n"))
    }

    @Test func `INFO has Redis's sections and the fields clients look for`() throws {
        let all = try #require(try reply("INFO").text)
        for heading in ["Server", "Clients", "Memory", "Stats", "Replication", "CPU", "Cluster", "Keyspace"] {
            #expect(all.contains("# \(heading)\r\n"))
        }
        for field in [
            "redis_version:7.0.15", "trireme_version:0.1.0", "redis_mode:standalone", "role:master", "loading:0",
            "connected_slaves:1", "slave0:ip=n2.test,port=7111,state=online,offset=39,lag=-1", "cluster_enabled:0",
            "db0:keys=3,expires=0,avg_ttl=0", "trireme_commit_index:41", "used_cpu_sys:0.000000",
        ] {
            #expect(all.contains(field + "\r\n"), "\(field)")
        }
        let some = try #require(try reply("INFO keyspace SERVER").text)
        #expect(some.hasPrefix("# Server\r\n"))
        #expect(some.hasSuffix("avg_ttl=0\r\n"))
        #expect(!some.contains("# Stats"))
        #expect(try reply("INFO nothing").text == "")
    }
}
