// Entries as bytes: golden ones, and the totality of apply and read over all others.

import ByteCoding
import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct EntryCodingTests {
    @Test func `golden entries of version 1`() {
        #expect(EntryCoding.tick == [1, 0])
        #expect(EntryCoding.encoded(.set, [[0x6B], [0x76, 0x77]]) == [17, 2, 1, 0x6B, 2, 0x76, 0x77])
        let long = EntryCoding.encoded(.get, [[UInt8](repeating: 9, count: 200)])
        #expect(Array(long.prefix(4)) == [16, 1, 0xC8, 0x01])
        #expect(long.count == 204)
    }

    @Test func `numbers of commands stay what they are`() {
        let text = CommandCode.allCases.map { "\($0)=\($0.rawValue)" }.joined(separator: " ")
        #expect(
            text == """
                tick=1 envelope=2 literal=3 unblock=4 memoryFull=5 get=16 set=17 setnx=18 setex=19 psetex=20 \
                getset=21 mget=22 mset=23 msetnx=24 getdel=25 getex=26 append=27 strlen=28 incr=29 decr=30 incrby=31 \
                decrby=32 incrbyfloat=33 getrange=34 substr=35 setrange=36 setbit=37 getbit=38 bitcount=39 bitpos=40 \
                bitop=41 lcs=42 del=64 unlink=65 exists=66 type=67 expire=68 pexpire=69 expireat=70 pexpireat=71 \
                ttl=72 pttl=73 expiretime=74 pexpiretime=75 persist=76 rename=77 renamenx=78 touch=79 copy=80 \
                object=81 dump=82 restore=83 scan=112 keys=113 dbsize=114 randomkey=115 flushdb=116 flushall=117 \
                version=118 memoryUsage=119 countkeysinslot=126 getkeysinslot=127 hset=128 hsetnx=129 hget=130 \
                hmget=131 hmset=132 hdel=133 hexists=134 hgetall=135 hkeys=136 hvals=137 hlen=138 hstrlen=139 \
                hincrby=140 hincrbyfloat=141 hrandfield=142 hscan=143 blpop=185 brpop=186 blmove=187 brpoplpush=188 \
                blmpop=189 sadd=192 srem=193 sismember=194 smismember=195 scard=196 smembers=197 spop=198 \
                srandmember=199 smove=200 sinter=201 sintercard=202 sinterstore=203 sunion=204 sunionstore=205 \
                sdiff=206 sdiffstore=207 sscan=208 bzpopmin=280 bzpopmax=281 bzmpop=282 lpush=160 rpush=161 \
                lpushx=162 rpushx=163 lpop=164 rpop=165 llen=166 lindex=167 lset=168 lrange=169 ltrim=170 lrem=171 \
                linsert=172 lpos=173 lmove=174 rpoplpush=175 lmpop=176 zadd=224 zincrby=225 zrem=226 zcard=227 \
                zscore=228 zmscore=229 zrank=230 zrevrank=231 zrange=232 zrevrange=233 zrangebyscore=234 \
                zrevrangebyscore=235 zrangebylex=236 zrevrangebylex=237 zrangestore=238 zcount=239 zlexcount=240 \
                zremrangebyrank=241 zremrangebyscore=242 zremrangebylex=243 zpopmin=244 zpopmax=245 zmpop=246 \
                zrandmember=247 zunion=248 zinter=249 zdiff=250 zunionstore=251 zinterstore=252 zdiffstore=253 \
                zintercard=254 zscan=255 indexCreate=304 indexDrop=305 indexList=306 indexInfo=307 indexQuery=308
                """)
    }

    @Test func `an entry is read back`() throws {
        let arguments: [[UInt8]] = [[], [1], [UInt8](repeating: 2, count: 300), [3, 3]]
        let entry = EntryCoding.encoded(.mset, arguments)
        let view = try EntryView(entry.rawBytes)
        #expect(view.code == .mset)
        #expect(view.arguments.count == 4)
        var place = view.arguments.first
        for (position, argument) in arguments.enumerated() {
            let found = [UInt8](view.arguments[position])
            let next = [UInt8](view.arguments.next(&place))
            #expect(found == argument)
            #expect(next == argument)
        }
    }

    @Test func `every cut of an entry is an error, and nothing is applied`() {
        let whole = EntryCoding.encoded(.set, [Array("key".utf8), [UInt8](repeating: 1, count: 150)])
        for end in 0..<whole.count { expectRefusal(Array(whole[..<end])) }
        expectRefusal(whole + [0])
        expectRefusal([200, 1, 0])
        expectRefusal([16, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01])
        expectRefusal([16, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 1])
    }

    private func expectRefusal(_ entry: [UInt8]) {
        var keyspace = Keyspace(of: Rig.cluster)
        for isWrite in [true, false] {
            var reply = ReplyWriter()
            if isWrite {
                keyspace.apply(entry.rawBytes, at: Timestamp(microseconds: 5), index: LogIndex(1), reply: &reply)
            } else {
                keyspace.read(entry.rawBytes, clock: .zero, reply: &reply)
            }
            #expect(Rig.decoded(reply.bytes).isError, "\(entry)")
        }
        #expect(keyspace.count == 0)
    }

    @Test func `any bytes leave one reply and a sound state, the same on two replicas`() {
        var random = SplitMix64(seed: 77)
        var (one, other) = (Keyspace(of: Rig.cluster), Keyspace(of: Rig.cluster))
        for step in 0..<20_000 {
            let entry = draw(&random)
            let time = Timestamp(microseconds: UInt64(step) * 500)
            var (reply, twin, read) = (ReplyWriter(), ReplyWriter(version: .two), ReplyWriter())
            one.apply(entry.rawBytes, at: time, index: LogIndex(1), reply: &reply)
            other.apply(entry.rawBytes, at: time, index: LogIndex(1), reply: &twin)
            one.read(entry.rawBytes, clock: time, reply: &read)
            #expect(reply.bytes == twin.bytes)
            for bytes in [reply.bytes, read.bytes] {
                if case .error(let text) = Rig.decoded(bytes) { #expect(!text.hasPrefix("not one reply"), "\(text)") }
            }
            if step % 1000 == 0 { one.checkInvariants() }
        }
        #expect(one.digest == other.digest)
    }

    /// A command with words that tend to mean something to it, now and then damaged.
    private func draw(_ random: inout SplitMix64) -> [UInt8] {
        let words = [
            "a", "b", "{a}c", "1", "-1", "0", "10", "nx", "xx", "get", "ex", "px", "keepttl", "replace", "db", "count",
            "match", "*", "9223372036854775807", "1.5", "sync", "encoding", "persist", "lt", "", "1e4000", "-1e-4000",
        ]
        let code = CommandCode.allCases.randomElement(using: &random) ?? .get
        var arguments: [[UInt8]] = []
        for _ in 0..<Int.random(in: 0...5, using: &random) {
            arguments.append(Array((words.randomElement(using: &random) ?? "").utf8))
        }
        var entry = EntryCoding.encoded(code, arguments)
        if Int.random(in: 0..<10, using: &random) == 0 {
            entry[Int.random(in: 0..<entry.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        return entry
    }

    @Test func `a command that writes is refused as a read`() {
        for spec in CommandTable.shared.specs where spec.route == .write {
            let count = abs(spec.arity) - 1
            let entry = EntryCoding.encoded(spec.code, [[UInt8]](repeating: [49], count: count))
            var reply = ReplyWriter()
            Keyspace(of: Rig.cluster).read(entry.rawBytes, clock: .zero, reply: &reply)
            #expect(Rig.decoded(reply.bytes).isError, "\(spec.name)")
        }
    }
}
