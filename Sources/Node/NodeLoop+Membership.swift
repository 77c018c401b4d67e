// An operator's changes of members: from the order through its steps to the answer.

import Consensus
import Logging
import Replica
import Telemetry
import Vocabulary

/// A change of members under way at this leader, and who wants to hear of it.
///
/// Most orders are one request. Some are several, one after the other: a node that is to vote is added first, and one
/// that lost its disk is removed before that. What is left of them is lost with the office, as is what waits for a
/// learner; the operator's tool asks again.
struct RunningMembership {
    var ticket: OperatorTicket?
    let node: NodeID
    /// The request under way, and those behind it.
    var steps: [Step]
    /// The first of them is to be asked for in the next turn.
    var isDue = true

    var isRemoval: Bool { if case .remove? = steps.first?.request { true } else { false } }

    struct Step {
        var request: MembershipRequest
        var addresses: MemberAddresses?
        var isForced = false

        /// Whether it waits for a learner, which may take as long as it likes: nobody is kept waiting for that.
        var isPatient: Bool {
            switch request {
            case .promote(_, whenCaughtUp: let isPatient): isPatient
            case .replace: true
            case .addLearner, .remove: false
            }
        }

        var learner: NodeID? {
            switch request {
            case .promote(let node, whenCaughtUp: true), .replace(_, with: let node): node
            default: nil
            }
        }
    }
}

extension NodeLoop {
    func takeMembershipOrder(
        _ order: MembershipOrder, isForced: Bool, _ ticket: OperatorTicket, at now: Moment
    ) {
        guard replica.raft.role == .leader else {
            return desk.answer(ticket, .notLeader(leader: replica.raft.leader))
        }
        // One that waits for its learner is not in the way of what raft would refuse with a better reason.
        if let running = membership, running.ticket != nil {
            return desk.answer(ticket, .refused(reason: "\(MembershipRefusal.underWay)", override: nil))
        }
        let (node, steps) = steps(of: order, isForced: isForced)
        membership = RunningMembership(ticket: ticket, node: node, steps: steps)
    }

    private func steps(of order: MembershipOrder, isForced: Bool) -> (NodeID, [RunningMembership.Step]) {
        switch order {
        case .add(let new, let asVoter):
            let add = RunningMembership.Step(request: .addLearner(new.id), addresses: MemberAddresses(new))
            let promote = RunningMembership.Step(request: .promote(new.id, whenCaughtUp: true))
            return (new.id, asVoter ? [add, promote] : [add])
        case .promote(let node, let whenCaughtUp):
            return (node, [.init(request: .promote(node, whenCaughtUp: whenCaughtUp), isForced: isForced)])
        case .remove(let node): return (node, [.init(request: .remove(node), isForced: isForced)])
        case .replace(let old, let new) where old == new.id:
            return (
                old,
                [
                    .init(request: .remove(old), isForced: isForced || isOnlyLoss(old)),
                    .init(request: .addLearner(old), addresses: MemberAddresses(new)),
                    .init(request: .promote(old, whenCaughtUp: true)),
                ]
            )
        case .replace(let old, let new):
            let addresses = MemberAddresses(new)
            return (old, [.init(request: .replace(old, with: new.id), addresses: addresses, isForced: isForced)])
        }
    }

    /// Whether this voter is gone while all others are there: without it, what may fail at once is what may fail now.
    private func isOnlyLoss(_ node: NodeID) -> Bool {
        let configuration = replica.raft.configuration
        guard configuration.isVoter(node), node != replica.id, mesh.link(to: node) == nil else { return false }
        return configuration.allVoters.allSatisfy { $0 == node || $0 == replica.id || mesh.link(to: $0) != nil }
    }

    /// Asks for the step that is due.
    func stepMembership(at now: Moment) {
        guard let running = membership, running.isDue, let step = running.steps.first else { return }
        membership?.isDue = false
        replica.step(
            .changeMembers(step.request, addresses: step.addresses, isForced: step.isForced), at: now, into: &effects)
        guard step.isPatient else { return }
        // Refused, if it is, it was at once; else the answer is that it was taken.
        let isRefused = effects.news.contains { if case .membershipRefused = $0 { true } else { false } }
        if !isRefused { answerMembership(.members(running.node, waitsFor: step.learner)) }
    }

    /// The step under way is committed, or will not be.
    func endMembershipStep(_ outcome: MembershipOutcome, at now: Moment) {
        logger.notice("change of members ended", metadata: ["outcome": "\(outcome)"])
        // Whoever is answered looks next, and is to see it.
        publish(at: now)
        guard let running = membership else { return }
        switch outcome {
        case .done:
            membership?.steps.removeFirst()
            membership?.isDue = true
            if running.steps.count > 1 { return }
            answerMembership(.members(running.node, waitsFor: nil))
            membership = nil
        case .cancelled where running.isRemoval:
            // It was waited for what is being removed now.
            return
        case .cancelled, .leadershipLost:
            answerMembership(
                .failed(
                    reason: "this node leads no longer; the change may yet come about",
                    remedy: .retry("look at `nodectl members`, then ask again for what is missing")))
            membership = nil
        }
    }

    func refuseMembershipStep(_ refusal: MembershipRefusal, at now: Moment) {
        logger.warning("change of members refused", metadata: ["reason": "\(refusal)"])
        if case .notLeader(let leader) = refusal {
            answerMembership(.notLeader(leader: leader))
        } else {
            let reason = "\(refusal)\(hint(about: refusal))"
            answerMembership(.refused(reason: reason, override: refusal.isOverridable ? "force" : nil))
        }
        membership = nil
    }

    /// A node that is named again because it lost its disk is a case of its own.
    private func hint(about refusal: MembershipRefusal) -> String {
        guard case .alreadyMember(let node) = refusal else { return "" }
        return "; if it lost its disk, `nodectl members replace \(node)` takes it in anew"
    }

    private func answerMembership(_ outcome: OperatorOutcome) {
        guard let ticket = membership?.ticket else { return }
        membership?.ticket = nil
        desk.answer(ticket, outcome)
    }
}

extension MemberAddresses {
    init(_ new: NewMember) {
        self.init(
            node: new.id, peer: new.peer, client: new.client, clientPlaintext: new.clientPlaintext, admin: new.admin)
    }
}
