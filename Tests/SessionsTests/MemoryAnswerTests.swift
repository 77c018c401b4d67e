// MEMORY, the settings of memory, and what INFO tells of it and of what a node has done.

import Keyspace
import Telemetry
import Testing
import Vocabulary

@testable import Sessions

struct MemoryAnswerTests {
    private static func facts() -> NodeFacts {
        var facts = Conversation.facts()
        facts.memoryMax = .mebibytes(10)
        facts.status.memory = .mebibytes(12)
        facts.activity.keyspaceMemory = .mebibytes(6)
        facts.activity.keyspaceMemoryPeak = .mebibytes(8)
        facts.activity.payload = .mebibytes(3)
        facts.activity.keyHits = 5
        facts.activity.keyMisses = 2
        facts.activity.blockedClients = 1
        facts.activity.errors[.outOfMemory] = 4
        facts.activity.keysWithDeadline = 2
        return facts
    }

    @Test func `maxmemory is set in Redis's units, and what is no size is refused`() {
        var client = Conversation(facts: MemoryAnswerTests.facts())
        #expect(
            client.ask("CONFIG GET maxmemory*")
                == "*4·$9·maxmemory·$8·10485760·$16·maxmemory-policy·$10·noeviction·")
        for (text, bytes) in [
            ("0", 0), ("1", 1), ("5b", 5), ("1k", 1000), ("1kb", 1024), ("2M", 2_000_000), ("2mb", 2 << 20),
            ("3G", 3_000_000_000), ("3GB", 3 << 30),
        ] {
            #expect(client.ask("CONFIG SET maxmemory \(text)") == "+OK·<memory \(bytes)>")
        }
        let refused = "-ERR CONFIG SET failed (possibly related to argument 'maxmemory') - "
        for text in ["-1", "x", "1t", "mb", "9223372036854775807kb", "99999999999999999999"] {
            #expect(client.ask("CONFIG SET maxmemory \(text)") == refused + "argument must be a memory value·")
        }
        #expect(
            client.ask("CONFIG SET maxmemory 1mb notify-keyspace-events KE maxmemory-policy noeviction")
                == "+OK·<report KE><memory 1048576>")
        #expect(client.ask("CONFIG SET maxmemory 1 maxmemory 2") == refused + "duplicate parameter·")
        #expect(
            client.ask("CONFIG SET maxmemory 1 maxmemory-policy allkeys-lru")
                == "-ERR CONFIG SET failed (possibly related to argument 'maxmemory-policy') - argument(s) must be one "
                + "of the following: noeviction·")
    }

    @Test func `MEMORY has Redis's forms`() {
        var client = Conversation(facts: MemoryAnswerTests.facts())
        #expect(client.ask("MEMORY") == "-ERR wrong number of arguments for 'memory' command·")
        #expect(client.ask("MEMORY USAGE") == "-ERR wrong number of arguments for 'memory|usage' command·")
        #expect(client.ask("MEMORY USAGE a SAMPLES") == "-ERR syntax error·")
        #expect(client.ask("MEMORY USAGE a SAMPLES x") == "-ERR value is not an integer or out of range·")
        #expect(client.ask("MEMORY USAGE a SAMPLES -1") == "-ERR syntax error·")
        #expect(client.ask("MEMORY USAGE a SAMPLES 0") == "<submitted>")
        client.complete(":30\r\n")
        #expect(client.ask("MEMORY PURGE") == "+OK·")
        #expect(client.ask("MEMORY STATS x") == "-ERR wrong number of arguments for 'memory|stats' command·")
        #expect(client.ask("MEMORY FOO") == "-ERR unknown subcommand 'FOO'. Try MEMORY HELP.·")
        #expect(client.ask("MEMORY DOCTOR").contains("Nothing is to be said"))
        #expect(client.ask("MEMORY STATS").contains("$13·dataset.bytes·:3145728·"))
        client.environment.facts.activity.isMemoryFull = true
        #expect(client.ask("MEMORY DOCTOR").contains("Memory is full"))
    }

    @Test func `INFO tells what the node takes and does`() {
        var client = Conversation(facts: MemoryAnswerTests.facts())
        let text = client.ask("INFO")
        for field in [
            "used_memory:6291456", "used_memory_human:6.00M", "used_memory_rss:12582912", "used_memory_peak:8388608",
            "used_memory_peak_perc:75.00%", "used_memory_dataset_perc:50.00%", "maxmemory:10485760",
            "maxmemory_human:10.00M", "maxmemory_policy:noeviction", "mem_fragmentation_ratio:2.00",
            "trireme_memory_full:0", "keyspace_hits:5", "keyspace_misses:2", "blocked_clients:1",
            "total_error_replies:4", "db0:keys=3,expires=2,avg_ttl=0",
        ] {
            #expect(text.contains("·\(field)·"), "\(field)")
        }
        #expect(!text.contains("Commandstats"))
        #expect(client.ask("INFO errorstats").contains("·errorstat_OOM:count=4·"))
    }

    @Test func `a follower tells how stale it may be, and says so when it cannot know`() {
        var facts = Conversation.facts(leader: "n1", own: "n2")
        facts.status.lagEntries = 7
        facts.activity.staleness = .milliseconds(1234)
        facts.status.peers[0].silence = .milliseconds(2500)
        var client = Conversation(facts: facts)
        let text = client.ask("INFO replication")
        for field in ["role:slave", "trireme_lag_entries:7", "trireme_stale_ms:1234", "master_last_io_seconds_ago:2"] {
            #expect(text.contains("·\(field)·"), "\(field)")
        }
        facts.activity.staleness = nil
        var other = Conversation(facts: facts)
        #expect(other.ask("INFO replication").contains("·trireme_stale_ms:-1·"))
    }

    @Test func `calls are counted by command`() {
        var client = Conversation(facts: MemoryAnswerTests.facts())
        var calls = CommandCalls()
        for line in ["GET a", "GET b", "PING", "NOSUCH"] {
            _ = client.ask(line)
            if line.hasPrefix("GET") { client.complete("$-1\r\n") }
            calls.note(client.session)
        }
        client.environment.facts.calls = calls
        #expect(client.ask("INFO commandstats") == "$59·# Commandstats·cmdstat_get:calls=2·cmdstat_ping:calls=1··")
    }
}
