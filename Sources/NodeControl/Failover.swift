// A planned hand-over: asks the leader, follows it to another, and waits until the new leader answers.

import Foundation
import JSON
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
        let asked = ask()
        if let target, target == (try ClusterView.leader(by: asked)) {
            // What was asked for holds: scripts may ask twice.
            return FailoverReport(
                from: target, to: target, term: ClusterStatus(asked).term, pauseMilliseconds: nil, totalMilliseconds: 0)
        }
        let body = ClusterView.request(target: target, isForced: isForced)
        let answer = try askLeader(to: "/v1/failover", body: body, knowing: asked, until: deadline)
        let pause = ClusterView.pause(in: answer.body)
        return try follow(target: target, from: answer.leader, pause: pause, began: began, until: deadline)
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
}

extension Double {
    func rounded(toPlaces places: Int) -> Double {
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        return (self * scale).rounded() / scale
    }
}
