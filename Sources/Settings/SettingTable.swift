// The one table of settings: file keys, variables, flags, defaults, bounds and the reference all derive from it.

import Vocabulary

/// Every setting of a node. The order is that of the reference.
enum SettingTable {
    // Who the node is.
    static let node = Setting(
        "node.id", .node, .required,
        """
        The node's name: one of `members`, and a name in its certificate. Another data directory takes it over only by \
        `nodectl members replace`.
        """)
    static let joins = Setting(
        "node.joins", .flag, .value("false"),
        """
        Whether the node joins a cluster that runs: it is a member once the others have it in their log \
        (`nodectl members add`), and `members` says only where to find them. False for the nodes that begin a cluster \
        together. Without effect once the node has heard of its cluster's members.
        """)
    static let cluster = Setting(
        "cluster.id", .cluster, .required,
        "Names the cluster for ever; the same on every node. Every segment and every peer conversation carries it.")
    static let clusterName = Setting(
        "cluster.name", .name, .value("trireme"), "The cluster's name for people and for discovery (`SENTINEL`).")
    static let members = Setting(
        "members", .members, .required,
        """
        The nodes that begin the cluster, this one included, the same list on every node; what a member is later is \
        a matter of the log, and changed with `nodectl members`. `peer` is where the other nodes \
        reach a node; `client` is the name and port that discovery tells clients, which must be in its certificate; \
        `client-plaintext` the same for clients without TLS; `admin` where operators reach it.
        """)

    // Where it keeps things.
    static let dataDirectory = Setting(
        "data.directory", .path, .required,
        "Holds the node's identity and log. Made with mode 0700 when missing. One process at a time."
    ).isPath()
    static let logDirectory = Setting(
        "log.directory", .path, .absent("`log` in `data.directory`"),
        "Holds the log's segments, for a device of their own."
    ).isPath()

    // Where it listens.
    static let listenClient = Setting(
        "listen.client", .address, .required, "Clients' port: Redis protocol in TLS.")
    static let listenClientPlaintext = Setting(
        "listen.client-plaintext", .address, .absent("no such port"),
        "A second port for clients, without TLS. On a loopback address only.")
    static let listenPeer = Setting(
        "listen.peer", .address, .required, "The other nodes' port: mutual TLS.")
    static let listenAdmin = Setting(
        "listen.admin", .address, .required, "Operators' port: HTTPS for `nodectl`, metrics and the dashboard.")

    // Whom it trusts.
    static let tls = TLSTable.common
    static let tlsMinimum = Setting<TLSVersionMin>(
        "tls.minimum", .choice, .value("1.3"), "The oldest TLS version that any port speaks.")
    static let authorityKey = Setting(
        "tls.authority-key", .path, .absent("this node lets nobody in by a join token"),
        """
        The private key of the first certificate of `tls.authority` (PEM, mode 0600). A leader that has it signs the \
        certificates of nodes that join by a token. Who reads it can be any node.
        """
    ).isPath()
    static let authRequired = Setting(
        "auth.required", .flag, .value("true"),
        "Whether clients must log in. False only while every client port is on a loopback address.")
    static let clientTokens = Setting(
        "auth.client-token-file", .path, .absent("the admin tokens alone"),
        """
        Tokens that log a client in, one in each line. The tokens of `auth.admin-token-file` do so too. Token \
        files have mode 0600 and are read again on SIGHUP.
        """
    ).isPath()
    static let adminTokens = Setting(
        "auth.admin-token-file", .path, .required, "Tokens that may do everything on the admin port."
    ).isPath()
    static let metricsTokens = Setting(
        "auth.metrics-token-file", .path, .absent("the admin tokens alone"),
        "Tokens that may read `/metrics` and `/v1/health`, and nothing else."
    ).isPath()

