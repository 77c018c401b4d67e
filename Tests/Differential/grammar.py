"""What commands look like: for each group a generator of commands that are right, or nearly.

Keys are named for the type that they mostly hold, so that most commands meet what they are for. A generator yields
the commands of one idea: mostly one, and several where only several have a certain outcome.
"""

import random

INTEGERS = [
    b"0", b"1", b"-1", b"2", b"3", b"5", b"7", b"10", b"-3", b"100", b"-100", b"1000", b"4294967295", b"4294967296",
    b"2147483647", b"2147483648", b"-2147483649", b"9223372036854775807", b"-9223372036854775808"]
BAD_INTEGERS = [
    b"", b" 1", b"1 ", b"+1", b"01", b"-0", b"1.0", b"1e3", b"abc", b"9223372036854775808", b"-9223372036854775809",
    b"18446744073709551615", b"18446744073709551616", b"\x00", b"1\x00", b"nan", b"inf", b"--1", b"-"]
#: Sums and products of these are exact in any binary arithmetic that is wide enough.
FLOATS = [
    b"0", b"1", b"-1", b"2", b"0.5", b"-0.25", b"3.5", b"1.5", b"-7.75", b"10", b"100", b"1e3", b"1024.125", b"-0",
    b"5.0e3", b"1.50", b".5", b"5.", b"-.5"]
BAD_FLOATS = [
    b"", b" 1", b"1 ", b"abc", b"nan", b"-nan", b"NaN", b"1e", b"e5", b"1.2.3", b"--1", b"1\x00", b"+", b"0.5x"]
INFINITIES = [b"inf", b"-inf", b"+inf", b"Infinity", b"-INF", b"infinity"]

#: Both units: ends far away or long ago, and beyond what can be reckoned with. Nothing may end while it is looked at.
FAR_DURATIONS = [
    b"100000", b"200000", b"1000000", b"86400000", b"9999999999", b"0", b"-1", b"-100", b"9223372036854775",
    b"9223372036854776", b"-9223372036854776", b"9223372036854775807", b"-9223372036854775808",
    b"9223370399119966"]
FAR_TIMES_S = [
    b"4000000000", b"4000000001", b"5000000000", b"6000000000", b"0", b"1", b"-1", b"1000000000",
    b"9223372036854775", b"9223372036854776", b"-9223372036854775", b"9223372036854775807", b"-9223372036854775808"]
FAR_TIMES_MS = [
    b"4000000000000", b"4000000000001", b"5000000000000", b"6000000000000", b"0", b"1", b"-1", b"1000000000000",
    b"9223372036854770000", b"9223372036854775807", b"-9223372036854775808"]

#: How long a blocking command waits where there is nothing. Nobody comes with anything, so all wait in vain.
SHORT_WAITS = [b"0.001", b"0.002", b".001", b"1e-3"]
BAD_WAITS = [b"-1", b"-0.1", b"x", b"", b"nan", b" 0.001", b"0.001 ", b"0.001x", b"1e400", b"99999999999999999999"]


#: What no server has.
NO_COMMAND = b"NOSUCHCOMMAND"


