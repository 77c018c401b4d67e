// Commands and subcommands that Redis has and this node does not, so that the answer says so, and why.

/// Why something of Redis is not offered: one sentence for the client, and a row of `docs/COMPATIBILITY.md`.
enum WhyUnsupported: String, CaseIterable {
    case streams = "streams are not offered yet"
    case geo = "geographic indexes are not offered yet"
    case hyperloglog = "hyperloglogs are not offered yet"
    case bitfields = "bit fields are not offered yet"
    case sorting = "sorting on the server is not offered yet"
    case scripting = "there are no scripts and functions"
    case modules = "there are no modules"
    case databases = "there is one database, 0"
    case replication = "nodes replicate by themselves; nodectl shows and moves leadership"
    case files = "every write is in the log on disk before it is answered; there are no dumps to save"
    case migration = "keys do not move between servers"
    case slots = "every node has all slots, and none ever moves"
    case membership = "members are in the nodes' settings; nodectl shows and moves leadership"
    case users = "who may log in is in the token files that the node's settings name (auth.client-token-file)"
    case settings = "settings are in the node's file"
    case debugging = "it looks into a process of redis-server"
    case operation = "nodectl and the admin port start, stop and watch nodes"
    case monitoring = "no client is shown what others ask; /metrics on the admin port has figures"
    case caching = "clients' caches are not told of changes"
    case pausing = "one client does not stop the others"
    case entertainment = "it is for fun"
}

enum UnsupportedCommand {
    /// The reason for a command (`xadd`), or for a subcommand of one that there is (`cluster|meet`). Nil for what
    /// there is, and for what Redis does not have either.
    static func reason(_ name: String) -> WhyUnsupported? { reasons[name] }

    /// All names, in order.
    static var names: [String] { reasons.keys.sorted() }

    private static let reasons: [String: WhyUnsupported] = {
        var found: [String: WhyUnsupported] = [:]
        for (why, names) in table {
            for name in names.split(separator: " ") { found[String(name)] = why }
        }
        return found
    }()

    private static let table: [(WhyUnsupported, String)] = [
        (
            .streams,
            """
            xack xadd xautoclaim xclaim xdel xgroup xinfo xlen xpending xrange xread xreadgroup xrevrange xsetid xtrim
            """
        ),
        (
            .geo,
            """
            geoadd geodist geohash geopos georadius georadius_ro georadiusbymember georadiusbymember_ro geosearch \
            geosearchstore
            """
        ),
        (.hyperloglog, "pfadd pfcount pfdebug pfmerge pfselftest"),
        (.bitfields, "bitfield bitfield_ro"),
        (.sorting, "sort sort_ro"),
        (.scripting, "eval eval_ro evalsha evalsha_ro fcall fcall_ro function script"),
        (.modules, "module"),
        (.databases, "move swapdb"),
        (.replication, "failover psync replconf replicaof slaveof sync"),
        (.files, "bgrewriteaof bgsave lastsave save"),
        (.migration, "migrate restore-asking"),
        (
            .slots,
            """
            cluster|addslots cluster|addslotsrange cluster|delslots cluster|delslotsrange cluster|flushslots \
            cluster|setslot
            """
        ),
        (
            .membership,
            """
            cluster|bumpepoch cluster|count-failure-reports cluster|failover cluster|forget cluster|links cluster|meet \
            cluster|replicate cluster|reset cluster|saveconfig cluster|set-config-epoch sentinel|config \
            sentinel|debug sentinel|failover sentinel|flushconfig sentinel|info-cache sentinel|monitor \
            sentinel|pending-scripts sentinel|remove sentinel|reset sentinel|set sentinel|simulate-failure
            """
        ),
        (.users, "acl|deluser acl|genpass acl|load acl|log acl|save acl|setuser"),
        (.settings, "config|resetstat config|rewrite"),
        (.debugging, "debug"),
        (.operation, "shutdown"),
        (.monitoring, "latency monitor slowlog"),
        (.caching, "client|caching client|tracking client|trackinginfo"),
        (.pausing, "client|pause client|unpause"),
        (.entertainment, "lolwut"),
    ]
}