    // How it agrees with the others.
    static let electionMin = Setting(
        "election.timeout-min", .duration(.milliseconds(10) ... .seconds(3600)), .value("150ms"),
        "A follower waits at least this long for its leader. At least three heartbeat intervals. Same on every node.")
    static let electionMax = Setting(
        "election.timeout-max", .duration(.milliseconds(12) ... .seconds(3600)), .value("300ms"),
        """
        A follower waits at most this long; a leader without a majority, or whose disk stalls this long, steps down. \
        At least 1.2 times the minimum. Same on every node.
        """)
    static let heartbeat = Setting(
        "heartbeat.interval", .duration(.milliseconds(1) ... .seconds(1200)), .value("40ms"),
        "How often a leader without other messages shows that it lives.")
    static let probeDelay = Setting(
        "election.probe-delay-max", .duration(.zero ... .seconds(60)), .value("10ms"),
        """
        A follower whose leader's port refuses connections stands for election within this time, at random. Shorter \
        than `election.timeout-min`.
        """)
    static let peerInflight = Setting(
        "peer.inflight-bytes-max", .size(.kibibytes(64) ... .mebibytes(1024)), .value("4MiB"),
        "Bytes of log under way to one follower, not yet acknowledged.")
    static let appendBytes = Setting(
        "peer.append-bytes-max", .size(.kibibytes(4) ... .mebibytes(64)), .value("1MiB"),
        "Bytes of log in one message to a follower. At most `peer.inflight-bytes-max`. One frame always goes.")
    static let catchUpRate = Setting(
        "peer.catch-up-rate", .size(.kibibytes(64) ... .mebibytes(65536)), .value("16MiB"),
        """
        Bytes of log per second that a leader reads back for followers that are far behind, for all of them together, \
        while it serves clients; eight times what these write, if that is more. Without clients there is no limit.
        """)
    static let uncommitted = Setting(
        "peer.uncommitted-bytes-max", .size(.kibibytes(64) ... .mebibytes(4096)), .value("64MiB"),
        "Bytes of entries without a majority at which a leader takes no more until some have one.")
    static let hold = Setting(
        "request.hold-timeout", .duration(.milliseconds(10) ... .seconds(60)), .value("2s"),
        "How long a request waits for a leader before it is answered `-TRYAGAIN` or `-CLUSTERDOWN`.")
    static let request = Setting(
        "request.timeout", .duration(.milliseconds(100) ... .seconds(600)), .value("10s"),
        """
        How long a write waits for its majority once it was sent or logged, before it is answered `-UNKNOWNRESULT`. At \
        least `request.hold-timeout`.
        """)

    // The log.
    static let segmentSize = Setting(
        "log.segment-size", .size(.kibibytes(64) ... .mebibytes(1024)), .value("64MiB"),
        "Size of a segment file. Larger entries get a segment of their own.")
    static let logReserve = Setting(
        "log.reserve", .size(.mebibytes(1) ... .mebibytes(65536)), .value("64MiB"),
        """
        Space on the log's file system that no segment is made from: left for repair and for whoever frees space. When \
        the log has no room but what votes need, writes are refused with `-NOSPACE`.
        """)
    static let logRetain = Setting(
        "log.retain", .size(.kibibytes(64) ... .mebibytes(1 << 20)), .value("256MiB"),
        """
        Log that is kept although the newest snapshot covers it, for followers that fall behind; one that falls \
        further behind is sent the snapshot instead. At least `peer.inflight-bytes-max`. Given up while the \
        disk is full.
        """)
    static let scrubRate = Setting(
        "log.scrub-rate", .size(.kibibytes(64) ... .mebibytes(4096)), .value("4MiB"),
        """
        How much of the log's older segments, and then of the snapshots, is read again in a second, in search of \
        damage. A node that finds some rebuilds its log from the others, or writes another snapshot.
        """)
    static let scrubInterval = Setting(
        "log.scrub-interval", .duration(.milliseconds(100) ... .seconds(2_592_000)), .value("3600s"),
        "The pause between two such passes.")
    static let compression = Setting<LogCompression>(
        "log.compression", .choice, .value("lz4"), "How frames that shrink by it are compressed.")
    static let batchBytes = Setting(
        "batch.bytes-max", .size(.kibibytes(4) ... .mebibytes(64)), .value("1MiB"),
        "Bytes of commands that one frame gathers. One command always goes, however large.")

    // The machine.
    static let cpuLatency = Setting(
        "cpu.latency-max", .duration(.zero ... .seconds(1)), .absent("as the system has it"),
        """
        While requests or entries come in, sleeping cores of this machine take at most this long to wake: `0s` makes \
        them poll, so that a lone write is faster and idle cores use power. Needs `/dev/cpu_dma_latency`.
        """)

    static let memoryMax = Setting(
        "memory.max", .size(.mebibytes(1) ... .mebibytes(16_777_216)), .absent("no limit"),
        """
        What the keyspace may take in memory. When it takes more on the leader, commands that may make it larger are \
        answered `-OOM` on every node until keys are removed; nothing is evicted. Leave room beside it for the process \
        itself. Same on every node. `CONFIG SET maxmemory` changes it until the node ends.
        """)

