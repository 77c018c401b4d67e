// Members that come and go: an operator who asks the leader for one change after the other, through all faults.

import Consensus
import Replica
import Vocabulary

extension World {
    // MARK: What operators begin

    func begin(members fault: Fault) {
        guard schedule.spares > 0 else { return say("no machine to spare") }
        switch fault.kind {
        case .addMember:
            guard let new = stranger(from: fault.node) else { return say("everybody is a member") }
            pursue([fault.amount & 1 == 0 ? .voter(new) : .learner(new)], fault)
        case .promoteMember:
            guard let learner = next(from: fault.node, where: logJudge.members.learners.contains) else {
                return say("nobody is to be promoted")
            }
            pursue([.voter(learner)], fault)
        case .removeMember:
            guard let old = leaver(fault, where: logJudge.members.isMember) else { return say("nobody is to go") }
            pursue([.gone(old)], fault)
        case .replaceMember:
            guard let old = leaver(fault, where: logJudge.members.isVoter), let new = stranger(from: fault.peer) else {
                return say("nobody is to be replaced")
            }
            pursue([.replaced(old, by: new)], fault)
        default: loseDisk(fault)
        }
    }

    /// Its disk is gone: under its name it comes with an empty one, or never again.
    private func loseDisk(_ fault: Fault) {
        let node = nodes[fault.node]
        let new = fault.amount & 1 == 0 ? stranger(from: fault.peer) : fault.node
        guard let new, errands.isEmpty, !logJudge.members.isJoint, logJudge.members.voters.contains(node.id),
            isDamageAllowed(fault.node)
        else { return say("no disk is lost: it would be beyond the bound") }
        figures.disksLost += 1
        crash(fault.node, downFor: 0, losesPower: false)
        empty(fault.node)
        node.hasLostDisk = true
        logJudge.witnesses[fault.node].isDamaged = true
        let aims: [MemberAim] = new == fault.node ? [.gone(new), .voter(new)] : [.replaced(fault.node, by: new)]
        pursue(aims, fault, isVital: true)
    }

    private func pursue(_ aims: [MemberAim], _ fault: Fault, isVital: Bool = false) {
        errands.append(
            MemberErrand(
                aims: aims, deadline: now + fault.lasts, isVital: isVital, keepsDisk: fault.amount & 2 != 0))
        if errands.count == 1 { operateSoon() }
    }

    private func operateSoon() { events.push(.operate, at: now + Int64(random.within(20...400)) * 1_000_000) }

    // MARK: Who

    private func next(from first: Int, where condition: (NodeID) -> Bool) -> Int? {
        let order = nodes.indices.map { (first + $0) % nodes.count }
        return order.first { condition(nodes[$0].id) }
    }

    /// The next that is no member, and that no errand is about.
    private func stranger(from first: Int) -> Int? {
        let expected = errands.flatMap(\.aims).compactMap(\.newcomer).map { nodes[$0].id }
        let members = logJudge.members
        return next(from: first) { !members.isMember($0) && !expected.contains($0) }
    }

    private func leaver(_ fault: Fault, where condition: (NodeID) -> Bool) -> Int? {
        let leader = leaders.first { condition(nodes[$0].id) }
        if fault.amount & 1 == 1, let leader { return leader }
        return next(from: fault.node, where: condition)
    }

    /// Those that lead, as far as they know.
    private var leaders: [Int] { nodes.indices.filter { nodes[$0].life?.replica.raft.role == .leader } }

    // MARK: Asking

    /// Looks whether it is as it shall be, and asks again for what is missing.
    func operate() {
        guard var errand = errands.first else { return }
        defer { if !errands.isEmpty { operateSoon() } }
        if !errand.hasBegun { begin(&errand) }
        if let aim = errand.aims.first, isReached(aim) || errand.isGivenUp && isVoter(aim) {
            if !errand.isGivenUp { figures.changesDone += 1 }
            say("the members are as they shall be: \(aim)")
            errand.aims.removeFirst()
            errand.hasBegun = false
        } else if now > errand.deadline, !errand.isVital {
            giveUp(&errand)
        }
        errands[0] = errand
        guard let aim = errand.aims.first else {
            errands.removeFirst()
            return
        }
        let leaders = leaders
        if errand.hasBegun, !leaders.isEmpty { post(.members(aim), to: random.pick(leaders)) }
    }

    private func begin(_ errand: inout MemberErrand) {
        errand.hasBegun = true
        guard let new = errand.aims.first?.newcomer, !logJudge.members.isMember(nodes[new].id) else { return }
        install(new, keepsDisk: errand.keepsDisk && !errand.isVital)
    }

    /// Has a machine run that is to become a member: its settings name those that it joins.
    private func install(_ position: Int, keepsDisk: Bool) {
        let node = nodes[position]
        if !keepsDisk || !node.isWhole(logJudge.witnesses[position]) {
            crash(position, downFor: 0, losesPower: false)
            empty(position)
        }
        node.isInstalled = true
        node.listed = logJudge.members.voters.filter { $0 != node.id }
        events.push(.start(position), at: now + Int64(random.below(1_000_000_000)))
    }

