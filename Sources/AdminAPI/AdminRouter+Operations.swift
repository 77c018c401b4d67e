// Requests that the node carries out: their bodies, and its outcomes as answers.

import JSON
import Telemetry
import Vocabulary

extension AdminRouter {
    /// The body is empty or `{"to": "n2", "force": true}`, both optional.
    func failover(_ request: HTTPRequest) -> Outcome {
        let target: NodeID?
        let isForced: Bool
        do throws(JSONError) {
            (target, isForced) = try AdminRouter.failoverBody(request.body)
        } catch {
            return AdminRouter.badBody(error, remedy: #"send nothing, or {"to": "NODE"}"#)
        }
        if let target, target != status.id, !status.peers.contains(where: { $0.id == target }) {
            return .answer(
                .error(
                    404, "no_such_node", "\(target) is not a member of the cluster",
                    remedy: "see `nodectl status` for the members"))
        }
        return .ask(.failover(target: target, isForced: isForced))
    }

    private static func failoverBody(_ body: [UInt8]) throws(JSONError) -> (target: NodeID?, isForced: Bool) {
        var target: NodeID?
        var isForced = false
        for (name, value) in try AdminRouter.members(of: body) {
            switch (name, value) {
            case ("to", .null): target = nil
            case ("to", .text(let text)):
                guard let node = NodeID(text) else { throw JSONError(what: "\"to\" is not a node's id", offset: 0) }
                target = node
            case ("to", _): throw JSONError(what: "\"to\" is not a text", offset: 0)
            case ("force", .flag(let flag)): isForced = flag
            case ("force", _): throw JSONError(what: "\"force\" is neither true nor false", offset: 0)
            default: throw JSONError(what: "a field that this request does not have", offset: 0)
            }
        }
        return (target, isForced)
    }

    /// The body is empty or `{"force": true}`.
    func repair(_ request: HTTPRequest) -> Outcome {
        do throws(JSONError) {
            var isForced = false
            for (name, value) in try AdminRouter.members(of: request.body) {
                switch (name, value) {
                case ("force", .flag(let flag)): isForced = flag
                case ("force", _): throw JSONError(what: "\"force\" is neither true nor false", offset: 0)
                default: throw JSONError(what: "a field that this request does not have", offset: 0)
                }
            }
            return .ask(.repair(isForced: isForced))
        } catch {
            return AdminRouter.badBody(error, remedy: #"send nothing, or {"force": true}"#)
        }
    }

    /// The body is empty, for all indexes, or `{"index": "NAME"}`.
    func indexes(_ request: HTTPRequest, _ asked: (String?) -> OperatorRequest) -> Outcome {
        do throws(JSONError) {
            var index: String?
            for (name, value) in try AdminRouter.members(of: request.body) {
                switch (name, value) {
                case ("index", .null): index = nil
                case ("index", .text(let text)): index = text
                case ("index", _): throw JSONError(what: "\"index\" is not a text", offset: 0)
                default: throw JSONError(what: "a field that this request does not have", offset: 0)
                }
            }
            return .ask(asked(index))
        } catch {
            return AdminRouter.badBody(error, remedy: #"send nothing, or {"index": "NAME"}"#)
        }
    }

    /// The body is empty or `{"wait": false}`.
    func snapshot(_ request: HTTPRequest) -> Outcome {
        do throws(JSONError) {
            var waits = true
            for (name, value) in try AdminRouter.members(of: request.body) {
                switch (name, value) {
                case ("wait", .flag(let flag)): waits = flag
                case ("wait", _): throw JSONError(what: "\"wait\" is neither true nor false", offset: 0)
                default: throw JSONError(what: "a field that this request does not have", offset: 0)
                }
            }
            return .ask(.snapshot(waits: waits))
        } catch {
            return AdminRouter.badBody(error, remedy: #"send nothing, or {"wait": false}"#)
        }
    }

    /// The body is `{"key": "KEY"}`, perhaps with `"hidden": true`.
    func corruptRecord(_ request: HTTPRequest) -> Outcome {
        do throws(JSONError) {
            var key: String?
            var isHidden = false
            for (name, value) in try AdminRouter.members(of: request.body) {
                switch (name, value) {
                case ("key", .text(let text)): key = text
                case ("hidden", .flag(let flag)): isHidden = flag
                default: throw JSONError(what: "a field that this request does not have", offset: 0)
                }
            }
            guard let key else { throw JSONError(what: "no \"key\" that is a text", offset: 0) }
            return .ask(.corruptRecord(key: Array(key.utf8), isHidden: isHidden))
        } catch {
            return AdminRouter.badBody(error, remedy: #"send {"key": "KEY"}, or {"key": "KEY", "hidden": true}"#)
        }
    }

    static func badBody(_ error: JSONError, remedy: String) -> Outcome {
        .answer(
            .error(
                400, "bad_body", "the body is not valid: \(error.what) (at byte \(error.offset))", remedy: remedy))
    }

    /// The members of an object; none for an empty body.
    static func members(
        of body: [UInt8]
    ) throws(JSONError) -> [(name: String, value: JSONValue)] {
        if body.isEmpty { return [] }
        guard case .object(let members) = try JSONReader.value(of: body) else {
            throw JSONError(what: "not an object", offset: 0)
        }
        return members
    }

    /// What the node made of a request.
    static func response(to outcome: OperatorOutcome) -> HTTPResponse {
        switch outcome {
        case .done(let facts): HTTPResponse(200, json: done(facts))
        case .notLeader(let leader):
            .error(
                409, "not_leader", "this node does not lead",
                remedy: leader.map { "ask \($0)" } ?? "wait until there is a leader, then ask it",
                facts: leader.map { [HTTPField(name: "leader", value: $0.description)] } ?? [])
        case .refused(let reason, let override):
            .error(
                409, "refused", reason,
                remedy: override.map { "if you accept that, send \"\($0)\": true" } ?? "put right what it names",
                facts: override.map { [HTTPField(name: "override", value: $0)] } ?? [])
        case .failed(let reason, let remedy): .error(500, "failed", reason, remedy: remedy.text)
        case .timedOut:
            .error(
                504, "timed_out", "the operation did not end in time and may still come about",
                remedy: "see `nodectl status` for what became of it")
        }
    }

    /// Too many requests wait for the node.
    static let busy = HTTPResponse.error(
        503, "busy", "too many operations wait for this node", remedy: "try again when some are done")

    private static func done(_ facts: [OperatorFact]) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("result", "done")
            for fact in facts {
                switch fact.value {
                case .text(let text): writer.member(fact.name, text)
                case .number(let number): writer.member(fact.name, number)
                case .decimal(let number): writer.member(fact.name, number)
                case .flag(let flag): writer.member(fact.name, flag)
                }
            }
        }
        return writer.bytes
    }
}