class Grammar:
    """Makes commands with one source of random numbers."""

    def __init__(self, rng: random.Random):
        self.rng = rng
        self.pick = rng.choice

    # Arguments

    def chance(self, share):
        return self.rng.random() < share

    def key(self, kind):
        if kind != "x" and self.chance(0.08):
            return self.pick([b"", b"\x00\xff\r\n", b"none", b"s0", b"h0", b"l0", b"t0", b"z0", b"{a}1", b"s1", b"t1"])
        return kind.encode() + self.pick((b"0", b"0", b"1", b"1", b"2", b"3"))

    def keys(self, kind, most=4):
        return [self.key(kind) for _ in range(self.rng.randint(1, most))]

    def any_key(self):
        return self.key(self.pick("shltz"))

    def integer(self):
        return self.pick(BAD_INTEGERS) if self.chance(0.08) else self.pick(INTEGERS)

    def small(self):
        """A position or a count: near zero, either sign."""
        return self.pick(BAD_INTEGERS) if self.chance(0.04) else b"%d" % self.rng.randint(-12, 12)

    def count(self):
        return self.small() if self.chance(0.2) else b"%d" % self.rng.randint(0, 6)

    def float(self):
        return self.pick(BAD_FLOATS) if self.chance(0.08) else self.pick(FLOATS)

    def score(self):
        return self.pick(INFINITIES) if self.chance(0.08) else self.float()

    def value(self):
        rng = self.rng
        shape = rng.random()
        if shape < 0.35:
            return self.pick(INTEGERS)
        if shape < 0.45:
            return self.pick(FLOATS + BAD_INTEGERS)
        if shape < 0.85:
            return self.pick((b"a", b"b", b"foo", b"bar", b"hello world", b"x" * 44, b"x" * 45, b"", b"\xff\x00\x80"))
        return rng.randbytes(self.pick((1, 3, 16, 63, 64, 65, 200, 1000)))

    def big_value(self):
        return self.rng.randbytes(self.pick((4095, 4096, 4097, 10000, 70000)))

    def field(self):
        """A member or a field. Few, so that they meet, and now and then one of many."""
        if self.chance(0.1):
            return self.value()
        if self.chance(0.1):
            return b"m%d" % self.rng.randrange(400)
        return self.pick((b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"1", b"2", b"-5", b"10", b"aa", b"", b"B"))

    def fields(self, most=5):
        return [self.field() for _ in range(self.rng.randint(1, most))]

    def pattern(self):
        return self.pick((
            b"*", b"?", b"s*", b"[sh]?", b"*1", b"[^s]*", b"\\*", b"a*", b"", b"[a-c]", b"[", b"m1?", b"**0", b"h[",
            b"[z-a]*", b"*\\", b"m*9"))

    def far(self, times):
        """A time: mostly one to come, or with it the key would soon be gone."""
        return self.pick(times) if self.chance(0.25) else self.pick(times[:4])

    def some(self, *options):
        """A random part of the options, each a list, in random order."""
        share = self.pick((0.1, 0.1, 0.4))
        chosen = [option for option in options if self.chance(share)]
        self.rng.shuffle(chosen)
        return [word for option in chosen for word in option]

    # Groups

    def strings(self):
        pick, key, value = self.pick, self.key, self.value
        return pick((
            self.set_with_options,
            lambda: [[b"SET", key("s"), value()]],
            lambda: [[b"SET", key("s"), self.big_value()]],
            lambda: [[b"GET", key("s")]],
            lambda: [[b"SETNX", key("s"), value()]],
            lambda: [[b"GETSET", key("s"), value()]],
            lambda: [[b"GETDEL", key("s")]],
            lambda: [[b"GETEX", key("s"), *self.some(self.expiry(), [b"PERSIST"])]],
            lambda: [[b"APPEND", key("s"), value()]],
            lambda: [[b"STRLEN", key("s")]],
            lambda: [[pick((b"GETRANGE", b"SUBSTR")), key("s"), self.small(), self.small()]],
            lambda: [[b"GETRANGE", key("s"), self.integer(), self.integer()]],
            lambda: [[b"SETRANGE", key("s"), self.offset(), value()]],
            lambda: [[b"MGET", *self.keys("s"), key("h")]],
            lambda: [[pick((b"MSET", b"MSETNX")), *(word for _ in range(self.rng.randint(1, 3))
                                                    for word in (key("s"), value()))]],
            lambda: [[pick((b"SETEX", b"PSETEX")), key("s"), self.far(FAR_DURATIONS), value()]],
            lambda: [[pick((b"INCR", b"DECR")), key("s")]],
            lambda: [[pick((b"INCRBY", b"DECRBY")), key("s"), self.integer()]],
            lambda: [[b"SET", b"f", self.float()], [b"INCRBYFLOAT", b"f", self.float()], [b"DEL", b"f"]],
            lambda: [[b"INCRBYFLOAT", key("s"), pick(BAD_FLOATS + INFINITIES)]],
            self.common_subsequence,
        ))()

    def expiry(self):
        return self.pick((
            lambda: [b"EX", self.far(FAR_DURATIONS)], lambda: [b"PX", self.far(FAR_DURATIONS)],
            lambda: [b"EXAT", self.far(FAR_TIMES_S)], lambda: [b"PXAT", self.far(FAR_TIMES_MS)]))()

    def set_with_options(self):
        """Redis keeps a key whose end is in the past until somebody asks for it, so somebody does."""
        key = self.key("s")
        options = self.some([b"NX"], [b"XX"], [b"GET"], [b"KEEPTTL"], self.expiry())
        asks = [[b"EXISTS", key]] if {b"EXAT", b"PXAT"} & set(options) else []
        return [[b"SET", key, self.value(), *options], *asks]

    def common_subsequence(self):
        """Of strings of few letters, so that there is one; a key of its own for each, since long ones take long."""
        def string():
            size = 5000 if self.chance(0.02) else self.rng.randint(0, 60)
            return bytes(self.rng.choices(b"abc", k=size))
        keys = [self.pick((b"c0", b"c1", b"none", b"t0")) for _ in range(2)] if self.chance(0.1) else [b"c0", b"c1"]
        return [[b"MSET", b"c0", string(), b"c1", string()],
                [b"LCS", *keys, *self.some([b"LEN"], [b"IDX"], [b"MINMATCHLEN", self.small()], [b"WITHMATCHLEN"])]]

    def offset(self):
        return self.pick((b"0", b"1", b"5", b"100", b"1000", b"5000", b"-1", b"536870912", b"4294967296", b"x", b"",
                          b"9223372036854775807"))

    def bits(self):
        pick, key = self.pick, self.key
        bit = lambda: pick((b"-1", b"4294967296", b"x", b"9223372036854775807")) if self.chance(0.1) else pick((
            b"0", b"1", b"2", b"7", b"8", b"9", b"15", b"100", b"1000"))
        unit = lambda: pick(([], [b"BYTE"], [b"BIT"], [b"bit"], [b"BITS"]))
        return pick((
            lambda: [[b"SETBIT", key("s"), bit(), pick((b"0", b"1", b"1", b"0", b"1", b"2", b"x"))]],
            lambda: [[b"SETBIT", key("s"), b"%d" % self.rng.randrange(300), b"1"]],
            lambda: [[b"GETBIT", key("s"), bit()]],
            lambda: [[b"BITCOUNT", key("s")]],
            lambda: [[b"BITCOUNT", key("s"), self.small(), self.small(), *unit()]],
            lambda: [[b"BITCOUNT", key("s"), self.integer(), self.integer(), *unit()]],
            lambda: [[b"BITPOS", key("s"), pick((b"0", b"1", b"2")), *pick((
                [], [self.small()], [self.small(), self.small()], [self.small(), self.small(), *unit()]))]],
            lambda: [[b"BITOP", pick((b"AND", b"OR", b"XOR", b"NOT", b"nand")), key("s"), *self.keys("s", 3)]],
        ))()

    def generic(self):
        pick, key = self.pick, self.any_key
        return pick((
            lambda: [[pick((b"DEL", b"UNLINK", b"EXISTS", b"EXISTS", b"TOUCH", b"TOUCH")), key(),
                      *([key()] if self.chance(0.3) else [])]],
            lambda: [[b"TYPE", key()]],
            lambda: [[b"RENAME", key(), key()]],
            lambda: [[b"RENAMENX", key(), key()]],
            lambda: [[b"COPY", key(), key(), *self.some([b"REPLACE"], [b"DB", b"0"])]],
            lambda: [[b"KEYS", self.pattern()]],
            lambda: [[b"DBSIZE"]],
            lambda: [[b"RANDOMKEY"]],
            lambda: [[b"OBJECT", pick((b"ENCODING", b"REFCOUNT", b"IDLETIME", b"encoding", b"FREQ")), key()]],
            lambda: [[b"ECHO", self.value()]],
            lambda: [[NO_COMMAND, *pick(([], self.fields()))]],
            lambda: [[b"PING", *pick(([], [self.value()]))]],
            lambda: [[pick((b"FLUSHDB", b"FLUSHALL")), *pick(([], [b"SYNC"], [b"async"], [b"now"]))]]
            if self.chance(0.1) else [[b"DBSIZE"]],
        ))()

    def expiring(self):
        pick, key = self.pick, self.any_key
        conditions = lambda: self.some([b"NX"], [b"XX"], [b"GT"], [b"LT"])
        return pick((
            lambda: [[pick((b"EXPIRE", b"PEXPIRE")), key(), self.far(FAR_DURATIONS),
                      *self.some([b"NX"], [b"XX"])]],
            # Which of two ends reckoned from now is later must not hang on a millisecond, so no two are the same.
            lambda: [[pick((b"EXPIRE", b"PEXPIRE")), key(), b"%d" % self.rng.randrange(200_000, 10**9), *conditions()]],
            lambda: [[b"EXPIREAT", key(), self.far(FAR_TIMES_S), *conditions()]],
            lambda: [[b"PEXPIREAT", key(), self.far(FAR_TIMES_MS), *conditions()]],
            lambda: [[b"PERSIST", key()]],
            lambda: [[pick((b"TTL", b"PTTL", b"EXPIRETIME", b"PEXPIRETIME")), key()]],
        ))()

    def scans(self):
        pick = self.pick
        options = lambda: self.some([b"MATCH", self.pattern()], [b"COUNT", b"%d" % self.rng.randint(1, 30)])
        kind = lambda: self.some([b"TYPE", pick((b"string", b"hash", b"list", b"set", b"zset", b"stream", b"nothing"))])
        wrong = lambda: self.some([b"COUNT", self.small()], [b"MATCH"], [b"nonsense", b"1"])
        return pick((
            lambda: [[b"!SCAN", *options(), *kind()]],
            lambda: [[b"!HSCAN", self.key("h"), *options()]],
            lambda: [[b"!SSCAN", self.key("t"), *options()]],
            lambda: [[b"!ZSCAN", self.key("z"), *options()]],
            lambda: [[b"SCAN", pick((b"0", b"x", b"-1", b"", b"18446744073709551616")), *wrong()]],
            lambda: [[pick((b"HSCAN", b"SSCAN", b"ZSCAN")), self.any_key(), pick((b"0", b"x", b"")), *wrong()]],
        ))()

    def hashes(self):
        pick, key, field = self.pick, lambda: self.key("h"), self.field
        pairs = lambda most: [word for _ in range(self.rng.randint(1, most)) for word in (field(), self.value())]

        def random_fields():
            chosen = key()
            return [[b"HRANDFIELD", chosen, *pick(([], [self.count()], [self.count(), b"WITHVALUES"],
                                                  [b"1000"], [b"-3"]))], [b"HGETALL", chosen]]
        return pick((
            lambda: [self.filled_hash()],
            lambda: [[pick((b"HSET", b"HSET", b"HMSET")), key(), *pairs(pick((2, 5, 40)))]],
            lambda: [[b"HSET", key(), field(), self.big_value()]],
            lambda: [[b"HSETNX", key(), field(), self.value()]],
            lambda: [[b"HGET", key(), field()]],
            lambda: [[b"HMGET", key(), *self.fields()]],
            lambda: [[b"HDEL", key(), *self.fields()]],
            lambda: [[b"HEXISTS", key(), field()]],
            lambda: [[pick((b"HLEN", b"HKEYS", b"HVALS", b"HGETALL")), key()]],
            lambda: [[b"HSTRLEN", key(), field()]],
            lambda: [[b"HINCRBY", key(), field(), self.integer()]],
            lambda: [[b"HSET", key(), b"n", self.float()]],
            lambda: [[b"HDEL", b"hf", b"n"], [b"HSET", b"hf", b"n", self.float()],
                     [b"HINCRBYFLOAT", b"hf", b"n", self.float()], [b"DEL", b"hf"]],
            lambda: [[b"HINCRBYFLOAT", key(), field(), pick(BAD_FLOATS + INFINITIES)]],
            random_fields,
        ))()

    def lists(self):
        pick, key = self.pick, lambda: self.key("l")
        side = lambda: pick((b"LEFT", b"RIGHT", b"left", b"RIGHT", b"LEFT", b"UP"))
        many = lambda: [self.field() for _ in range(self.rng.randint(1, pick((2, 5, 60))))]
        return pick((
            lambda: [self.filled_list()],
            lambda: [[pick((b"LPUSH", b"RPUSH", b"LPUSHX", b"RPUSHX")), key(), *many()]],
            lambda: [[b"RPUSH", key(), self.big_value(), *many()]],
            lambda: [[pick((b"LPOP", b"RPOP")), key(), *pick(([], [self.count()]))]],
            lambda: [[b"LLEN", key()]],
            lambda: [[b"LRANGE", key(), self.small(), self.small()]],
            lambda: [[b"LRANGE", key(), b"0", b"-1"]],
            lambda: [[b"LINDEX", key(), self.small()]],
            lambda: [[b"LSET", key(), self.small(), self.value()]],
            lambda: [[b"LINSERT", key(), pick((b"BEFORE", b"AFTER", b"before", b"AT")), self.field(), self.field()]],
            lambda: [[b"LREM", key(), self.small(), self.field()]],
            lambda: [[b"LTRIM", key(), self.small(), self.small()]],
            lambda: [[b"LPOS", key(), self.field(), *self.some(
                [b"RANK", self.small()], [b"COUNT", self.count()], [b"MAXLEN", self.count()])]],
            lambda: [[b"LMOVE", key(), key(), side(), side()]],
            lambda: [[b"RPOPLPUSH", key(), key()]],
            lambda: [[b"LMPOP", self.number_of(keys), *keys, side(), *self.some([b"COUNT", self.count()])]
                     for keys in [self.keys("l", 3)]],
        ))()

    def number_of(self, keys):
        """How many keys follow, now and then a wrong number."""
        return self.small() if self.chance(0.07) else b"%d" % len(keys)

    def sets(self):
        pick, key = self.pick, lambda: self.key("t")
        many = lambda: [self.field() for _ in range(self.rng.randint(1, pick((2, 5, 60))))]
        numbers = lambda: [b"%d" % self.rng.randint(-50, 50) for _ in range(self.rng.randint(1, 20))]

        def random_members():
            chosen = key()
            return [[b"SRANDMEMBER", chosen, *pick(([], [self.count()], [b"1000"], [b"-3"]))], [b"SMEMBERS", chosen]]
        return pick((
            lambda: [self.filled_set()],
            lambda: [[b"SADD", key(), *many()]],
            lambda: [[b"SADD", key(), *numbers()]],
            lambda: [[b"SREM", key(), *self.fields()]],
            lambda: [[b"SISMEMBER", key(), self.field()]],
            lambda: [[b"SMISMEMBER", key(), *self.fields()]],
            lambda: [[pick((b"SCARD", b"SMEMBERS")), key()]],
            lambda: [[pick((b"SINTER", b"SUNION", b"SDIFF")), *self.keys("t", 3)]],
            lambda: [[pick((b"SINTERSTORE", b"SUNIONSTORE", b"SDIFFSTORE")), key(), *self.keys("t", 3)]],
            lambda: [[b"SINTERCARD", self.number_of(keys), *keys, *self.some([b"LIMIT", self.count()])]
                     for keys in [self.keys("t", 3)]],
            lambda: [[b"SMOVE", key(), key(), self.field()]],
            lambda: [[b"SPOP", key(), pick((b"100000", b"0", b"0", b"0", b"-1", b"x"))]],
            lambda: [[b"DEL", b"t9"], [b"SADD", b"t9", self.field()], [b"SPOP", b"t9"], [b"SPOP", b"t9"]],
            random_members,
        ))()

    def sorted_sets(self):
        pick, key = self.pick, lambda: self.key("z")
        pairs = lambda most: [word for _ in range(self.rng.randint(1, most)) for word in (self.score(), self.field())]
        edge = lambda: pick((b"", b"(")) + self.score()
        word_edge = lambda: pick((b"-", b"+", b"[a", b"(b", b"[", b"(", b"[d", b"(m2", b"a", b""))
        low, high = (b"-inf", b"-1", b"(-0.25", b"0", b"(0", b"0.5"), (b"+inf", b"10", b"(10", b"3.5", b"(100", b"1")
        first, last = (b"-", b"[a", b"(a", b"[1", b"(b"), (b"+", b"[g", b"(g", b"[m5", b"(m3")
        scores_between = lambda: [pick(low), pick(high)] if self.chance(0.7) else [edge(), edge()]
        words_between = lambda: [pick(first), pick(last)] if self.chance(0.7) else [word_edge(), word_edge()]
        limit = lambda: [b"LIMIT", self.small(), self.small()]
        scores = lambda: self.some([b"WITHSCORES"])
        weights = lambda keys: self.some(
            [b"WEIGHTS", *(self.score() for _ in range(len(keys) if not self.chance(0.05) else 1))],
            [b"AGGREGATE", pick((b"SUM", b"MIN", b"MAX", b"AVG"))])
        inputs = lambda: self.keys("z", 3) if self.chance(0.8) else self.keys("t", 2)

        # Ranges by name mean something only where all scores are the same, which those of the keys x0… are.
        even = lambda: self.key("x")
        by_word = lambda: pick((b"ZLEXCOUNT", b"ZRANGEBYLEX", b"ZREVRANGEBYLEX", b"ZREMRANGEBYLEX"))

        def evenly_filled():
            chosen = even()
            return [[b"ZADD", chosen, *(word for name in [*b"abcdefg", *self.distinct(pick((3, 30, 700)))]
                                        for word in (b"0", self.letter(name)))], [b"ZCARD", chosen]]

        def by_range():
            if self.chance(0.5):
                return [self.small(), self.small(), *self.some([b"REV"])]
            return downwards(scores_between()) + [b"BYSCORE", *self.some(limit())]

        def downwards(ends):
            """The two ends, and now and then the other way round."""
            return [*reversed(ends), b"REV"] if self.chance(0.3) else ends

        def by_name():
            return downwards(words_between()) + [b"BYLEX", *self.some(limit())]

        def random_members():
            chosen = key()
            return [[b"ZRANDMEMBER", chosen, *pick((
                [], [self.count()], [self.count(), b"WITHSCORES"], [b"1000"], [b"-3"]))],
                    [b"ZRANGE", chosen, b"0", b"-1", b"WITHSCORES"]]
        return pick((
            lambda: [[b"ZADD", key(), *self.some([b"NX"], [b"XX"], [b"GT"], [b"LT"], [b"CH"]),
                      *pairs(pick((1, 4, 30)))]],
            lambda: [self.filled_sorted_set()], lambda: [self.filled_sorted_set()],
            lambda: [[b"ZADD", key(), *pairs(pick((2, 5, 40)))]],
            lambda: [[b"ZADD", key(), *self.some([b"NX"], [b"XX"], [b"GT"]), b"INCR", *pairs(1)]],
            lambda: [[b"ZINCRBY", key(), self.score(), self.field()]],
            lambda: [[b"ZREM", key(), *self.fields()]],
            lambda: [[b"ZCARD", key()]],
            lambda: [[b"ZSCORE", key(), self.field()]],
            lambda: [[b"ZMSCORE", key(), *self.fields()]],
            lambda: [[pick((b"ZRANK", b"ZREVRANK")), key(), self.field()]],
            lambda: [[pick((b"ZCOUNT", b"ZREMRANGEBYSCORE")), key(), *scores_between()]],
            evenly_filled,
            lambda: [[b"SET", b"word", b"1"], [by_word(), pick((b"word", b"nowhere")), *words_between()]],
            lambda: [[pick((b"ZLEXCOUNT", b"ZREMRANGEBYLEX")), even(), *words_between()]],
            lambda: [[b"ZREM", even(), *self.fields()]],
            lambda: [[b"ZRANGE", even(), *by_name(), *scores()]],
            lambda: [[b"ZRANGESTORE", even() if self.chance(0.5) else key(), even(), *by_name()]],
            lambda: [[b"ZREMRANGEBYRANK", key(), self.small(), self.small()]],
            lambda: [[b"ZRANGE", key(), *by_range(), *scores()]],
            lambda: [[b"ZRANGE", key(), b"0", b"-1", b"WITHSCORES"]],
            lambda: [[b"ZRANGESTORE", key(), key(), *by_range()]],
            lambda: [[b"ZREVRANGE", key(), self.small(), self.small(), *scores()]],
            lambda: [[b"ZRANGEBYSCORE", key(), *scores_between(), *scores(), *self.some(limit())]],
            lambda: [[b"ZREVRANGEBYSCORE", key(), *reversed(scores_between()), *scores(), *self.some(limit())]],
            lambda: [[b"ZRANGEBYLEX", even(), *words_between(), *self.some(limit())]],
            lambda: [[b"ZREVRANGEBYLEX", even(), *reversed(words_between()), *self.some(limit())]],
            lambda: [[pick((b"ZPOPMIN", b"ZPOPMAX")), key(), *pick(([], [self.count()]))]],
            lambda: [[b"ZMPOP", self.number_of(keys), *keys, pick((b"MIN", b"MAX", b"MID")),
                      *self.some([b"COUNT", self.count()])] for keys in [self.keys("z", 3)]],
            lambda: [[pick((b"ZUNION", b"ZINTER")), self.number_of(keys), *keys, *weights(keys), *scores()]
                     for keys in [inputs()]],
            lambda: [[b"ZDIFF", self.number_of(keys), *keys, *scores()] for keys in [inputs()]],
            lambda: [[pick((b"ZUNIONSTORE", b"ZINTERSTORE")), key(), self.number_of(keys), *keys, *weights(keys)]
                     for keys in [inputs()]],
            lambda: [[b"ZDIFFSTORE", key(), self.number_of(keys), *keys] for keys in [inputs()]],
            lambda: [[b"ZINTERCARD", self.number_of(keys), *keys, *self.some([b"LIMIT", self.count()])]
                     for keys in [inputs()]],
            random_members,
        ))()

    def wait(self):
        return self.pick(BAD_WAITS) if self.chance(0.1) else self.pick(SHORT_WAITS)

    def blocking(self):
        """Mostly there is something, since each of them waits that finds nothing."""
        pick = self.pick
        list_key, sorted_key = lambda: self.key("l"), lambda: self.key("z")
        side = lambda: pick((b"LEFT", b"RIGHT", b"left", b"RIGHT", b"LEFT", b"UP"))
        count = lambda: self.some([b"COUNT", self.count()])
        idea = pick((
            lambda: [[pick((b"BLPOP", b"BRPOP")), *self.keys("l", 3), self.wait()]],
            lambda: [[b"BLMOVE", list_key(), list_key(), side(), side(), self.wait()]],
            lambda: [[b"BRPOPLPUSH", list_key(), list_key(), self.wait()]],
            lambda: [[b"BLMPOP", self.wait(), self.number_of(keys), *keys, side(), *count()]
                     for keys in [self.keys("l", 3)]],
            lambda: [[pick((b"BZPOPMIN", b"BZPOPMAX")), *self.keys("z", 3), self.wait()]],
            lambda: [[b"BZMPOP", self.wait(), self.number_of(keys), *keys, pick((b"MIN", b"MAX", b"MID")), *count()]
                     for keys in [self.keys("z", 3)]],
        ))()
        filled = [self.filled_list(), self.filled_sorted_set()] if self.chance(0.3) else []
        return [*filled, *([[b"MULTI"], *idea, [b"EXEC"]] if self.chance(0.2) else idea)]

    def anything(self):
        """A command on data of any type."""
        return GROUPS[self.pick((*FILLERS, "generic", "expiry", "blocking"))](self)

    def transactions(self):
        pick = self.pick
        others = lambda: [[b"!OTHER", *command] for command in self.anything()
                          if command[0] not in (b"MULTI", b"EXEC")]
        several = lambda: [command for _ in range(self.rng.randint(1, 5)) for command in self.anything()
                           if command[0] not in (b"MULTI", b"EXEC")]
        watch = lambda: [b"WATCH", *(self.any_key() for _ in range(self.rng.randint(1, 3)))]
        return pick((
            lambda: [[b"MULTI"]],
            lambda: [[b"EXEC"]],
            lambda: [[b"MULTI"], *self.strings(), *self.generic(), [b"EXEC"]],
            lambda: [[b"MULTI"], *self.strings(), [NO_COMMAND], [b"EXEC"]],
            lambda: [[b"DISCARD"]],
            lambda: [[b"WATCH", *self.keys("s")]],
            lambda: [[b"WATCH", *self.keys("s")], *self.strings(), [b"MULTI"], *self.strings(), [b"EXEC"]],
            lambda: [[b"WATCH", self.any_key()], *self.generic(), [b"MULTI"], [b"PING"], [b"EXEC"]],
            lambda: [[b"WATCH", self.any_key()], *self.expiring(), [b"MULTI"], [b"PING"], [b"EXEC"]],
            lambda: [[b"UNWATCH"]],
            lambda: [[b"MULTI"], *several(), [b"EXEC"]],
            lambda: [[b"MULTI"], *several(), [b"DISCARD"]],
            lambda: [watch(), [b"MULTI"], *several(), [b"EXEC"]],
            lambda: [watch(), *others(), [b"MULTI"], *several(), [b"EXEC"]],
            lambda: [watch(), [b"MULTI"], *several(), *others(), [b"EXEC"]],
            lambda: [watch(), *others(), [b"UNWATCH"], [b"MULTI"], *several(), [b"EXEC"]],
            lambda: [watch(), *several(), *others(), [b"MULTI"], [b"PING"], [b"EXEC"]],
        ))()

    def dumps(self):
        pick = self.pick
        return pick((
            lambda: [[b"DUMP", self.any_key()]],
            lambda: [[b"!RESTORE", self.any_key(), self.any_key(), pick((b"0", b"100000", b"-1", b"x")),
                      *self.some([b"REPLACE"], [b"IDLETIME", b"5"], [b"FREQ", b"7"])]],
            lambda: [[b"RESTORE", self.any_key(), b"0", self.value(), *self.some([b"REPLACE"])]],
        ))()


    # Beginnings: what a sequence puts there first, so that what follows finds something.

    def distinct(self, most):
        return [b"%s%d" % (self.pick((b"a", b"m", b"")), number) for number in range(self.rng.randint(1, most))]

    def filled_string(self):
        return [b"SET", self.key("s"), self.value()]

    def filled_hash(self):
        return [b"HSET", self.key("h"), *(word for name in [*b"abcdefg", *self.distinct(self.pick((3, 30, 700)))]
                                          for word in (self.letter(name), self.value()))]

    def filled_list(self):
        return [b"RPUSH", self.key("l"), *(self.field() for _ in range(self.rng.randint(5, self.pick((10, 40, 700)))))]

    def filled_set(self):
        return [b"SADD", self.key("t"), *map(self.letter, b"abcdefg"), *self.distinct(self.pick((3, 30, 700)))]

    def filled_sorted_set(self):
        return [b"ZADD", self.key("z"), *(word for name in [*b"abcdefg", *self.distinct(self.pick((3, 30, 700)))]
                                          for word in (self.pick(FLOATS), self.letter(name)))]

    @staticmethod
    def letter(name):
        return bytes([name]) if isinstance(name, int) else name


#: Name on the command line, and the method that makes commands.
GROUPS = {
    "strings": Grammar.strings, "bits": Grammar.bits, "hashes": Grammar.hashes, "lists": Grammar.lists,
    "sets": Grammar.sets, "sorted-sets": Grammar.sorted_sets, "generic": Grammar.generic, "expiry": Grammar.expiring,
    "blocking": Grammar.blocking, "scan": Grammar.scans, "transactions": Grammar.transactions, "dump": Grammar.dumps}

#: How a group of the first kind fills its keys. The other groups act on what these hold.
FILLERS = {
    "strings": Grammar.filled_string, "bits": Grammar.filled_string, "hashes": Grammar.filled_hash,
    "lists": Grammar.filled_list, "sets": Grammar.filled_set, "sorted-sets": Grammar.filled_sorted_set}
