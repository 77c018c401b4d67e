// The commands that reach the keyspace, by the numbers that stand for them in the log.

/// A command's number in an entry. Numbers are for ever: one is never reused or given another meaning.
///
/// Version history: 1 (feature level 1) all below. See `docs/formats/entries.md`.
public enum CommandCode: UInt16, CaseIterable, Hashable, Sendable {
    /// As a `CommandSpec` would have it, for commands that no client can say.
    var arityWithoutName: Int {
        switch self {
        case .envelope, .unblock: -3
        case .literal, .memoryFull, .memoryUsage, .countkeysinslot: 2
        case .getkeysinslot: 3
        default: 1
        }
    }

    /// Whether the command may stand within an envelope.
    ///
    /// What an index answers depends on how far the node has built it, and within an envelope an answer is the same on
    /// all nodes.
    var mayBeNested: Bool {
        switch self {
        case .tick, .envelope, .unblock, .memoryFull, .indexInfo, .indexQuery: false
        default: true
        }
    }

    /// Whether it may wait until there is something for it.
    @inline(__always)
    var isBlocking: Bool { 185..<192 ~= rawValue || 280..<288 ~= rawValue }

    /// What kind of value a command is about: strings, keys of any type and the whole keyspace count as `string`.
    @inline(__always)
    var family: ValueKind {
        switch rawValue {
        case 128..<160: .hash
        case 160..<192: .list
        case 192..<224: .set
        case 224..<288: .sortedSet
        default: .string
        }
    }

    /// Removes keys whose time is over. Comes from the leader, never from a client.
    case tick = 1
    /// Other commands, together or under conditions (`Envelope`).
    case envelope = 2
    /// A reply that was known before, in the place of a command's within an envelope.
    case literal = 3
    /// Sends away who waits. Comes from nodes, never from a client.
    case unblock = 4
    /// The leader's memory is full from here on, or no longer. Comes from the leader, never from a client.
    case memoryFull = 5

    // Strings.
    case get = 16
    case set = 17
    case setnx = 18
    case setex = 19
    case psetex = 20
    case getset = 21
    case mget = 22
    case mset = 23
    case msetnx = 24
    case getdel = 25
    case getex = 26
    case append = 27
    case strlen = 28
    case incr = 29
    case decr = 30
    case incrby = 31
    case decrby = 32
    case incrbyfloat = 33
    case getrange = 34
    case substr = 35
    case setrange = 36
    case setbit = 37
    case getbit = 38
    case bitcount = 39
    case bitpos = 40
    case bitop = 41
    case lcs = 42

    // Keys of any type.
    case del = 64
    case unlink = 65
    case exists = 66
    case type = 67
    case expire = 68
    case pexpire = 69
    case expireat = 70
    case pexpireat = 71
    case ttl = 72
    case pttl = 73
    case expiretime = 74
    case pexpiretime = 75
    case persist = 76
    case rename = 77
    case renamenx = 78
    case touch = 79
    case copy = 80
    case object = 81
    case dump = 82
    case restore = 83

    // The keyspace as a whole.
    case scan = 112
    case keys = 113
    case dbsize = 114
    case randomkey = 115
    case flushdb = 116
    case flushall = 117
    case version = 118
    /// `MEMORY USAGE`, which sessions take apart.
    case memoryUsage = 119
    /// What `CLUSTER COUNTKEYSINSLOT` and `CLUSTER GETKEYSINSLOT` ask of the keyspace.
    case countkeysinslot = 126
    case getkeysinslot = 127

    // Hashes.
    case hset = 128
    case hsetnx = 129
    case hget = 130
    case hmget = 131
    case hmset = 132
    case hdel = 133
    case hexists = 134
    case hgetall = 135
    case hkeys = 136
    case hvals = 137
    case hlen = 138
    case hstrlen = 139
    case hincrby = 140
    case hincrbyfloat = 141
    case hrandfield = 142
    case hscan = 143

    // Lists, blocking.
    case blpop = 185
    case brpop = 186
    case blmove = 187
    case brpoplpush = 188
    case blmpop = 189

    // Sets.
    case sadd = 192
    case srem = 193
    case sismember = 194
    case smismember = 195
    case scard = 196
    case smembers = 197
    case spop = 198
    case srandmember = 199
    case smove = 200
    case sinter = 201
    case sintercard = 202
    case sinterstore = 203
    case sunion = 204
    case sunionstore = 205
    case sdiff = 206
    case sdiffstore = 207
    case sscan = 208

    // Sorted sets, blocking.
    case bzpopmin = 280
    case bzpopmax = 281
    case bzmpop = 282

    // Lists.
    case lpush = 160
    case rpush = 161
    case lpushx = 162
    case rpushx = 163
    case lpop = 164
    case rpop = 165
    case llen = 166
    case lindex = 167
    case lset = 168
    case lrange = 169
    case ltrim = 170
    case lrem = 171
    case linsert = 172
    case lpos = 173
    case lmove = 174
    case rpoplpush = 175
    case lmpop = 176

    // Sorted sets.
    case zadd = 224
    case zincrby = 225
    case zrem = 226
    case zcard = 227
    case zscore = 228
    case zmscore = 229
    case zrank = 230
    case zrevrank = 231
    case zrange = 232
    case zrevrange = 233
    case zrangebyscore = 234
    case zrevrangebyscore = 235
    case zrangebylex = 236
    case zrevrangebylex = 237
    case zrangestore = 238
    case zcount = 239
    case zlexcount = 240
    case zremrangebyrank = 241
    case zremrangebyscore = 242
    case zremrangebylex = 243
    case zpopmin = 244
    case zpopmax = 245
    case zmpop = 246
    case zrandmember = 247
    case zunion = 248
    case zinter = 249
    case zdiff = 250
    case zunionstore = 251
    case zinterstore = 252
    case zdiffstore = 253
    case zintercard = 254
    case zscan = 255

    // Secondary indexes.
    case indexCreate = 304
    case indexDrop = 305
    case indexList = 306
    case indexInfo = 307
    case indexQuery = 308
}
