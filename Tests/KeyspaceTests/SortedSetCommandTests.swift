// Commands on sorted sets, with the replies that redis-server 7.0.15 gave to the same lines.

import Testing

@Suite struct SortedSetCommandTests {
    /// As Redis finds them, which goes along the elements and looks at their members alone.
    @Test(arguments: [4, 1000]) func `texts are found among several scores that ascend as they do`(count: Int) {
        var rig = Rig()
        func name(_ number: Int) -> String { "m" + "\(10_000 + number)" }
        for number in 0..<count { rig.run("zadd z \(number) \(name(number))") }
        #expect(rig.run("zlexcount z [\(name(1)) [\(name(2))") == .integer(2))
        #expect(rig.run("zrange z (\(name(1)) (\(name(3)) bylex") == .array([.bulk(Array(name(2).utf8))]))
        #expect(rig.run("zlexcount z [\(name(1)) +") == .integer(Int64(count - 1)))
        #expect(rig.run("zrangestore t z [\(name(1)) (\(name(3)) bylex") == .integer(2))
        #expect(rig.run("zremrangebylex z - (\(name(2))") == .integer(2))
        #expect(rig.run("zcard z") == .integer(Int64(count - 2)))
    }

    @Test func `scores are set under conditions`() {
        Transcript.check(
            version: .two,
            [
                ("zadd z 1 a 2 b", ":2"),
                ("zadd z 3 a 4 c", ":1"),
                ("zadd z ch 3 a 5 b 6 d", ":2"),
                ("zadd z nx 9 a 9 e", ":1"),
                ("zadd z xx 9 f 8 e", ":0"),
                ("zadd z gt 1 a 10 b", ":0"),
                ("zadd z lt 1 a 11 b", ":0"),
                ("zadd z gt ch 1 a 10 b 2 g", ":1"),
                ("zadd z xx gt ch 7 a 1 b 3 h", ":1"),
                ("zadd z xx lt 1 a", ":0"),
                ("zadd z incr 1.5 a", "2.5"),
                ("zadd z incr nx 1 a", "nil"),
                ("zadd z incr xx 1 none", "nil"),
                ("zadd z gt incr -1 a", "nil"),
                ("zrange z 0 -1 withscores", "[g 2 a 2.5 c 4 d 6 e 8 b 10]"),
                ("zadd z nx xx 1 a", "!ERR XX and NX options at the same time are not compatible"),
                ("zadd z gt lt 1 a", "!ERR GT, LT, and/or NX options at the same time are not compatible"),
                ("zadd z gt nx 1 a", "!ERR GT, LT, and/or NX options at the same time are not compatible"),
                ("zadd z incr 1 a 2 b", "!ERR INCR option supports a single increment-element pair"),
                ("zadd z nx", "!ERR wrong number of arguments for 'zadd' command"),
                ("zadd z 1 a 2", "!ERR syntax error"),
                ("zadd z 1 a x b", "!ERR value is not a valid float"),
                ("zadd z nan a", "!ERR value is not a valid float"),
                ("zadd z 1e400 a", "!ERR value is not a valid float"),
                ("zadd z 1 a b c", "!ERR value is not a valid float"),
                ("zscore z a", "2.5"),
                ("zadd new xx 1 a", ":0"),
                ("zadd new xx incr 1 a", "nil"),
                ("exists new", ":0"),
                ("zadd inf inf a -inf b", ":2"),
                ("zadd inf incr -inf a", "!ERR resulting score is not a number (NaN)"),
                ("zincrby inf inf b", "!ERR resulting score is not a number (NaN)"),
                ("zincrby new 2.5 a", "2.5"),
                ("zincrby new -2.5 a", "0"),
                ("zincrby new x a", "!ERR value is not a valid float"),
                ("zincrby new nx a", "!ERR syntax error"),
                ("zincrby new incr a", "!ERR syntax error"),
                ("set s v", "+OK"),
                ("zadd s 1 a", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
                ("zadd s x a", "!ERR value is not a valid float"),
                ("zincrby s 1 a", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
            ])
    }

    @Test func `scores and places are told`() {
        Transcript.check(
            version: .two,
            [
                ("zadd z 0.1 a 1e17 b -3.5 c inf d 1 e", ":5"),
                ("zscore z a", "0.10000000000000001"),
                ("zscore z b", "1e+17"),
                ("zscore z d", "inf"),
                ("zscore z none", "nil"),
                ("zscore none a", "nil"),
                ("zmscore z a none c", "[0.10000000000000001 nil -3.5]"),
                ("zmscore none a b", "[nil nil]"),
                ("zrank z c", ":0"),
                ("zrank z d", ":4"),
                ("zrevrank z d", ":0"),
                ("zrank z none", "nil"),
                ("zrank none a", "nil"),
                ("zrevrank none a", "nil"),
                ("zcard z", ":5"),
                ("zcard none", ":0"),
                ("zcount z -inf +inf", ":5"),
                ("zcount z (1 inf", ":2"),
                ("zcount z 1 (inf", ":2"),
                ("zcount z x 1", "!ERR min or max is not a float"),
                ("zcount none 0 1", ":0"),
                ("zrem z a none", ":1"),
                ("zrem z b c d e", ":4"),
                ("exists z", ":0"),
                ("zrem none a", ":0"),
                ("set s v", "+OK"),
                ("zscore s a", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
                ("zmscore s a", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
                ("zrank s a", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
                ("zcard s", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
                ("zcount s 0 1", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
                ("zrem s a", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
            ])
    }

    @Test func `parts are found by place`() {
        Transcript.check(
            version: .two,
            [
                ("zadd z 1 a 2 b 3 c 4 d", ":4"),
                ("zrange z 0 -1", "[a b c d]"),
                ("zrange z 1 2 withscores", "[b 2 c 3]"),
                ("zrange z -2 -1", "[c d]"),
                ("zrange z 5 6", "[]"),
                ("zrange z 3 1", "[]"),
                ("zrange z 0 1 rev", "[d c]"),
                ("zrange z 0 1 rev withscores", "[d 4 c 3]"),
                ("zrevrange z 0 1", "[d c]"),
                ("zrevrange z -1 -1 withscores", "[a 1]"),
                (
                    "zrange z 0 1 limit 0 1",
                    "!ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"
                ),
                ("zrange z 0 1 limit 0 -1", "[a b]"),
                ("zrange z a 1", "!ERR value is not an integer or out of range"),
                ("zrange z 0 1 foo", "!ERR syntax error"),
                ("zrange z 0 1 byscore bylex", "!ERR syntax error"),
                ("zrevrange z 0 1 rev", "!ERR syntax error"),
                ("zrange none 0 -1", "[]"),
                ("zremrangebyrank z 0 1", ":2"),
                ("zremrangebyrank z 5 6", ":0"),
                ("zremrangebyrank z x 6", "!ERR value is not an integer or out of range"),
                ("zremrangebyrank z 0 -1", ":2"),
                ("exists z", ":0"),
                ("zremrangebyrank none 0 1", ":0"),
            ])
    }

    @Test func `parts are found by score`() {
        Transcript.check(
            version: .two,
            [
                ("zadd z 1 a 2 b 2 c 3 d 4 e", ":5"),
                ("zrangebyscore z 2 3", "[b c d]"),
                ("zrangebyscore z (2 3", "[d]"),
                ("zrangebyscore z 2 (3", "[b c]"),
                ("zrangebyscore z (2 (3", "[]"),
                ("zrangebyscore z 3 2", "[]"),
                ("zrangebyscore z -inf +inf withscores", "[a 1 b 2 c 2 d 3 e 4]"),
                ("zrangebyscore z -inf +inf limit 1 2", "[b c]"),
                ("zrangebyscore z -inf +inf limit 3 -1", "[d e]"),
                ("zrangebyscore z -inf +inf limit -1 2", "[]"),
                ("zrangebyscore z -inf +inf limit 9 2", "[]"),
                ("zrangebyscore z -inf +inf limit 1 0", "[]"),
                ("zrangebyscore z -inf +inf limit x 0", "!ERR value is not an integer or out of range"),
                ("zrangebyscore z -inf +inf limit 1", "!ERR syntax error"),
                ("zrevrangebyscore z +inf -inf limit 1 2 withscores", "[d 3 c 2]"),
                ("zrevrangebyscore z (3 1", "[c b a]"),
                ("zrevrangebyscore z 1 3", "[]"),
                ("zrange z 3 1 byscore rev", "[d c b a]"),
                ("zrange z 1 3 byscore rev", "[]"),
                ("zrange z 1 (4 byscore limit 1 2 withscores", "[b 2 c 2]"),
                ("zrangebyscore z x 1", "!ERR min or max is not a float"),
                ("zrangebyscore z 1 (x", "!ERR min or max is not a float"),
                ("zrangebyscore none 0 1", "[]"),
                ("zremrangebyscore z (1 (3", ":2"),
                ("zremrangebyscore z 9 10", ":0"),
                ("zremrangebyscore z x 10", "!ERR min or max is not a float"),
                ("zremrangebyscore z -inf inf", ":3"),
                ("exists z", ":0"),
            ])
    }

    @Test func `parts are found by text`() {
        Transcript.check(
            version: .two,
            [
                ("zadd z 0 alpha 0 bar 0 cool 0 down 0 elephant 0 foo 0 great", ":7"),
                ("zrangebylex z - [cool", "[alpha bar cool]"),
                ("zrangebylex z [bar (down", "[bar cool]"),
                ("zrangebylex z (g +", "[great]"),
                ("zrangebylex z + -", "[]"),
                ("zrangebylex z - + limit 2 2", "[cool down]"),
                ("zrevrangebylex z + (d", "[great foo elephant down]"),
                ("zrevrangebylex z + - limit 1 2", "[foo elephant]"),
                ("zrange z [c [d bylex", "[cool]"),
                ("zrange z [d [c bylex rev", "[cool]"),
                (
                    "zrange z - + bylex withscores",
                    "!ERR syntax error, WITHSCORES not supported in combination with BYLEX"
                ),
                ("zlexcount z - +", ":7"),
                ("zlexcount z [bar (foo", ":4"),
                ("zlexcount z + -", ":0"),
                ("zlexcount z ( +", ":7"),
                ("zlexcount z foo +", "!ERR min or max not valid string range item"),
                ("zlexcount none - +", ":0"),
                ("zrangebylex z -x +", "!ERR min or max not valid string range item"),
                ("zremrangebylex z [bar (cool", ":1"),
                ("zremrangebylex z (zzz +", ":0"),
                ("zremrangebylex z foo bar", "!ERR min or max not valid string range item"),
                ("zremrangebylex z - +", ":6"),
                ("exists z", ":0"),
            ])
    }

    @Test func `the outermost members are taken`() {
        Transcript.check(
            version: .two,
            [
                ("zadd z 1 a 2 b 3 c 4 d 5 e", ":5"),
                ("zpopmin z", "[a 1]"),
                ("zpopmax z", "[e 5]"),
                ("zpopmin z 2", "[b 2 c 3]"),
                ("zpopmax z 0", "[]"),
                ("zpopmax z -1", "!ERR value is out of range, must be positive"),
                ("zpopmax z x", "!ERR value is out of range, must be positive"),
                ("zpopmax z 1 2", "!ERR syntax error"),
                ("zpopmax z 9", "[d 4]"),
                ("exists z", ":0"),
                ("zpopmin z", "[]"),
                ("zpopmin none 2", "[]"),
                ("zadd z 1 a 2 b 3 c", ":3"),
                ("zmpop 2 none z min", "[z [[a 1]]]"),
                ("zmpop 1 z max count 5", "[z [[c 3] [b 2]]]"),
                ("zmpop 1 z min", "nil"),
                ("zmpop 0 z min", "!ERR numkeys should be greater than 0"),
                ("zmpop 1 z up", "!ERR syntax error"),
                ("zmpop 2 z min", "!ERR syntax error"),
                ("zmpop 1 z min count 0", "!ERR count should be greater than 0"),
                ("zmpop 1 z min count", "!ERR syntax error"),
                ("set s v", "+OK"),
                ("zpopmin s", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
                ("zmpop 1 s min", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
            ])
    }

    @Test func `a part is stored`() {
        Transcript.check(
            version: .two,
            [
                ("zadd z 1 a 2 b 3 c 4 d", ":4"),
                ("zrangestore t z 0 1", ":2"),
                ("zrange t 0 -1 withscores", "[a 1 b 2]"),
                ("zrangestore t z (1 3 byscore", ":2"),
                ("zrange t 0 -1 withscores", "[b 2 c 3]"),
                ("zrangestore t z 3 1 byscore rev limit 0 1", ":1"),
                ("zrange t 0 -1 withscores", "[c 3]"),
                ("zrangestore z z 1 2", ":2"),
                ("zrange z 0 -1", "[b c]"),
                ("zrangestore t none 0 -1", ":0"),
                ("exists t", ":0"),
                ("zrangestore t z 5 6", ":0"),
                ("rpush l x", ":1"),
                ("zrangestore l z 0 -1", ":2"),
                ("type l", "+zset"),
                ("zrangestore t l 0 -1", ":2"),
                ("zrangestore t z 0 -1 withscores", "!ERR syntax error"),
                (
                    "zrangestore t z 0 1 limit 0 1",
                    "!ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"
                ),
                ("set s v", "+OK"),
                ("zrangestore t s 0 -1", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
                ("zrangestore s z 8 9", ":0"),
                ("exists s", ":0"),
            ])
    }

    @Test func `sorted sets are joined, cut and taken from each other`() {
        Transcript.check(
            version: .two,
            [
                ("zadd a 1 a 2 b 3 c", ":3"),
                ("zadd b 1 b 2 c 3 d", ":3"),
                ("zunion 2 a b", "[a b d c]"),
                ("zunion 2 a b withscores", "[a 1 b 3 d 3 c 5]"),
                ("zunion 2 a b weights 2 3 withscores", "[a 2 b 7 d 9 c 12]"),
                ("zunion 2 a b aggregate min withscores", "[a 1 b 1 c 2 d 3]"),
                ("zunion 2 a b aggregate max weights 1 -1 withscores", "[d -3 a 1 b 2 c 3]"),
                ("zinter 2 a b withscores", "[b 3 c 5]"),
                ("zinter 2 a b weights 2 3 withscores", "[b 7 c 12]"),
                ("zinter 2 a none", "[]"),
                ("zinter 3 a b a withscores", "[b 5 c 8]"),
                ("zdiff 2 a b withscores", "[a 1]"),
                ("zdiff 1 a", "[a b c]"),
                ("zdiff 2 a a", "[]"),
                ("zdiff 2 none a", "[]"),
                ("zdiff 3 a b none withscores", "[a 1]"),
                ("zintercard 2 a b", ":2"),
                ("zintercard 2 a b limit 1", ":1"),
                ("zintercard 2 a b limit 0", ":2"),
                ("zintercard 2 a b limit -1", "!ERR LIMIT can't be negative"),
                ("zintercard 2 a b limit x", "!ERR LIMIT can't be negative"),
                ("zintercard 0 a", "!ERR at least 1 input key is needed for 'zintercard' command"),
                ("zunion 0 a", "!ERR at least 1 input key is needed for 'zunion' command"),
                ("zunion 3 a b", "!ERR syntax error"),
                ("zunion x a b", "!ERR value is not an integer or out of range"),
                ("zunion 2 a b foo", "!ERR syntax error"),
                ("zunion 2 a b weights 1", "!ERR syntax error"),
                ("zunion 2 a b weights 1 x", "!ERR weight value is not a float"),
                ("zunion 2 a b aggregate foo", "!ERR syntax error"),
                ("zdiff 2 a b weights 1 1", "!ERR syntax error"),
                ("zdiff 2 a b aggregate min", "!ERR syntax error"),
                ("zunionstore t 2 a b", ":4"),
                ("zrange t 0 -1 withscores", "[a 1 b 3 d 3 c 5]"),
                ("zinterstore t 2 a b weights 10 1", ":2"),
                ("zrange t 0 -1 withscores", "[b 21 c 32]"),
                ("zdiffstore t 2 a b", ":1"),
                ("zrange t 0 -1 withscores", "[a 1]"),
                ("zunionstore a 1 a weights 2", ":3"),
                ("zrange a 0 -1 withscores", "[a 2 b 4 c 6]"),
                ("zinterstore t 2 a none", ":0"),
                ("exists t", ":0"),
                ("zdiffstore t 2 none a", ":0"),
                ("zunionstore t 0 a", "!ERR at least 1 input key is needed for 'zunionstore' command"),
                ("zdiffstore t x a", "!ERR value is not an integer or out of range"),
                ("zunionstore t 1 a withscores", "!ERR syntax error"),
                ("zadd i inf x -inf y", ":2"),
                ("zadd j -inf x inf y", ":2"),
                ("zunion 2 i j withscores", "[x 0 y 0]"),
                ("zunion 1 i weights 0 withscores", "[x 0 y 0]"),
                ("zinter 2 i j weights 0 1 withscores", "[x -inf y inf]"),
                ("set s v", "+OK"),
                ("zunion 2 a s", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
                ("zunion 2 a s foo", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
                ("zunionstore s 1 b", ":3"),
                ("type s", "+zset"),
            ])
    }

    @Test func `version 3 has doubles and pairs`() {
        Transcript.check(
            version: .three,
            [
                ("zadd z 1 a 0.1 b", ":2"),
                ("zscore z b", ",0.10000000000000001"),
                ("zadd z incr 1 a", ",2"),
                ("zincrby z 1 a", ",3"),
                ("zmscore z a none", "[,3 nil]"),
                ("zrange z 0 -1", "[b a]"),
                ("zrange z 0 -1 withscores", "[[b ,0.10000000000000001] [a ,3]]"),
                ("zrangebyscore z 0 9 withscores", "[[b ,0.10000000000000001] [a ,3]]"),
                ("zunion 1 z withscores", "[[b ,0.10000000000000001] [a ,3]]"),
                ("zdiff 1 z withscores", "[[b ,0.10000000000000001] [a ,3]]"),
                ("zinter 1 z", "[b a]"),
                ("zrank z none", "nil"),
                ("zscan z 0 count 100", "[0 [b 0.10000000000000001 a 3]]"),
                ("zpopmin z", "[b ,0.10000000000000001]"),
                ("zadd z 1 c", ":1"),
                ("zpopmin z 1", "[[c ,1]]"),
                ("zmpop 1 z min", "[z [[a ,3]]]"),
                ("zpopmin z", "[]"),
                ("zpopmin z 1", "[]"),
                ("zmpop 1 z min", "nil"),
                ("zadd z inf a", ":1"),
                ("zpopmax z", "[a ,inf]"),
            ])
    }
}
