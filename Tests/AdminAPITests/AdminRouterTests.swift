// The routes as a function: who may what, and what each says.

import ByteCoding
import Foundation
import Telemetry
import Platform
import Testing
import Vocabulary

@testable import AdminAPI

@Suite struct AdminRouterTests {
    private let n1 = NodeID("n1")!
    private let n2 = NodeID("n2")!

    private var ready: NodeStatus {
        var status = NodeStatus(id: n1)
        status.role = .leader
        status.leader = n1
        status.progress.phase = .ready
        status.readiness = Readiness(reasons: [], mayServeReads: true)
        status.peers = [PeerStatus(id: n2, isConnected: true)]
        return status
    }

    private func outcome(
        _ method: String, _ target: String, as identity: AdminTokens.Identity = .admin, status: NodeStatus? = nil,
        body: String = "", from address: String = "127.0.0.1", allowed: [AddressRange] = [], hooks: Bool = false
    ) -> AdminRouter.Outcome {
        let parts = target.split(separator: "?", maxSplits: 1)
        let request = HTTPRequest(
            method: method, path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : "", fields: [],
            body: Array(body.utf8), keepsAlive: true)
        let router = AdminRouter(
            status: status ?? ready, metrics: Metrics(), counters: AdminCounters(), beatAge: .milliseconds(5),
            identity: identity, address: NetworkAddress(address), metricsAllowed: allowed,
            hasTestHooks: hooks)
        return router.outcome(of: request)
    }

    private var joinToken: String {
        let token = JoinToken(
            node: NodeID("n4")!, asVoter: true, expiry: .zero, fingerprint: String(repeating: "a", count: 64),
            number: 1,
            addresses: ["h:1"]
        ) { _ in [UInt8](repeating: 1, count: 32) }
        return token!.text
    }

    private func code(_ outcome: AdminRouter.Outcome) -> Int {
        switch outcome {
        case .answer(let response), .unauthorized(let response, _): response.status
        case .ask: 202
        case .office(.authority): 200
        case .office: 202
        }
    }

    private func object(_ outcome: AdminRouter.Outcome) throws -> [String: Any] {
        guard case .answer(let response) = outcome else { return [:] }
        return try #require(try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
    }

    @Test func `every route lets in whom it should, and nobody else`() {
        for route in Route.allCases {
            let method = route.isGet ? "GET" : "POST"
            let address = #""id":"n4","peer":"h:1","client":"h:2""#
            let body =
                switch route {
                case .testCorrupt: #"{"key":"k"}"#
                case .memberAdd: "{\(address)}"
                case .memberPromote, .memberRemove, .memberToken: #"{"id":"n4"}"#
                case .join: "{\(address),\"token\":\"\(joinToken)\",\"request\":\"-\"}"
                case .memberReplace: #"{"id":"n2","with":{\#(address)}}"#
                default: ""
                }
            let codes = [AdminTokens.Identity.nobody, .unknown, .metrics, .admin].map {
                code(outcome(method, route.rawValue, as: $0, body: body, hooks: true))
            }
            let served = route.isGet ? 200 : 202
            switch route.admission {
            case .joinToken: #expect(codes == [202, 202, 202, 202], "\(route)")
            case .nobodyIsAsked: #expect(codes == [200, 200, 200, 200], "\(route)")
            case .metrics: #expect(codes == [401, 401, 200, 200], "\(route)")
            case .admin: #expect(codes == [401, 401, 403, served], "\(route)")
            }
        }
    }

    @Test func `only a wrong token counts as a failed login`() {
        guard case .unauthorized(_, false) = outcome("GET", "/v1/status", as: .nobody),
            case .unauthorized(_, true) = outcome("GET", "/v1/status", as: .unknown)
        else {
            Issue.record("not told apart")
            return
        }
    }

