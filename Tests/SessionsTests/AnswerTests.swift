// Transcripts of what a session answers by itself, with Redis's words.

import RESP
import Sessions
import Testing

struct AnswerTests {
    /// Request and reply, one pair per two lines.
    static let transcript: [(String, String)] = [
        ("ping", "+PONG·"),
        ("PING hello", "$5·hello·"),
        ("PING a b", "-ERR wrong number of arguments for 'ping' command·"),
        ("ECHO", "-ERR wrong number of arguments for 'echo' command·"),
        ("ECHO a", "$1·a·"),
        ("SELECT 0", "+OK·"),
        ("SELECT 1", "-ERR DB index is out of range: there is one database, 0·"),
        ("SELECT x", "-ERR value is not an integer or out of range·"),
        ("TIME", "*2·$10·1700000000·$2·42·"),
        ("READONLY", "+OK·"),
        ("READWRITE", "+OK·"),
        ("FOO", "-ERR unknown command 'FOO', with args beginning with: ·"),
        ("FOO a b", "-ERR unknown command 'FOO', with args beginning with: 'a' 'b' ·"),
        (
            "MONITOR",
            "-ERR command 'monitor' is not supported: no client is shown what others ask; /metrics on the admin port "
                + "has figures; docs/COMPATIBILITY.md lists what is·"
        ),
        (
            "XADD a",
            "-ERR command 'xadd' is not supported: streams are not offered yet; docs/COMPATIBILITY.md lists what is·"
        ),
        (
            "CLUSTER MEET a 1",
            "-ERR command 'cluster|meet' is not supported: members are in the nodes' settings; nodectl shows and moves "
                + "leadership; docs/COMPATIBILITY.md lists what is·"
        ),
        ("ASKING", "+OK·"),
        ("CLIENT", "-ERR wrong number of arguments for 'client' command·"),
        ("CLIENT FOO", "-ERR unknown subcommand 'FOO'. Try CLIENT HELP.·"),
        ("CLIENT SETNAME", "-ERR wrong number of arguments for 'client|setname' command·"),
        ("CLIENT GETNAME", "$-1·"),
        ("CLIENT SETNAME ok", "+OK·"),
        ("CLIENT GETNAME", "$2·ok·"),
        ("CLIENT ID", ":5·"),
        ("CLIENT NO-EVICT on", "+OK·"),
        ("CLIENT NO-EVICT x", "-ERR syntax error·"),
        ("CLIENT NO-TOUCH off", "+OK·"),
        ("CLIENT SETINFO lib-name redis-py", "+OK·"),
        ("CLIENT SETINFO LIB-VER 5.0", "+OK·"),
        ("CLIENT SETINFO x y", "-ERR Unrecognized option 'x'·"),
        (
            "CLIENT INFO",
            "$163·id=5 addr=10.0.0.9:50000 name=ok age=3 idle=0 flags=e db=0 sub=0 psub=0 ssub=0 multi=-1 "
                + "cmd=client|info user=default redir=-1 resp=2 lib-name=redis-py lib-ver=5.0··"
        ),
        (
            "CLIENT TRACKING on",
            "-ERR command 'client|tracking' is not supported: clients' caches are not told of changes; "
                + "docs/COMPATIBILITY.md lists what is·"
        ),
        ("CLIENT LIST TYPE foo", "-ERR Unknown client type 'foo'·"),
        ("CLIENT LIST ID x", "-ERR Invalid client ID·"),
        ("CLIENT LIST ID 4", "$0"),
        ("CLIENT LIST TYPE pubsub", "$0"),
        ("CLIENT KILL", "-ERR wrong number of arguments for 'client|kill' command·"),
        ("CLIENT KILL ID x", "-ERR client-id should be greater than 0·"),
        ("CLIENT KILL ID 99", ":0"),
        ("CLIENT KILL ID 5", ":0"),
        ("CLIENT KILL ID 5 SKIPME no", ":1<close>"),
        ("CLIENT KILL 1.2.3.4:5", "-ERR No such client"),
        ("CLIENT KILL 10.0.0.9:50000", "+OK<close>"),
        ("CLIENT REPLY x", "-ERR syntax error·"),
        ("WAIT", "-ERR wrong number of arguments for 'wait' command·"),
        ("WAIT x 0", "-ERR value is not an integer or out of range·"),
        ("WAIT 0 x", "-ERR timeout is not an integer or out of range·"),
        ("WAIT 0 -1", "-ERR timeout is negative·"),
        ("WAITAOF 2 0 0", "-ERR value is out of range, must be between 0 and 1·"),
        ("CONFIG GET", "-ERR wrong number of arguments for 'config|get' command·"),
        ("CONFIG FOO", "-ERR unknown subcommand 'FOO'. Try CONFIG HELP.·"),
        ("CONFIG GET save", "*2·$4·save·$0··"),
        ("CONFIG GET maxmemory APPENDONLY", "*4·$10·appendonly·$3·yes·$9·maxmemory·$1·0·"),
        ("CONFIG GET append*", "*4·$11·appendfsync·$6·always·$10·appendonly·$3·yes·"),
        ("CONFIG GET nothing", "*0·"),
        (
            "CONFIG SET save x",
            "-ERR CONFIG SET failed (possibly related to argument 'save') - it is set in the node's file·"
        ),
        ("COMMAND FOO", "-ERR unknown subcommand 'FOO'. Try COMMAND HELP.·"),
        ("COMMAND GETKEYS", "-ERR wrong number of arguments for 'command|getkeys' command·"),
        ("COMMAND GETKEYS FOO x", "-ERR Invalid command specified·"),
        ("COMMAND GETKEYS ECHO x", "-ERR The command has no key arguments·"),
        ("COMMAND GETKEYS ECHO", "-ERR wrong number of arguments for 'command|getkeys' command·"),
        (
            "COMMAND INFO echo foo",
            "*2·*10·$4·echo·:2·*3·+loading·+stale·+fast·:0·:0·:0·*2·+@fast·+@connection·*0·*0·*0·$-1·"
        ),
        (
            "COMMAND INFO get",
            "*1·*10·$3·get·:2·*2·+readonly·+fast·:1·:1·:1·*3·+@read·+@string·+@fast·*0·"
                + "*1·*6·$5·flags·*2·+RO·+access·$12·begin_search·*4·$4·type·$5·index·$4·spec·*2·$5·index·:1·"
                + "$9·find_keys·*4·$4·type·$5·range·$4·spec·*6·$7·lastkey·:0·$7·keystep·:1·$5·limit·:0·*0·"
        ),
        ("COMMAND GETKEYS MSET a 1 b 2", "*2·$1·a·$1·b·"),
        ("COMMAND GETKEYS DEL a b", "*2·$1·a·$1·b·"),
        ("COMMAND GETKEYS GET a", "*1·$1·a·"),
        ("COMMAND LIST FILTERBY PATTERN read*", "*2·$8·readonly·$9·readwrite·"),
        ("COMMAND LIST FILTERBY MODULE x", "*0·"),
        ("COMMAND LIST FILTERBY ACLCAT scripting", "*0·"),
        ("COMMAND LIST FILTERBY ACLCAT bitmap", "*5·$8·bitcount·$5·bitop·$6·bitpos·$6·getbit·$6·setbit·"),
        ("COMMAND LIST FILTERBY x y", "-ERR syntax error·"),
        ("COMMAND COUNT x", "-ERR wrong number of arguments for 'command|count' command·"),
        (
            "COMMAND DOCS strlen nothing",
            "*2·$6·strlen·*10·$7·summary·$31·Returns the length of a string.·$5·since·$5·2.2.0·$5·group·$6·string·"
                + "$10·complexity·$4·O(1)·$9·arguments·*1·*6·$4·name·$3·key·$4·type·$3·key·$14·key_spec_index·:0·"
        ),
        ("RESET x", "-ERR wrong number of arguments for 'reset' command·"),
        ("QUIT now", "+OK·<close>"),
    ]

