// From a request to its answer: who may, what it says, and what the node is asked to do.

import JSON
import Telemetry
import Vocabulary

/// The routes over one reading of the board. A value that is made for each request; it decides and does nothing.
struct AdminRouter {
    /// What becomes of a request.
    enum Outcome: Equatable, Sendable {
        case answer(HTTPResponse)
        /// A wrong or missing token: the answer may have to wait. `isFailure` is false when none was sent.
        case unauthorized(HTTPResponse, isFailure: Bool)
        /// It is about a node that is to join.
        case office(OfficeOrder)
        /// The node is asked; its outcome becomes the answer through `AdminRouter.response(to:)`.
        case ask(OperatorRequest)
    }

    let status: NodeStatus
    let metrics: Metrics
    let counters: AdminCounters
    /// The age of the reactor's last turn; nil before its first.
    let beatAge: Duration?
    /// Who is asking, and from where.
    let identity: AdminTokens.Identity
    let address: NetworkAddress?
    /// Whose addresses may read metrics; empty allows all.
    let metricsAllowed: [AddressRange]
    let hasTestHooks: Bool

    func outcome(of request: HTTPRequest) -> Outcome {
        guard let route = Route(rawValue: request.path), hasTestHooks || !route.isTestHook else {
            return .answer(AdminRouter.notFound(request.path))
        }
        guard route.takes(request.method) else {
            return .answer(AdminRouter.notAllowed(route))
        }
        if let refusal = refusal(of: route) { return refusal }
        switch route {
        case .health: return .answer(HTTPResponse(200, json: Array(#"{"status":"ok"}"#.utf8)))
        case .ready: return .answer(readiness(request))
        case .readyLeader: return .answer(readyLeader)
        case .readyReads: return .answer(readyReads)
        case .metrics: return .answer(exposition)
        case .status: return .answer(HTTPResponse(200, json: status.json()))
        case .vitals: return .answer(HTTPResponse(status.health == .unavailable ? 503 : 200, json: status.healthJSON()))
        case .failover: return failover(request)
        case .repair: return repair(request)
        case .indexVerify: return indexes(request) { .proveIndexes($0) }
        case .indexRebuild: return indexes(request) { .rebuildIndexes($0) }
        case .snapshot: return snapshot(request)
        case .backups: return .ask(.backup)
        case .compact: return compact(request)
        case .quiesce: return quiesce(request)
        case .memberAdd, .memberPromote, .memberRemove, .memberReplace: return members(route, request)
        case .memberToken: return memberToken(request)
        case .join: return join(request)
        case .authority: return .office(.authority)
        case .testCorrupt: return corruptRecord(request)
        case .reload: return .ask(.reload)
        case .openapi:
            let routes = Route.all(withTestHooks: hasTestHooks)
            return .answer(HTTPResponse(200, json: OpenAPI.document(of: routes, version: status.version)))
        case .page: return .answer(HTTPResponse(200, contentType: "text/html; charset=utf-8", body: StatusPage.html))
        case .script: return .answer(HTTPResponse(200, contentType: "text/javascript", body: StatusPage.script))
        case .style: return .answer(HTTPResponse(200, contentType: "text/css", body: StatusPage.style))
        }
    }

    // Admission.

    private func refusal(of route: Route) -> Outcome? {
        let isMonitoring = route == .metrics || route == .vitals && identity == .metrics
        if isMonitoring, !metricsAllowed.isEmpty, !isMetricsAddress {
            return .answer(
                .error(
                    403, "address_not_allowed", "metrics may not be read from this address",
                    remedy: "add the address to the allow-list of the metrics"))
        }
        switch (route.admission, identity) {
        case (.nobodyIsAsked, _), (.joinToken, _), (_, .admin), (.metrics, .metrics): return nil
        case (.admin, .metrics):
            return .answer(
                .error(403, "forbidden", "a metrics token reads metrics and health only", remedy: "use an admin token"))
        case (_, .nobody): return .unauthorized(AdminRouter.unauthorized(isKnown: false), isFailure: false)
        case (_, .unknown): return .unauthorized(AdminRouter.unauthorized(isKnown: true), isFailure: true)
        }
    }

    private var isMetricsAddress: Bool {
        address.map { address in metricsAllowed.contains { $0.contains(address) } } ?? false
    }

    private static func unauthorized(isKnown wasSent: Bool) -> HTTPResponse {
        var response = HTTPResponse.error(
            401, wasSent ? "invalid_token" : "no_token",
            wasSent ? "the token is not valid" : "this needs a token",
            remedy: "send `Authorization: Bearer TOKEN` with a token of this cluster")
        response.fields = [
            HTTPField(
                name: "WWW-Authenticate",
                value: wasSent ? #"Bearer realm="trireme", error="invalid_token""# : #"Bearer realm="trireme""#)
        ]
        return response
    }

    static func notFound(_ path: String) -> HTTPResponse {
        .error(404, "not_found", "there is nothing at this path", remedy: "see /v1/openapi.json for what there is")
    }

    private static func notAllowed(_ route: Route) -> HTTPResponse {
        var response = HTTPResponse.error(
            405, "method_not_allowed", "\(route.rawValue) does not take this method", remedy: "use \(route.allowed)")
        response.fields = [HTTPField(name: "Allow", value: route.allowed)]
        return response
    }

    // Readiness.

    private func readiness(_ request: HTTPRequest) -> HTTPResponse {
        switch request.parameter("check") {
        case nil: readinessBody(status.readiness.isReady)
        case "leader": readyLeader
        case "reads": readyReads
        default:
            .error(400, "unknown_check", "there is no check of this name", remedy: "use check=leader or check=reads")
        }
    }

    private var readyLeader: HTTPResponse { readinessBody(status.role == .leader && status.readiness.isReady) }
    private var readyReads: HTTPResponse { readinessBody(status.readiness.mayServeReads) }

    private func readinessBody(_ isReady: Bool) -> HTTPResponse {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("ready", isReady)
            writer.member("id", status.id.description)
            writer.member("role", status.role.rawValue)
            writer.member("leader", status.leader?.description)
            writer.member("serves_reads", status.readiness.mayServeReads)
            writer.member("lag_entries", status.lagEntries)
            writer.member("lag_ms", status.lag?.milliseconds)
            writer.member("archive_lag_ms", status.archive.location == nil ? nil : status.archive.lag.milliseconds)
            writer.member("archive_failing", status.archive.failure != nil)
            writer.member("maintenance", status.isInMaintenance)
            writer.member("phase", status.progress.phase.rawValue)
            writer.member("progress") { status.progress.write(to: &$0) }
            writer.member("reasons") { status.readiness.writeReasons(to: &$0) }
        }
        return HTTPResponse(isReady ? 200 : 503, json: writer.bytes)
    }

    // Metrics.

    private var exposition: HTTPResponse {
        var writer = PrometheusWriter()
        counters.added(to: metrics).write(with: status, to: &writer)
        counters.write(to: &writer)
        if let beatAge {
            writer.single(
                "trireme_loop_age_seconds", .gauge, "Since the node's loop last turned.", beatAge.inSeconds)
        }
        return HTTPResponse(200, contentType: "text/plain; version=0.0.4; charset=utf-8", body: writer.bytes)
    }
}