    @Test func `another method gets the list of those that are served`() {
        for route in Route.allCases {
            for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "get"] {
                let isServed =
                    route.isGet
                    ? method == "GET" || method == "HEAD"
                    : method == "POST" || route == .quiesce && method == "DELETE"
                #expect((code(outcome(method, route.rawValue, hooks: true)) == 405) == !isServed, "\(method) \(route)")
            }
        }
        guard case .answer(let response) = outcome("PUT", "/v1/failover") else { return }
        #expect(response.fields == [HTTPField(name: "Allow", value: "POST")])
    }

    @Test func `an unknown path is told so`() throws {
        for path in ["/nothing", "/v1", "/v1/status/", "/HEALTHZ", "//", "/v1/../metrics", "/%2e%2e"] {
            #expect(code(outcome("GET", path)) == 404)
        }
        let error = try #require(try object(outcome("GET", "/nothing"))["error"] as? [String: String])
        #expect(error["code"] == "not_found")
        #expect(error["message"]?.isEmpty == false)
        #expect(error["remedy"]?.isEmpty == false)
    }

    @Test func `health says ok whatever the node is in`() throws {
        let dead = NodeStatus(id: n1)
        guard case .answer(let response) = outcome("GET", "/healthz", as: .nobody, status: dead) else { return }
        #expect(response.status == 200)
        #expect(response.body == Array(#"{"status":"ok"}"#.utf8))
    }

    @Test func `readiness, leadership and reads are three checks`() {
        var follower = ready
        follower.role = .follower
        var lagging = follower
        lagging.readiness = Readiness(reasons: [.lagging(entries: 9)], mayServeReads: true)
        var fenced = ready
        fenced.readiness = Readiness(reasons: [.fenced(why: "a test")], mayServeReads: false)
        for (status, expected) in [
            (ready, [200, 200, 200]), (follower, [200, 503, 200]), (lagging, [503, 503, 200]),
            (fenced, [503, 503, 503]),
        ] {
            #expect(
                ["/readyz", "/readyz/leader", "/readyz/reads"].map { code(outcome("GET", $0, status: status)) }
                    == expected)
            #expect(
                ["/readyz?x=y", "/readyz?check=leader", "/readyz?x&check=reads"].map {
                    code(outcome("GET", $0, status: status))
                } == expected)
        }
        #expect(code(outcome("GET", "/readyz?check=other")) == 400)
    }

    @Test func `a start shows its phase, its progress and the reason`() throws {
        var status = NodeStatus(id: n1)
        status.progress = StartProgress(phase: .starting)
        status.progress.enter(.recovering, after: .milliseconds(3))
        status.progress.segmentsTotal = 4
        status.progress.segmentsScanned = 4
        status.progress.enter(.replaying, after: .milliseconds(1500))
        status.progress.entriesTotal = 3000
        status.progress.entriesReplayed = 1000
        status.progress.entriesPerSecond = 250_000
        status.readiness = Readiness(reasons: [.starting(.replaying)], mayServeReads: false)
        let answer = outcome("GET", "/readyz", as: .nobody, status: status)
        #expect(code(answer) == 503)
        let body = try object(answer)
        #expect(body["ready"] as? Bool == false)
        #expect(body["phase"] as? String == "replaying")
        let progress = try #require(body["progress"] as? [String: Any])
        #expect(progress["percent"] as? Double == 33.3)
        #expect(progress["segments_scanned"] as? Int == 4)
        #expect(progress["entries_per_second"] as? Double == 250_000)
        #expect(
            (progress["finished"] as? [[String: Any]])?.map { $0["phase"] as? String } == ["starting", "recovering"])
        let reasons = try #require(body["reasons"] as? [[String: String]])
        #expect(reasons.map { $0["code"] } == ["starting"])
        #expect(reasons[0]["message"] == "the node is starting: replaying")
    }

    @Test func `a start that loads a snapshot shows its speed and what is left of it`() throws {
        var status = NodeStatus(id: n1)
        status.progress = StartProgress(phase: .loading)
        (status.progress.recordsTotal, status.progress.recordsLoaded) = (4_000_000, 1_000_000)
        status.progress.elapsed = .seconds(2)
        status.readiness = Readiness(reasons: [.starting(.loading)], mayServeReads: false)
        let answer = outcome("GET", "/readyz", as: .nobody, status: status)
        #expect(code(answer) == 503)
        let body = try object(answer)
        #expect(body["phase"] as? String == "loading")
        let progress = try #require(body["progress"] as? [String: Any])
        #expect(progress["percent"] as? Double == 25)
        #expect(progress["unit"] as? String == "records")
        #expect(progress["per_second"] as? Double == 500_000)
        #expect(progress["seconds_left"] as? Double == 6)
        #expect(progress["records_loaded"] as? Int == 1_000_000)
    }

    @Test func `a state that is not sound stands in the reasons`() throws {
        var status = ready
        status.state = StateStatus(.diverged, text: "it differs", remedy: "wait")
        status.readiness = Readiness(reasons: [try #require(status.state.unreadyReason)], mayServeReads: false)
        let answer = outcome("GET", "/readyz", as: .nobody, status: status)
        #expect(code(answer) == 503)
        let reasons = try #require(try object(answer)["reasons"] as? [[String: String]])
        #expect(
            reasons == [
                ["code": "quarantined", "message": "the node is quarantined: it differs", "remedy": "wait"]
            ])
    }

    @Test func `metrics can be limited to addresses`() throws {
        let allowed = [try #require(AddressRange("10.0.0.0/8")), try #require(AddressRange("::1"))]
        #expect(code(outcome("GET", "/metrics", as: .metrics, from: "10.1.2.3", allowed: allowed)) == 200)
        #expect(code(outcome("GET", "/metrics", as: .admin, from: "::1", allowed: allowed)) == 200)
        #expect(code(outcome("GET", "/metrics", as: .admin, from: "127.0.0.1", allowed: allowed)) == 403)
        #expect(code(outcome("GET", "/v1/status", as: .admin, from: "127.0.0.1", allowed: allowed)) == 200)
        #expect(code(outcome("GET", "/v1/health", as: .metrics, from: "10.1.2.3", allowed: allowed)) == 200)
        #expect(code(outcome("GET", "/v1/health", as: .metrics, from: "127.0.0.1", allowed: allowed)) == 403)
        #expect(code(outcome("GET", "/v1/health", as: .admin, from: "127.0.0.1", allowed: allowed)) == 200)
    }

    @Test func `health is an error of the service only while the node serves nobody`() throws {
        #expect(try object(outcome("GET", "/v1/health", as: .metrics))["status"] as? String == "ok")
        var lagging = ready
        lagging.readiness = Readiness(reasons: [.lagging(entries: 9)], mayServeReads: true)
        let degraded = outcome("GET", "/v1/health", status: lagging)
        #expect(code(degraded) == 200)
        #expect(try object(degraded)["status"] as? String == "degraded")
        let answer = outcome("GET", "/v1/health", status: NodeStatus(id: n1))
        #expect(code(answer) == 503)
        #expect(try object(answer)["record_count"] is NSNull)
    }

    @Test func `a failover is asked for with what its body says`() {
        #expect(outcome("POST", "/v1/failover") == .ask(.failover(target: nil, isForced: false)))
        #expect(outcome("POST", "/v1/failover", body: "{}") == .ask(.failover(target: nil, isForced: false)))
        #expect(
            outcome("POST", "/v1/failover", body: #"{"to":"n2","force":true}"#)
                == .ask(.failover(target: n2, isForced: true)))
        #expect(outcome("POST", "/v1/reload") == .ask(.reload))
        for body in [
            "x", "[]", #""n2""#, #"{"to":2}"#, #"{"to":"N 2"}"#, #"{"force":1}"#, #"{"other":1}"#,
            #"{"to":"n1","to":"n2"}"#,
        ] {
            #expect(code(outcome("POST", "/v1/failover", body: body)) == 400, "\(body)")
        }
        #expect(code(outcome("POST", "/v1/failover", body: #"{"to":"n9"}"#)) == 404)
    }

    @Test func `a proof or a rebuild of indexes is asked for with what its body says`() {
        #expect(outcome("POST", "/v1/indexes/verify") == .ask(.proveIndexes(nil)))
        #expect(outcome("POST", "/v1/indexes/verify", body: #"{"index":"users"}"#) == .ask(.proveIndexes("users")))
        #expect(outcome("POST", "/v1/indexes/rebuild", body: "{}") == .ask(.rebuildIndexes(nil)))
        #expect(outcome("POST", "/v1/indexes/rebuild", body: #"{"index":"u"}"#) == .ask(.rebuildIndexes("u")))
        for path in ["/v1/indexes/verify", "/v1/indexes/rebuild"] {
            #expect(code(outcome("GET", path)) == 405)
            for body in ["x", "[]", #"{"index":2}"#, #"{"name":"users"}"#] {
                #expect(code(outcome("POST", path, body: body)) == 400, "\(body)")
            }
        }
    }

    @Test func `a snapshot is asked for with what its body says`() {
        #expect(outcome("POST", "/v1/snapshot") == .ask(.snapshot(waits: true)))
        #expect(outcome("POST", "/v1/snapshot", body: "{}") == .ask(.snapshot(waits: true)))
        #expect(outcome("POST", "/v1/snapshot", body: #"{"wait":false}"#) == .ask(.snapshot(waits: false)))
        #expect(code(outcome("GET", "/v1/snapshot")) == 405)
        for body in ["x", "[]", #"{"wait":1}"#, #"{"force":true}"#] {
            #expect(code(outcome("POST", "/v1/snapshot", body: body)) == 400, "\(body)")
        }
    }

    @Test func `a compaction is asked for with the parts that its body names`() {
        #expect(outcome("POST", "/v1/compact") == .ask(.compact([.snapshots, .log, .memory])))
        #expect(outcome("POST", "/v1/compact", body: #"{"parts":"log,memory"}"#) == .ask(.compact([.log, .memory])))
        for body in ["x", #"{"parts":""}"#, #"{"parts":"archive"}"#, #"{"parts":1}"#, #"{"part":"log"}"#] {
            #expect(code(outcome("POST", "/v1/compact", body: body)) == 400, "\(body)")
        }
    }

    @Test func `files are held for as long as the body says, and let go by a DELETE`() {
        #expect(outcome("POST", "/v1/quiesce") == .ask(.quiesce(seconds: 30)))
        #expect(outcome("POST", "/v1/quiesce", body: #"{"seconds":300}"#) == .ask(.quiesce(seconds: 300)))
        #expect(outcome("DELETE", "/v1/quiesce") == .ask(.endQuiesce))
        #expect(code(outcome("GET", "/v1/quiesce")) == 405)
        for body in [
            "x", #"{"seconds":0}"#, #"{"seconds":301}"#, #"{"seconds":1.5}"#, #"{"seconds":"1"}"#, #"{"for":1}"#,
        ] {
            #expect(code(outcome("POST", "/v1/quiesce", body: body)) == 400, "\(body)")
        }
    }

    @Test func `changes of members are asked for with what their bodies say`() {
        let address = #""id":"n4","peer":"h:1","client":"h:2""#
        let n4 = NodeID("n4")!
        var new = NewMember(id: n4, peer: "h:1", client: "h:2")
        #expect(
            outcome("POST", "/v1/members/add", body: "{\(address)}")
                == .ask(.changeMembers(.add(new, asVoter: false), isForced: false)))
        #expect(
            outcome("POST", "/v1/members/replace", body: #"{"id":"n2","with":{\#(address)},"force":true}"#)
                == .ask(.changeMembers(.replace(n2, with: new), isForced: true)))
        (new.clientPlaintext, new.admin) = ("h:3", "[::1]:4")
        let whole = #"{\#(address),"client_plaintext":"h:3","admin":"[::1]:4","promote":true}"#
        #expect(
            outcome("POST", "/v1/members/add", body: whole)
                == .ask(.changeMembers(.add(new, asVoter: true), isForced: false)))
        #expect(
            outcome("POST", "/v1/members/promote", body: #"{"id":"n4","when_caught_up":true}"#)
                == .ask(.changeMembers(.promote(n4, whenCaughtUp: true), isForced: false)))
        #expect(
            outcome("POST", "/v1/members/remove", body: #"{"id":"n4"}"#)
                == .ask(.changeMembers(.remove(n4), isForced: false)))
    }

    @Test(arguments: [
        "", "{}", #"{"id":"N4!"}"#, #"{"id":"n4","peer":"h","client":"h:2"}"#,
        #"{"id":"n4","peer":"h:0","client":"h:2"}"#,
        #"{"id":"n4","peer":":1","client":"h:2"}"#, #"{"id":"n4","peer":"h:1"}"#, #"{"id":"n4","with":{"id":"n5"}}"#,
        #"{"id":"n4","force":1}"#, #"{"id":"n4","peer":"h:1","client":"h:2","weight":1}"#,
    ])
    func `a body that says something else changes no members`(body: String) {
        for path in ["/v1/members/add", "/v1/members/replace"] {
            #expect(code(outcome("POST", path, body: body)) == 400, "\(path) \(body)")
        }
        #expect(code(outcome("GET", "/v1/members/remove")) == 405)
    }

    @Test func `a record is corrupted by tests alone, elsewhere there is no such path`() throws {
        let (path, body) = ("/v1/test/corrupt", #"{"key":"k\u00e9"}"#)
        #expect(
            outcome("POST", path, body: body, hooks: true)
                == .ask(.corruptRecord(key: Array("ké".utf8), isHidden: false)))
        #expect(
            outcome("POST", path, body: #"{"key":"k","hidden":true}"#, hooks: true)
                == .ask(.corruptRecord(key: Array("k".utf8), isHidden: true)))
        for wrong in ["", "{}", #"{"key":1}"#, #"{"record":"k"}"#, #"{"key":"k","force":true}"#] {
            #expect(code(outcome("POST", path, body: wrong, hooks: true)) == 400, "\(wrong)")
        }
        for method in ["POST", "GET", "PUT"] {
            for identity in [AdminTokens.Identity.admin, .nobody] {
                #expect(code(outcome(method, path, as: identity, body: body)) == 404)
            }
        }
        let listed = try #require(
            try object(outcome("GET", "/v1/openapi.json", hooks: true))["paths"] as? [String: Any])
        #expect(listed.keys.contains(path))
    }

    @Test func `each outcome of an operation has its status and its facts`() throws {
        let done = AdminRouter.response(
            to: .done([OperatorFact("leader", .text("n2")), OperatorFact("ms", .decimal(1.5))]))
        #expect(done.status == 200)
        #expect(done.body == Array(#"{"result":"done","leader":"n2","ms":1.5}"#.utf8))
        let elsewhere = AdminRouter.response(to: .notLeader(leader: n2))
        #expect(elsewhere.status == 409)
        #expect(String(decoding: elsewhere.body, as: UTF8.self).contains(#""leader":"n2""#))
        let refused = AdminRouter.response(to: .refused(reason: "n2 is behind", override: "force"))
        #expect(refused.status == 409)
        #expect(String(decoding: refused.body, as: UTF8.self).contains(#""override":"force""#))
        #expect(AdminRouter.response(to: .failed(reason: "x", remedy: .retry("y"))).status == 500)
        #expect(AdminRouter.response(to: .timedOut).status == 504)
    }

    @Test func `the OpenAPI document lists every route`() throws {
        let document = try object(outcome("GET", "/v1/openapi.json"))
        #expect(document["openapi"] as? String == "3.1.0")
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        let routes = Route.all(withTestHooks: false)
        #expect(Set(paths.keys) == Set(routes.map(\.rawValue)) && !paths.keys.contains("/v1/test/corrupt"))
        for route in routes {
            let methods = route.allowed.lowercased().split(separator: ",").map { $0.drop { $0 == " " } }
            #expect(Set(paths[route.rawValue]?.keys ?? [:].keys) == Set(methods.map(String.init)))
        }
    }

    @Test func `the page holds nothing from elsewhere and no token`() {
        for bytes in [StatusPage.html, StatusPage.script, StatusPage.style] {
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(!text.contains("http:") && !text.contains("https:") && !text.contains("localStorage"))
            #expect(!text.contains("innerHTML"))
        }
    }

    @Test func `tokens are told apart, and a second Authorization is nobody's`() {
        let tokens = AdminTokens(
            admin: [Array("secret-a".utf8), Array("secret-b".utf8), []], metrics: [Array("m".utf8)])
        func identity(_ values: String...) -> AdminTokens.Identity {
            let fields = values.map { HTTPField(name: "authorization", value: $0) }
            let request = HTTPRequest(method: "GET", path: "/", query: "", fields: fields, keepsAlive: true)
            return tokens.identity(of: request)
        }
        #expect(identity() == .nobody)
        #expect(identity("Bearer secret-a") == .admin)
        #expect(identity("bearer  secret-b") == .admin)
        #expect(identity("Bearer m") == .metrics)
        for wrong in ["Bearer", "Bearer ", "Basic secret-a", "secret-a", "Bearer secret", "Bearer secret-ab", ""] {
            #expect(identity(wrong) == .unknown, "\(wrong)")
        }
        #expect(identity("Bearer secret-a", "Bearer secret-a") == .unknown)
    }
}
