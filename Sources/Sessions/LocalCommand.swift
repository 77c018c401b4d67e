// The commands that a session answers itself: about the connection, the node and the cluster, never about keys.

enum LocalCommand: String, CaseIterable {
    case acl, asking, changes
    case auth, client, cluster, command, config, discard, echo, exec, hello, ifversion, info, memory, multi, once, ping
    case psubscribe, publish, pubsub, punsubscribe, quit, readonly, readwrite, reset, role, select, sentinel, spublish
    case ssubscribe, subscribe, sunsubscribe, time, unsubscribe, unwatch, wait, waitaof, watch

    /// How many words the request has, the name included; negative for "at least".
    var arity: Int {
        switch self {
        case .asking, .discard, .exec, .multi, .readonly, .readwrite, .reset, .role, .time, .unwatch: 1
        case .echo, .select: 2
        case .publish, .spublish, .wait: 3
        case .waitaof: 4
        case .ifversion, .once: -4
        case .acl, .auth, .changes, .client, .cluster, .config, .memory, .psubscribe, .pubsub, .sentinel,
            .ssubscribe, .subscribe, .watch:
            -2
        case .command, .hello, .info, .ping, .punsubscribe, .quit, .sunsubscribe, .unsubscribe: -1
        }
    }

    func accepts(argumentCount count: Int) -> Bool { arity < 0 ? count >= -arity : count == arity }

    /// What is carried out between `MULTI` and `EXEC` and not queued.
    var isOfTransactions: Bool {
        switch self {
        case .discard, .exec, .multi, .quit, .reset, .watch: true
        default: false
        }
    }

    /// What tells something and changes nothing, so that it may be answered when it is queued.
    var mayBeQueued: Bool {
        switch self {
        case .acl, .cluster, .command, .config, .echo, .info, .ping, .role, .select, .sentinel, .time, .unwatch: true
        default: false
        }
    }

    /// What a client may say before it has logged in.
    var isAllowedBeforeLogin: Bool {
        switch self {
        case .auth, .hello, .ping, .quit: true
        default: false
        }
    }

    /// What a client that speaks version 2 may say while it is subscribed to anything.
    var isAllowedWhileListening: Bool {
        switch self {
        case .ping, .psubscribe, .punsubscribe, .quit, .reset, .ssubscribe, .subscribe, .sunsubscribe, .unsubscribe:
            true
        default: false
        }
    }

    /// Whether its second word names a command of its own.
    var hasSubcommands: Bool {
        switch self {
        case .acl, .changes, .client, .cluster, .command, .config, .memory, .pubsub, .sentinel: true
        default: false
        }
    }

    /// Redis's flags, those that speak of scripts and the like left out: there are none.
    var flags: [String] {
        switch self {
        case .acl, .changes, .client, .cluster, .config, .memory, .pubsub, .wait, .waitaof: []
        case .asking: ["fast"]
        case .auth, .hello, .quit: ["loading", "stale", "fast", "no_auth"]
        case .command, .exec, .info: ["loading", "stale"]
        case .discard, .echo, .multi, .readonly, .readwrite, .reset, .role, .select, .time, .unwatch, .watch:
            ["loading", "stale", "fast"]
        case .ifversion, .once: ["write", "denyoom", "movablekeys"]
        case .ping: ["fast", "no_auth"]
        case .sentinel: ["admin"]
        case .publish, .spublish: ["pubsub", "loading", "stale", "fast"]
        case .psubscribe, .punsubscribe, .ssubscribe, .subscribe, .sunsubscribe, .unsubscribe:
            ["pubsub", "loading", "stale"]
        }
    }

    /// Redis's categories, but for those that follow from the flags.
    var categories: [String] {
        switch self {
        case .asking, .command, .readonly, .readwrite, .wait, .waitaof: ["@connection"]
        case .info: ["@dangerous"]
        case .role: ["@admin", "@dangerous"]
        case .client: []
        default: group == "connection" ? ["@connection"] : group == "transactions" ? ["@transaction"] : []
        }
    }

    /// The category that all its subcommands have.
    var categoryOfSubcommands: String? { self == .client || self == .command ? "@connection" : nil }