    // What clients may cost.
    static let requestSize = Setting(
        "client.request-size-max", .size(.kibibytes(16) ... .mebibytes(512)), .value("64MiB"),
        "The largest argument of a request, and so the largest value.")
    static let arguments = Setting(
        "client.arguments-max", .count(16...16_777_216), .value("1048576"), "Arguments of one request.")
    static let connections = Setting(
        "client.connections-max", .count(1...1_000_000), .value("10000"),
        "Client connections of all ports together. Needs as many open descriptors, and some more.")
    static let outputBuffer = Setting(
        "client.output-buffer-max", .size(.kibibytes(64) ... .mebibytes(4096)), .value("128MiB"),
        """
        Replies waiting for one client that reads slowly; above it nothing more is taken from it. At least \
        `client.request-size-max`.
        """)
    static let outputTimeout = Setting(
        "client.output-timeout", .duration(.milliseconds(100) ... .seconds(3600)), .value("60s"),
        "A client that does not read its replies for this long is disconnected.")
    static let loginTimeout = Setting(
        "client.login-timeout", .duration(.milliseconds(100) ... .seconds(600)), .value("30s"),
        "A client that has not logged in within this time is disconnected.")

    static let keyEvents = Setting(
        "notify.keyspace-events", .keyEvents, .value(""),
        """
        Which events of keys this node publishes to its own subscribers, in the letters of Redis's \
        `notify-keyspace-events`: `KEA` for all. Empty: none. `CONFIG SET` changes it until the node ends.
        """)

    // What it tells.
    static let metricsAllow = Setting(
        "admin.metrics-allow", .addressRanges, .value(""),
        "Addresses that may read `/metrics`, with a token as well. None given: every address may.")
    static let logLevel = Setting<LogLevel>(
        "logging.level", .choice, .value("info"),
        "What is logged: warnings and errors want somebody to act. Read again on SIGHUP.")
    static let logFormat = Setting<LogStyle>(
        "logging.format", .choice, .value("logfmt"), "How lines on standard error look.")

    /// All of them, in the order of the reference.
    static let all: [SettingDeclaration] =
        [
            node.declaration, joins.declaration, cluster.declaration, clusterName.declaration, members.declaration,
            dataDirectory.declaration, logDirectory.declaration, listenClient.declaration,
            listenClientPlaintext.declaration, listenPeer.declaration, listenAdmin.declaration,
        ] + TLSTable.all + [
            tlsMinimum.declaration, authorityKey.declaration, authRequired.declaration, clientTokens.declaration,
            adminTokens.declaration, metricsTokens.declaration, electionMin.declaration, electionMax.declaration,
            probeDelay.declaration, heartbeat.declaration, peerInflight.declaration, appendBytes.declaration,
            catchUpRate.declaration, uncommitted.declaration, hold.declaration, request.declaration,
            segmentSize.declaration, logReserve.declaration, logRetain.declaration, scrubRate.declaration,
            scrubInterval.declaration, compression.declaration, batchBytes.declaration,
        ] + SnapshotTable.all + ArchiveTable.all + RetentionTable.all + [
            cpuLatency.declaration, memoryMax.declaration, requestSize.declaration,
            arguments.declaration, connections.declaration, outputBuffer.declaration, outputTimeout.declaration,
            loginTimeout.declaration, keyEvents.declaration, metricsAllow.declaration, logLevel.declaration,
            logFormat.declaration,
        ]

    static let byKey = Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0) })

    /// Names beginning like ours that are for tools and tests, and set nothing.
    static let environmentOfTools: Set<String> = ["TRIREME_PROGRAMS", "TRIREME_TEST_HOOKS", "TRIREME_MOTO"]
}

/// The certificate settings: one identity for all ports, and what replaces a part of it on one of them.
struct TLSTable {
    let certificate: Setting<String>
    let key: Setting<String>
    let authority: Setting<String>

    static let common = TLSTable(
        certificate: Setting(
            "tls.certificate", .path, .required,
            """
            The node's certificate chain (PEM). Its names include `node.id` and every name that clients use. \
            Read again on SIGHUP, like all certificates.
            """),
        key: Setting("tls.key", .path, .required, "The private key of `tls.certificate` (PEM, mode 0600)."),
        authority: Setting(
            "tls.authority", .path, .required,
            "Certificates of the authorities that sign the nodes' certificates (PEM)."))
    static let client = TLSTable("client", "the client port")
    static let peer = TLSTable("peer", "the peer port and connections to peers")
    static let admin = TLSTable("admin", "the admin port")

    static let all = [common, client, peer, admin].flatMap(\.declarations)

    private var declarations: [SettingDeclaration] {
        [certificate.declaration, key.declaration, authority.declaration]
    }

    private init(certificate: Setting<String>, key: Setting<String>, authority: Setting<String>) {
        self.certificate = certificate.isPath()
        self.key = key.isPath()
        self.authority = authority.isPath()
    }

    private init(_ port: String, _ words: String) {
        func part(_ name: String) -> Setting<String> {
            Setting("tls.\(port).\(name)", .path, .absent("`tls.\(name)`"), "Replaces `tls.\(name)` for \(words).")
        }
        self.init(certificate: part("certificate"), key: part("key"), authority: part("authority"))
    }
}
