// A planned hand-over: asks the leader, follows it to another, and waits until the new leader answers.

import Foundation
import Platform
import Telemetry
import Vocabulary

/// How leadership went from one node to another.
public struct FailoverReport: Hashable, Sendable {
    public let from: String
    public let to: String
    public let term: UInt64
    /// For how long the old leader held requests, as it says; nil when it does not.
    public let pauseMilliseconds: Double?
    /// From the request to the new leader's own word.
    public let totalMilliseconds: Double

    public var text: String {
        if from == to { return "\(to) leads already in term \(term): nothing was done\n" }
        let pause = pauseMilliseconds.map { ", writes waited \($0.rounded(toPlaces: 1)) ms" } ?? ""
        return "leadership went from \(from) to \(to) in term \(term)\(pause), "
            + "\(totalMilliseconds.rounded(toPlaces: 1)) ms in all\n"
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("from", from)
            writer.member("to", to)
            writer.member("term", term)
            writer.member("pause_ms", pauseMilliseconds)
            writer.member("total_ms", totalMilliseconds)
        }
        return writer.bytes + [0x0A]
    }
}

extension ClusterView {
    /// Hands leadership over to `target`, or to the node that the leader finds best.
    ///
    /// - Parameter isForced: a node that is far behind will do; writes wait until it has caught up.
    /// - Throws: `refused` when nothing changed because it would be unsafe; `timedOut` when it may still come about.
    public func failover(
        to target: String?, isForced: Bool, within limit: Duration = .seconds(15)
    ) throws(ControlError) -> FailoverReport {
        let began = MonotonicClock.now()
        let deadline = began + limit
        var asked = ask()
        guard var leader = ClusterStatus(asked).leader else { throw .noLeader(reason: ClusterView.silence(asked)) }
        if let target, target == leader {
            // What was asked for holds: scripts may ask twice.
            return FailoverReport(
                from: target, to: target, term: ClusterStatus(asked).term, pauseMilliseconds: nil, totalMilliseconds: 0)
        }
        // A leader may change between question and request: follow it, but not for ever.
        for _ in 0..<3 {
            guard let node = node(leader, in: asked) else {
                throw .noLeader(reason: "\(leader) leads, but its admin address is not known here")
            }
            let body = ClusterView.request(target: target, isForced: isForced)
            let answer = try client(node).send("POST", "/v1/failover", body: body, until: deadline)
            if answer.status == 200 {
                let pause = ClusterView.pause(in: answer.body)
                return try follow(target: target, from: leader, pause: pause, began: began, until: deadline)
            }
            let error = AdminError(answer.body)
            guard error.code == "not_leader", let next = error.leader, next != leader else {
                throw error.asControlError(status: answer.status, address: node.admin.description)
            }
            leader = next
            asked = ask()
        }
        throw .noLeader(reason: "it changes faster than it can be asked")
    }

    private func follow(
        target: String?, from: String, pause: Double?, began: Instant, until deadline: Instant
    ) throws(ControlError) -> FailoverReport {
        let found = try Pause.until(deadline, every: .milliseconds(5)) { () throws(ControlError) in
            let status = ClusterStatus(ask())
            return status.leader.flatMap {
                $0 != from && (target == nil || $0 == target) ? (leader: $0, status.term) : nil
            }
        }
        guard let (leader, term) = found else {
            throw .timedOut(what: "the hand-over from \(from)", follow: "look with `nodectl status`")
        }
        return FailoverReport(
            from: from, to: leader, term: term, pauseMilliseconds: pause,
            totalMilliseconds: (MonotonicClock.now() - began).inSeconds * 1000)
    }

    private static func request(target: String?, isForced: Bool) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            if let target { writer.member("to", target) }
            if isForced { writer.member("force", true) }
        }
        return writer.bytes
    }

    private static func pause(in body: [UInt8]) -> Double? {
        struct Answer: Decodable { let pause_ms: Double? }
        return (try? JSONDecoder().decode(Answer.self, from: Data(body)))?.pause_ms
    }

    static func silence(_ asked: [AskedNode]) -> String {
        let silent = asked.filter { $0.report == nil }.map(\.name)
        return silent.isEmpty ? "no node says that it leads" : "\(silent.joined(separator: ", ")) did not answer"
    }
}

extension Double {
    func rounded(toPlaces places: Int) -> Double {
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        return (self * scale).rounded() / scale
    }
}