    /// Where its keys or shard channels stand, which clients of a cluster route by: first, last (negative: counted from
    /// the end), step.
    var keys: (first: Int, last: Int, step: Int) {
        switch self {
        case .ssubscribe, .sunsubscribe, .watch: (1, -1, 1)
        case .ifversion, .spublish: (1, 1, 1)
        default: (0, 0, 0)
        }
    }

    var group: String {
        switch self {
        case .auth, .client, .echo, .hello, .ping, .quit, .reset, .select: "connection"
        case .asking, .cluster, .readonly, .readwrite: "cluster"
        case .psubscribe, .publish, .pubsub, .punsubscribe, .spublish, .ssubscribe, .subscribe, .sunsubscribe,
            .unsubscribe:
            "pubsub"
        case .sentinel: "sentinel"
        case .discard, .exec, .multi, .unwatch, .watch: "transactions"
        case .ifversion, .once, .wait, .waitaof: "generic"
        case .acl, .changes, .command, .config, .info, .memory, .role, .time: "server"
        }
    }

    /// The version of Redis that brought it.
    var since: String {
        switch self {
        case .auth, .echo, .info, .ping, .quit, .select: "1.0.0"
        case .exec, .multi: "1.2.0"
        case .unwatch, .watch: "2.2.0"
        case .config, .discard, .psubscribe, .publish, .punsubscribe, .subscribe, .unsubscribe: "2.0.0"
        case .client: "2.4.0"
        case .time: "2.6.0"
        case .pubsub: "2.8.0"
        case .sentinel: "2.8.4"
        case .role: "2.8.12"
        case .command: "2.8.13"
        case .asking, .cluster, .readonly, .readwrite, .wait: "3.0.0"
        case .memory: "4.0.0"
        case .acl, .hello: "6.0.0"
        case .reset: "6.2.0"
        case .changes, .ifversion, .once, .spublish, .ssubscribe, .sunsubscribe: "7.0.0"
        case .waitaof: "7.2.0"
        }
    }

    var summary: String {
        switch self {
        case .acl: "Tells who may do what."
        case .asking: "Does nothing: no slot ever moves."
        case .auth: "Logs in with a token."
        case .changes: "Tells what was changed, in the order of the log, from an index on."
        case .client: "Tells about and sets up client connections."
        case .cluster: "Tells how the cluster is made up."
        case .command: "Tells about commands."
        case .config: "Tells the node's settings, and sets some of them."
        case .discard: "Forgets the commands since MULTI."
        case .echo: "Returns its argument."
        case .exec: "Carries out the commands since MULTI as one."
        case .hello: "Chooses the protocol's version, logs in and names the connection."
        case .ifversion: "Carries out a command only if a key has a version."
        case .info: "Tells about the node."
        case .memory: "Tells what a key, and what the keyspace takes in memory."
        case .multi: "Begins a transaction."
        case .once: "Carries out a command whose outcome can be asked for again."
        case .ping: "Answers PONG, or its argument."
        case .psubscribe: "Listens to the channels that match patterns."
        case .publish: "Sends a message to all who listen to a channel, on every node."
        case .pubsub: "Tells who listens on this node."
        case .punsubscribe: "Stops listening to the channels that match patterns."
        case .quit: "Closes the connection."
        case .readonly: "Lets this connection read from the node as it is."
        case .readwrite: "Ends READONLY."
        case .reset: "Puts the connection back to where it began."
        case .role: "Tells whether the node leads."
        case .select: "Chooses the only database, 0."
        case .sentinel: "Tells where the leader is, for clients of Sentinel."
        case .spublish: "Sends a message to all who listen to a shard channel, on every node."
        case .ssubscribe: "Listens to shard channels."
        case .subscribe: "Listens to channels."
        case .sunsubscribe: "Stops listening to shard channels."
        case .time: "Tells the node's time."
        case .unsubscribe: "Stops listening to channels."
        case .unwatch: "Forgets the keys that are watched."
        case .watch: "Lets the next EXEC depend on keys that stay as they are."
        case .wait: "Waits until so many nodes have synced this connection's writes."
        case .waitaof: "Waits until so many nodes have synced this connection's writes."
        }
    }
}