    @Test func `the transcript holds`() {
        var client = Conversation()
        for (request, reply) in Self.transcript { #expect(client.ask(request) == reply, "\(request)") }
        #expect(client.batch.isEmpty)
    }

    @Test func `no reply can be forged through an error`() {
        var client = Conversation()
        let hostile = "x\r\n+OK\r\n"
        let requests: [[String]] = [
            [hostile], ["FOO", hostile], ["CLIENT", hostile], ["HELLO", "3", hostile], ["CONFIG", hostile],
            ["CLIENT", "LIST", "TYPE", hostile], ["CLIENT", "SETINFO", hostile, "x"], ["SENTINEL", hostile],
        ]
        for words in requests {
            let (_, reply) = client.offer(words)
            #expect(reply.count { $0 == 10 } == 1, "\(words)")
            #expect(reply.suffix(2) == [13, 10], "\(words)")
            #expect(reply.first == UInt8(ascii: "-"), "\(words)")
        }
    }

    @Test func `every reply is one well-formed reply in both versions`() throws {
        for version in ["2", "3"] {
            let requests =
                Self.transcript.map(\.0) + [
                    "INFO", "INFO server clients", "ROLE", "COMMAND", "COMMAND DOCS", "COMMAND COUNT", "CLIENT HELP",
                    "CONFIG GET *", "CLUSTER INFO", "CLUSTER NODES", "CLUSTER SLOTS", "CLUSTER SHARDS", "CLUSTER MYID",
                    "CLUSTER HELP", "SENTINEL masters", "SENTINEL master playground", "SENTINEL replicas playground",
                    "SENTINEL sentinels playground", "SENTINEL get-master-addr-by-name x", "SENTINEL HELP",
                ]
            for request in requests where !request.hasPrefix("CLIENT LIST") && !request.hasPrefix("CLIENT KILL") {
                var client = Conversation()
                _ = client.ask("HELLO \(version)")
                let (_, reply) = client.offer(request.split(separator: " ").map(String.init))
                var decoder = ReplyDecoder()
                #expect(try decoder.next(in: reply.rawBytes)?.consumed == reply.count, "\(request) in \(version)")
            }
        }
    }

    @Test func `a huge request is answered with a short error`() {
        var client = Conversation()
        let long = String(repeating: "é", count: 100_000)
        let (_, reply) = client.offer([long, long, long])
        #expect(reply.count < 600)
    }

    @Test func `names keep to their bounds`() {
        var client = Conversation()
        let (_, reply) = client.offer(["CLIENT", "SETNAME", String(repeating: "a", count: 1025)])
        #expect(reply.first == UInt8(ascii: "-"))
        #expect(client.session.name == "")
    }
}
