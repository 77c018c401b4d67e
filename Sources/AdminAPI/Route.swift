// What the admin port offers: every path with its method, its guard and its sentence.

/// One path of the admin port. The router serves them and `/v1/openapi.json` lists them, both from here.
enum Route: String, CaseIterable, Sendable {
    case health = "/healthz"
    case ready = "/readyz"
    case readyLeader = "/readyz/leader"
    case readyReads = "/readyz/reads"
    case metrics = "/metrics"
    case status = "/v1/status"
    case failover = "/v1/failover"
    case repair = "/v1/repair"
    case indexVerify = "/v1/indexes/verify"
    case indexRebuild = "/v1/indexes/rebuild"
    case snapshot = "/v1/snapshot"
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
    }

    /// What a port with or without test hooks offers.
    static func all(withTestHooks: Bool) -> [Route] { allCases.filter { withTestHooks || !$0.isTestHook } }

    /// Damages the node on purpose: there is no such path but in a process that was started for a test.
    var isTestHook: Bool { self == .testCorrupt }

    var isGet: Bool {
        ![.failover, .repair, .indexVerify, .indexRebuild, .snapshot, .reload, .testCorrupt].contains(self)
    }

    var admission: Guard {
        switch self {
        case .health, .ready, .readyLeader, .readyReads, .page, .script, .style: .nobodyIsAsked
        case .metrics: .metrics
        case .status, .failover, .repair, .indexVerify, .indexRebuild, .snapshot, .reload, .testCorrupt, .openapi:
            .admin
        }
    }

    /// The methods, as an `Allow` header lists them.
    var allowed: String { isGet ? "GET, HEAD" : "POST" }

    var summary: String {
        switch self {
        case .health: "Says that the process works. Does not depend on other nodes."
        case .ready: "Whether the node can serve clients; 503 with the reasons when it can not."
        case .readyLeader: "Whether the node leads and can serve; for load balancers."
        case .readyReads: "Whether the node may answer reads from its own state; for load balancers."
        case .metrics: "Metrics in the Prometheus text format."
        case .status: "What the node says of itself and of its peers."
        case .failover: "Hands leadership over; answers when the new leader is known."
        case .repair:
            "Reads all of the log again, now and fast; a node that is damaged repairs itself. Status tells the rest."
        case .indexVerify:
            "Proves that secondary indexes equal their records; answers with the proof's number. Status tells the rest."
        case .indexRebuild:
            "Builds secondary indexes anew while those in service answer. Status tells how far they are."
        case .snapshot:
            "Has every node write a snapshot of the state as it is now; the leader answers when its own is durable."
        case .testCorrupt: "Alters one record in this node's memory, for tests."
        case .reload: "Reads certificates, tokens and log level again, as SIGHUP does."
        case .openapi: "This document."
        case .page: "A page that shows the status; asks for a token."
        case .script, .style: "Part of the page."
        }
    }
}
