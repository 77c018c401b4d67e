// Directives and messages as one line each, without what depends on chance.

import Vocabulary

@testable import Consensus

extension Transcript {
    static func text(_ directive: Directive) -> String {
        switch directive {
        case .send(let message, let to): "> \(to) term \(message.term) \(text(message.body))"
        case .persistBallot(let term, let vote, _): "ballot term \(term) vote \(vote.map(\.description) ?? "-")"
        case .truncate(let index, _): "truncate from \(index)"
        case .store(let frames, _): "store \(frames.count) of the frames, from number \(frames.lowerBound)"
        case .commit(let index): "commit \(index)"
        case .roleChanged(let role, let term, let leader):
            "is \(role) in term \(term), leader \(leader.map(\.description) ?? "-")"
        case .becameLeader: "became leader"
        case .readConfirmed(let round, let index): "read round \(round.rawValue) confirmed at \(index)"
        case .readsAborted(let round): "reads aborted through round \(round.rawValue)"
        case .handoverEnded(let outcome): "hand-over ended: \(text(outcome))"
        case .steppedDown(let reason): "stepped down: \(text(reason))"
        case .fenceRaised(let index): "fence raised to \(index)"
        case .fenceCleared: "fence cleared"
        case .repairGranted(let index): "leave to repair, fenced at \(index)"
        case .restartLog(let end, _): "log begins anew behind \(end.position)"
        case .configurationChanged(let configuration, let isCommitted):
            "counts with \(text(configuration))" + (isCommitted ? ", committed" : "")
        case .proposeConfiguration(let configuration): "wants \(text(configuration))"
        case .membershipEnded(let outcome): "membership: \(outcome)"
        case .removed: "is removed"
        case .anomaly(let anomaly): "ANOMALY: \(anomaly)"
        case .halt(let found):
            "HALT: committed \(found.here.map { "\($0.position)" } ?? "-"), \(found.leader) has \(found.there.position)"
        }
    }

    static func text(_ configuration: Configuration) -> String {
        func list(_ nodes: [NodeID]) -> String { nodes.map(\.description).joined(separator: " ") }
        var text = list(configuration.voters.ids)
        if let outgoing = configuration.outgoing { text = "\(list(outgoing.ids)) and \(text)" }
        return configuration.learners.isEmpty ? text : text + ", learners " + list(configuration.learners)
    }

    private static func text(_ body: Message.Body) -> String {
        switch body {
        case .preVote(let candidacy): "pre-vote? last \(candidacy.last)"
        case .preVoteReply(let granted): granted ? "pre-vote granted" : "pre-vote refused"
        case .vote(let candidacy): "vote? last \(candidacy.last)\(candidacy.isHandover ? " handover" : "")"
        case .voteReply(let granted): granted ? "vote granted" : "vote refused"
        case .append(let append):
            "append after \(append.previous)"
                + append.frames.map { " [\($0.end.position)]" }.joined()
                + " commit \(append.commitIndex) round \(append.round.rawValue)"
        case .heartbeat(let commit, let round, let mayRepair):
            "heartbeat commit \(commit) round \(round.rawValue)" + (mayRepair ? " may repair" : "")
        case .progress(let report):
            "progress match \(report.matchIndex) round \(report.round.rawValue)"
                + (report.resendFrom.map { " resend from \($0)" } ?? "")
                + (report.counts ? "" : " uncounted") + (report.hasSpace ? "" : " full")
                + (report.wantsRepair ? " wants repair" : "")
        case .timeoutNow: "timeout now"
        }
    }

    private static func text(_ outcome: HandoverOutcome) -> String {
        switch outcome {
        case .handedOver(let target, let term): "\(target) campaigns in term \(term)"
        case .timedOut(let target): "\(target) took too long"
        case .targetLost(let target): "\(target) lost"
        case .targetFull(let target): "\(target) has no space"
        case .leadershipLost: "leadership lost"
        }
    }

    private static func text(_ reason: StepDownReason) -> String {
        switch reason {
        case .diskStall: "disk stall"
        case .loopStall: "loop stall"
        case .lostQuorum: "lost quorum"
        case .higherTerm(let term, let node): "\(node) is in term \(term)"
        case .handover(let target): "handed over to \(target)"
        case .noSpace(let target): "no space, handed over to \(target)"
        case .quarantined: "quarantined"
        case .removed(let target): "removed" + (target.map { ", handed over to \($0)" } ?? "")
        case .repair(let target): "damaged, handed over to \(target)"
        case .noSnapshot(let target): "no snapshot to give, handed over to \(target)"
        }
    }
}