    /// It has another disk with nothing on it, and does not run.
    private func empty(_ position: Int) {
        let node = nodes[position]
        node.takeNewDisk()
        node.isInstalled = false
        plant(in: node.disk)
        repairing.removeAll { $0 == position }
        logJudge.witnesses[position].lose()
        stateJudge.restarted(position)
    }

    private func isReached(_ aim: MemberAim) -> Bool {
        let members = logJudge.members
        guard !members.isJoint else { return false }
        switch aim {
        case .voter(let node): return members.isVoter(nodes[node].id)
        case .learner(let node): return members.isMember(nodes[node].id)
        case .gone(let node): return !members.isMember(nodes[node].id)
        case .replaced(let old, let new):
            return members.isVoter(nodes[new].id) && !members.isMember(nodes[old].id)
        }
    }

    /// Somebody whom it was to be cleared up after has come through after all.
    private func isVoter(_ aim: MemberAim) -> Bool {
        guard case .gone(let node) = aim, !logJudge.members.isJoint else { return false }
        return logJudge.members.isVoter(nodes[node].id)
    }

    /// Nobody is to be waited for any longer: who does not vote yet goes again.
    private func giveUp(_ errand: inout MemberErrand) {
        say("given up: \(errand.aims)")
        let aims: [MemberAim] = errand.aims.first?.newcomer.map { [.gone($0)] } ?? []
        let isVoter = errand.aims.first?.newcomer.map { logJudge.members.isVoter(nodes[$0].id) } ?? true
        errand.aims = isVoter ? [] : aims
        errand.deadline = .max
        errand.isGivenUp = true
    }

    // MARK: At the leader

    /// A leader is asked for what its members lack.
    func take(_ aim: MemberAim, at moment: Moment, _ life: SimulatedNode.Life) {
        guard let request = request(for: aim, life.replica.raft.configuration, life.replica.raft.promotionTarget) else {
            return
        }
        let newcomer = aim.newcomer.map { nodes[$0].id }
        let addresses = newcomer.map { MemberAddresses(node: $0, peer: "\($0):7001", client: "\($0):6379") }
        let news = life.effects.news.count
        life.replica.step(
            .changeMembers(request, addresses: addresses, isForced: isForced(request)), at: moment,
            into: &life.effects)
        let isRefused = life.effects.news.dropFirst(news).contains {
            if case .membershipRefused = $0 { true } else { false }
        }
        if isRefused { figures.changesRefused += 1 } else { figures.changesBegun += 1 }
    }

    private func request(
        for aim: MemberAim, _ configuration: Configuration, _ awaited: NodeID?
    ) -> MembershipRequest? {
        switch aim {
        case .voter(let node):
            let id = nodes[node].id
            if configuration.isVoter(id) || awaited == id { return nil }
            return configuration.isLearner(id) ? .promote(id, whenCaughtUp: random.chance(700)) : .addLearner(id)
        case .learner(let node):
            return configuration.isMember(nodes[node].id) ? nil : .addLearner(nodes[node].id)
        case .gone(let node):
            let id = nodes[node].id
            guard configuration.isMember(id), configuration.voters.ids != [id] else { return nil }
            return .remove(id)
        case .replaced(let old, let new):
            let (old, new) = (nodes[old].id, nodes[new].id)
            if awaited == new { return nil }
            if configuration.isVoter(old), !configuration.isVoter(new) { return .replace(old, with: new) }
            return configuration.isMember(old) ? .remove(old) : nil
        }
    }

    /// A removal that leaves fewer to spare is insisted on unless more than that are damaged.
    private func isForced(_ request: MembershipRequest) -> Bool {
        let members = logJudge.members
        guard case .remove(let old) = request, members.voters.count > 2, !members.isJoint else { return false }
        let doubtful = nodes.count { node in
            node.id != old && members.isMember(node.id) && !node.isWhole(logJudge.witnesses[node.position])
        }
        return doubtful <= (members.voters.count - 2) / 2
    }

    // MARK: What came of it

    /// Members have changed for good: what a judge found committed since it was looked last, at `position`.
    func noteMembers(since before: MemberImage, _ position: Int) {
        let after = logJudge.members
        guard after != before else { return }
        say("members: \(after)")
        figures.memberships += 1
        figures.membersAdded += UInt64(after.all.count { !before.isMember($0) })
        if after.isJoint {
            let leaving = before.voters.filter { !after.voters.contains($0) }
            figures.promotions += UInt64(after.voters.count { !before.voters.contains($0) })
            figures.removals += UInt64(leaving.count)
            if leaving.contains(nodes[position].id) { figures.leaderRemovals += 1 }
        }
        for node in nodes where node.hasLostDisk && !after.isMember(node.id) {
            node.hasLostDisk = false
            logJudge.witnesses[node.position].isDamaged = false
        }
    }
}

extension SimulatedNode {
    /// Whether nothing is damaged, and nothing is being repaired.
    func isWhole(_ witness: LogJudge.Witness) -> Bool {
        !isDamaged && !hasLostDisk && !isUnsound && !witness.isDamaged && witness.durable.fence == nil
    }
}
