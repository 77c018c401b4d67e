// What the admin port offers: every path with its method, its guard and its sentence.

/// One path of the admin port. The router serves them and `/v1/openapi.json` lists them, both from here.
enum Route: String, CaseIterable, Sendable {
    case health = "/healthz"
    case ready = "/readyz"
    case readyLeader = "/readyz/leader"
    case readyReads = "/readyz/reads"
    case metrics = "/metrics"
    case status = "/v1/status"
    case vitals = "/v1/health"
    case failover = "/v1/failover"
    case repair = "/v1/repair"
    case indexVerify = "/v1/indexes/verify"
    case indexRebuild = "/v1/indexes/rebuild"
    case snapshot = "/v1/snapshot"
    case backups = "/v1/backups"
    case compact = "/v1/compact"
    case quiesce = "/v1/quiesce"
    case memberAdd = "/v1/members/add"
    case memberPromote = "/v1/members/promote"
    case memberRemove = "/v1/members/remove"
    case memberReplace = "/v1/members/replace"
    case memberToken = "/v1/members/tokens"
    case join = "/v1/join"
    case authority = "/v1/authority"
    case reload = "/v1/reload"
    case testCorrupt = "/v1/test/corrupt"
    case openapi = "/v1/openapi.json"
    case page = "/"
    case script = "/status.js"
    case style = "/status.css"

    /// Who may call it.
    enum Guard: Sendable {
        case nobodyIsAsked
        /// An admin or a metrics token.
        case metrics
        case admin
        /// Who has a join token, which is in the body.
        case joinToken
    }

    /// What a port with or without test hooks offers.
    static func all(withTestHooks: Bool) -> [Route] { allCases.filter { withTestHooks || !$0.isTestHook } }

    /// Damages the node on purpose: there is no such path but in a process that was started for a test.
    var isTestHook: Bool { self == .testCorrupt }

    var isGet: Bool {
        switch self {
        case .failover, .repair, .indexVerify, .indexRebuild, .snapshot, .backups, .compact, .quiesce: false
        case .reload, .testCorrupt: false
        case .memberAdd, .memberPromote, .memberRemove, .memberReplace, .memberToken, .join: false
        default: true
        }
    }

    /// Whether a request of this method is one of this path's.
    func takes(_ method: String) -> Bool {
        if isGet { return method == "GET" || method == "HEAD" }
        return method == "POST" || self == .quiesce && method == "DELETE"
    }

    var admission: Guard {
        switch self {
        case .health, .ready, .readyLeader, .readyReads, .page, .script, .style, .authority: .nobodyIsAsked
        case .metrics, .vitals: .metrics
        case .status, .failover, .repair, .indexVerify, .indexRebuild, .snapshot, .backups, .compact, .quiesce,
            .reload, .testCorrupt, .openapi:
            .admin
        case .memberAdd, .memberPromote, .memberRemove, .memberReplace, .memberToken: .admin
        case .join: .joinToken
        }
    }

    /// The methods, as an `Allow` header lists them.
    var allowed: String { isGet ? "GET, HEAD" : self == .quiesce ? "POST, DELETE" : "POST" }

    var summary: String {
        switch self {
        case .health: "Says that the process works. Does not depend on other nodes."
        case .ready: "Whether the node can serve clients; 503 with the reasons when it can not."
        case .readyLeader: "Whether the node leads and can serve; for load balancers."
        case .readyReads: "Whether the node may answer reads from its own state; for load balancers."
        case .metrics: "Metrics in the Prometheus text format."
        case .status: "What the node says of itself and of its peers."
        case .vitals: "Health, version, and the state's size, position and digest; 503 while the node serves nobody."
        case .failover: "Hands leadership over; answers when the new leader is known."
        case .repair:
            "Reads all of the log again, now and fast; a node that is damaged repairs itself. Status tells the rest."
        case .indexVerify:
            "Proves that secondary indexes equal their records; answers with the proof's number. Status tells the rest."
        case .indexRebuild:
            "Builds secondary indexes anew while those in service answer. Status tells how far they are."
        case .snapshot:
            "Has every node write a snapshot of the state as it is now; the leader answers when its own is durable."
        case .backups:
            "Has the leader store a backup of the state as it is now; answers with its index. Status tells the end."
        case .compact:
            "Makes this node's snapshots, log and memory smaller, while it serves. Status tells the end."
        case .quiesce:
            "Holds the node's files still for a bounded time, so that they can be copied; DELETE ends that early."
        case .memberAdd:
            "Adds a node, which is sent the log from then on; with `promote` it becomes a voter once it has caught up."
        case .memberPromote: "Makes a learner a voter, at once or when it has caught up."
        case .memberRemove: "Removes a voter or a learner."
        case .memberReplace:
            """
            Puts another node in a voter's place once it has caught up; with the same id, takes a node in anew that \
            lost its disk.
            """
        case .memberToken: "Makes a token by which one node of that name may join, once, until it expires."
        case .join:
            "Lets a node in that has a join token: signs its certificate, adds it, and answers with what it needs."
        case .authority: "The certificate of the authority that signs the nodes' certificates."
        case .testCorrupt: "Alters one record in this node's memory, for tests."
        case .reload: "Reads certificates, tokens and log level again, as SIGHUP does."
        case .openapi: "This document."
        case .page: "A page that shows the status; asks for a token."
        case .script, .style: "Part of the page."
        }
    }
}
