// The commands that a session answers itself: about the connection, the node and the cluster, never about keys.

enum LocalCommand: String, CaseIterable {
    case auth, client, cluster, command, config, echo, hello, info, ping, quit, readonly, readwrite, reset, role, select
    case sentinel, time, wait, waitaof

    /// How many words the request has, the name included; negative for "at least".
    var arity: Int {
        switch self {
        case .readonly, .readwrite, .reset, .role, .time: 1
        case .echo, .select: 2
        case .wait: 3
        case .waitaof: 4
        case .auth, .client, .cluster, .config, .sentinel: -2
        case .command, .hello, .info, .ping, .quit: -1
        }
    }

    /// What a client may say before it has logged in.
    var isAllowedBeforeLogin: Bool {
        switch self {
        case .auth, .hello, .ping, .quit: true
        default: false
        }
    }

    var group: String {
        switch self {
        case .auth, .client, .echo, .hello, .ping, .quit, .reset, .select: "connection"
        case .cluster, .readonly, .readwrite: "cluster"
        case .sentinel: "sentinel"
        case .wait, .waitaof: "generic"
        case .command, .config, .info, .role, .time: "server"
        }
    }

    /// The version of Redis that brought it.
    var since: String {
        switch self {
        case .auth, .echo, .info, .ping, .quit, .select: "1.0.0"
        case .config: "2.0.0"
        case .client, .time: "2.6.0"
        case .command, .role, .sentinel: "2.8.13"
        case .cluster, .readonly, .readwrite, .wait: "3.0.0"
        case .hello: "6.0.0"
        case .reset: "6.2.0"
        case .waitaof: "7.2.0"
        }
    }

    var summary: String {
        switch self {
        case .auth: "Logs in with a token."
        case .client: "Tells about and sets up client connections."
        case .cluster: "Tells how the cluster is made up."
        case .command: "Tells about commands."
        case .config: "Tells the node's settings."
        case .echo: "Returns its argument."
        case .hello: "Chooses the protocol's version, logs in and names the connection."
        case .info: "Tells about the node."
        case .ping: "Answers PONG, or its argument."
        case .quit: "Closes the connection."
        case .readonly: "Lets this connection read from the node as it is."
        case .readwrite: "Ends READONLY."
        case .reset: "Puts the connection back to where it began."
        case .role: "Tells whether the node leads."
        case .select: "Chooses the only database, 0."
        case .sentinel: "Tells where the leader is, for clients of Sentinel."
        case .time: "Tells the node's time."
        case .wait: "Waits until so many nodes have synced this connection's writes."
        case .waitaof: "Waits until so many nodes have synced this connection's writes."
        }
    }
}

/// Commands that Redis has and this node does not, so that the answer can say so instead of "unknown".
enum UnsupportedCommand {
    /// Ordered, for a binary search.
    static let names: [String] = """
        acl asking bgrewriteaof bgsave bitcount bitfield bitfield_ro bitop bitpos blmove blmpop blpop brpop \
        brpoplpush bzmpop bzpopmax bzpopmin debug discard dump eval eval_ro evalsha evalsha_ro exec failover fcall \
        fcall_ro function geoadd geodist geohash geopos georadius georadius_ro georadiusbymember georadiusbymember_ro \
        geosearch geosearchstore getbit hdel hexists hget hgetall hincrby hincrbyfloat hkeys hlen hmget hmset \
        hrandfield hscan hset hsetnx hstrlen hvals lastsave latency lcs lindex linsert llen lmove lmpop lolwut lpop \
        lpos lpush lpushx lrange lrem lset ltrim memory migrate module monitor move multi pfadd pfcount pfdebug \
        pfmerge pfselftest psubscribe psync publish pubsub punsubscribe replconf replicaof restore restore-asking \
        rpop rpoplpush rpush rpushx sadd save scard script sdiff sdiffstore setbit shutdown sinter sintercard \
        sinterstore sismember slaveof slowlog smembers smismember smove sort sort_ro spop spublish srandmember srem \
        sscan ssubscribe subscribe sunion sunionstore sunsubscribe swapdb sync unsubscribe unwatch watch xack xadd \
        xautoclaim xclaim xdel xgroup xinfo xlen xpending xrange xread xreadgroup xrevrange xsetid xtrim zadd zcard \
        zcount zdiff zdiffstore zincrby zinter zintercard zinterstore zlexcount zmpop zmscore zpopmax zpopmin \
        zrandmember zrange zrangebylex zrangebyscore zrangestore zrank zrem zremrangebylex zremrangebyrank \
        zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan zscore zunion zunionstore
        """.split(separator: " ").map(String.init)

    static func contains(_ name: String) -> Bool {
        var (low, high) = (0, names.count)
        while low < high {
            let middle = (low + high) / 2
            if names[middle] < name { low = middle + 1 } else { high = middle }
        }
        return low < names.count && names[low] == name
    }
}
