// What is judged after each turn, at each start, and at the end.

import Consensus
import LogFormat
import LogStore
import Replica
import Vocabulary

extension World {
    /// Nanoseconds after the last fault in which somebody must serve again.
    static let serviceBound: Int64 = 8_000_000_000
    /// For so long nobody may take writes when no process and no connection is lost.
    static let handoverBound: Int64 = 1_000_000_000
    /// Nanoseconds in which the cluster, left alone, must be whole and have answered everybody.
    static let healthBound: Int64 = 60_000_000_000
    private static let healthStep: Int64 = 250_000_000

    // MARK: While it runs

    func judgeTurn(_ position: Int, _ life: SimulatedNode.Life) throws(Violation) {
        let raft = life.replica.raft.commitIndex
        let applied = life.replica.appliedIndex
        let members = logJudge.members
        let proposed = life.effects.logWrites.lazy.compactMap(\.members).last
        if proposed?.isJoint == true, life.replica.raft.role == .leader { interrupt(position) }
        let new = try logJudge.commits(
            raft, in: life.replica.raft.term, restart: life.effects.logWrites.lazy.compactMap(\.restart).last,
            proposed: proposed, position)
        noteMembers(since: members, position)
        for frame in new { try stateJudge.extend(by: frame) }
        figures.entries += new.reduce(0) { $0 + UInt64($1.header.count) }
        if applied != stateJudge.applied(by: position) {
            if nodes[position].isAltered {
                stateJudge.begins(position, at: applied)
            } else {
                try stateJudge.applies(applied, position, life.replica.keyspace)
            }
        }
        if nodes[position].isDamaged, logJudge.witnesses[position].durable.fence == nil { noteRepair(position, life) }
        trace.note(.turn, now, UInt64(position), raft.rawValue, applied.rawValue, life.replica.keyspace.digest.low)
    }

    /// Damage that the last start has found is repaired once the fence is open again.
    private func noteRepair(_ position: Int, _ life: SimulatedNode.Life) {
        guard repairing.contains(position), life.replica.raft.fenceIndex == nil else { return }
        repairing.removeAll { $0 == position }
        nodes[position].isDamaged = false
        logJudge.witnesses[position].isDamaged = false
        say("\(nodes[position].id) is whole again")
    }

    func judgeRecovery(_ position: Int, _ recovered: RecoveredLog, _ frames: [Frame]) throws(Violation) {
        let node = nodes[position]
        var after = LogImage()
        let first = frames.first?.header
        let start = first.map {
            FrameEnd(
                position: LogPosition(term: $0.previousTerm, index: $0.firstIndex.previous),
                checksum: $0.previousChecksum)
        }
        after.replace(
            frames, behind: start ?? FrameEnd(position: recovered.last, checksum: recovered.lastChecksum))
        after.term = recovered.state.term
        after.votedFor = recovered.state.votedFor
        after.fence = recovered.state.fence
        let judge = RecoveryJudge(
            node: node.id, before: logJudge.witnesses[position].durable, ordered: node.unsynced,
            isDamaged: node.isDamaged)
        try judge.judge(recovered, after)
        switch recovered.verdict {
        case .tornTail: figures.tornTails += 1
        case .damaged: figures.damagesFound += 1
        default: break
        }
        if node.isDamaged, !repairing.contains(position) {
            if after.fence != nil {
                repairing.append(position)
            } else {
                // Nothing that counts was hit: the judge has seen that everything is there.
                node.isDamaged = false
                logJudge.witnesses[position].isDamaged = false
            }
        }
        node.unsynced = []
        logJudge.witnesses[position].durable = after
        logJudge.witnesses[position].believed = after
        logJudge.witnesses[position].committed = recovered.commitIndex
        stateJudge.restarted(position)
    }

    /// All that a log holds.
    func frames(of engine: LogEngine<SimulatedDisk>, _ recovered: RecoveredLog) throws(LogError) -> [Frame] {
        var reader = engine.reader()
        var frames: [Frame] = []
        var next = recovered.firstIndex
        while next <= recovered.last.index {
            frames += try reader.readFrames(from: next, byteLimit: .mebibytes(1))
            next = frames.last?.header.lastIndex.next ?? recovered.last.index.next
        }
        return frames
    }

    // MARK: At the end

    /// First somebody must serve again, while clients go on asking. Then, without clients, the cluster must become
    /// whole: everybody up, one leader, all caught up, no fence, nobody waiting; and stay so until every log was looked
    /// at again. At last everything is read.
    func awaitHealth() throws(Violation) {
        try step(until: now + World.serviceBound)
        // A leader whose scrub finds damage now, of all moments, hands over, and its successor is being elected.
        let handoverEnd = now + World.handoverBound
        while !takesWrites, now < handoverEnd { try step(until: now + World.healthStep) }
        guard takesWrites else {
            let bound = Milliseconds(World.serviceBound + World.handoverBound)
            throw Violation(.liveness, "nobody takes writes \(bound) after the last fault")
        }
        clients.stop()
        // Those who wait without an end.
        for token in clients.waiting { endWait(token, hangsUp: true) }
        // States are compared when something was written, which nobody may have done since one was altered: so an
        // operator has them compared.
        if nodes.contains(where: \.isAltered) {
            for position in nodes.indices where nodes[position].life != nil { post(.snapshotWanted, to: position) }
        }
        try stepUntilWhole()
        guard clients.areQuiet else { throw Violation(.liveness, "requests are unanswered: \(clients.unanswered)") }
        try step(until: now + traits.scrubInterval + World.healthStep)
        try stepUntilWhole()
        for position in nodes.indices where isMember(position) { readEverything(at: position) }
        try step(until: now + 2_000_000_000)
        guard clients.areQuiet else { throw Violation(.liveness, "last reads are unanswered: \(clients.unanswered)") }
        // The last keys with a time to live may have ended just now, and a segment may have been sealed behind a pass.
        sealedAtEnd = sealedSegments()
        try stepUntilWhole { scrubComplaint }
        let committed = logJudge.committedIndex
        try stepUntilWhole { archiveComplaint(committed) }
    }

    private var takesWrites: Bool { nodes.contains { $0.life?.replica.raft.mayPropose == true } }

    private func isMember(_ position: Int) -> Bool { logJudge.members.isMember(nodes[position].id) }

    private func stepUntilWhole(and other: () -> String? = { nil }) throws(Violation) {
        let deadline = now + World.healthBound
        while let complaint = complaint ?? other() {
            guard now < deadline else {
                throw Violation(.liveness, "left alone for \(Milliseconds(World.healthBound)) \(complaint)")
            }
            try step(until: now + World.healthStep)
        }
    }

    /// Every member's newest sealed segment, as it is now: scheduled snapshots go on sealing others, as fast as a scrub
    /// reads them.
    private func sealedSegments() -> [(position: Int, segment: UInt64)] {
        nodes.filter { isMember($0.position) }.compactMap { node in
            guard let newest = node.disk.newestSegment,
                let sealed = node.disk.segmentNames.last(where: { $0 < newest }).flatMap(SegmentName.sequence)
            else { return nil }
            return (node.position, sealed)
        }
    }

    /// Who has its segment still, and has read neither that nor a later one since it started; nil when nobody. A
    /// snapshot may have the log give up its last sealed segment before a pass comes to it; and a repair may end the
    /// log in a segment of that number, which is the one being written then.
    private var scrubComplaint: String? {
        for (position, segment) in sealedAtEnd {
            let node = nodes[position]
            let name = SegmentName.text(segment)
            guard let life = node.life, life.scrubbedThrough < segment, let newest = node.disk.newestSegment,
                name < newest, node.disk.segmentNames.contains(name)
            else { continue }
            return "\(node.id) has not read segment \(segment) again"
        }
        return nil
    }

    /// What keeps the cluster from being whole; nil when nothing does.
    private var complaint: String? {
        var leaders = 0
        var commits: [LogIndex] = []
        if let errand = errands.first { return "the members are \(logJudge.members), wanted is \(errand.aims)" }
        if logJudge.members.isJoint { return "the voters are still changing: \(logJudge.members)" }
        for node in nodes where !isMember(node.position) && node.life?.replica.raft.role == .leader {
            return "\(node.id) leads, and is no member"
        }
        for node in nodes where isMember(node.position) {
            guard let life = node.life else { return "\(node.id) is down" }
            if !life.replica.condition.isSound { return "\(node.id) has no state: \(life.replica.condition)" }
            if node.isAltered { return "nobody has noticed that \(node.id)'s state is another" }
            if life.replica.raft.isDamaged { return "\(node.id) knows that its log is damaged" }
            if let fence = life.replica.raft.fenceIndex {
                let unheard = life.replica.raft.unheardVoters
                return "\(node.id) is fenced up to \(fence), has \(life.replica.raft.commitIndex), unheard \(unheard)"
            }
            if life.replica.raft.role == .leader { leaders += 1 }
            let configuration = life.replica.raft.configuration
            if MemberImage(configuration) != logJudge.members {
                return "\(node.id) takes \(MemberImage(configuration)) for the members, they are \(logJudge.members)"
            }
            commits.append(life.replica.raft.commitIndex)
            if life.replica.appliedIndex != life.replica.raft.commitIndex { return "\(node.id) has not applied all" }
            let waiters = life.replica.keyspace.waiterCount
            if waiters > 0 { return "\(waiters) wait in \(node.id)'s state" }
        }
        if !clients.areQuiet { return "requests are unanswered: \(clients.unanswered)" }
        if leaders != 1 { return "\(leaders) nodes lead" }
        if Set(commits).count > 1 { return "commit indexes differ: \(commits)" }
        return nil
    }

    func judgeEnd() throws(Violation) {
        for position in nodes.indices {
            guard let life = nodes[position].life, isMember(position) else { continue }
            try stateJudge.judgeContents(position, life.replica.keyspace)
            guard life.replica.isQuiet else {
                throw Violation(.leaks, "\(nodes[position].id) still holds requests when nobody waits")
            }
            guard life.replica.blockedClients == 0 else {
                throw Violation(.leaks, "\(nodes[position].id) still holds waiting requests when nobody waits")
            }
            try judgeFiles(nodes[position])
            try judgeRepair(nodes[position])
        }
        try judgeArchiveAtEnd()
        try clients.queues.judge(left: stateJudge.elements)
        try judgeHistory()
    }

    private func judgeFiles(_ node: SimulatedNode) throws(Violation) {
        let strays = node.disk.files.keys.filter {
            $0.hasSuffix(".tmp") && $0.hasPrefix("wal-") && node.life?.preparation == nil
        }.sorted()
        guard strays.isEmpty else { throw Violation(.leaks, "\(node.id) leaves \(strays) behind") }
    }

    /// What was damaged is mended: another start would find nothing, but in the segment that is being written, which a
    /// running node does not scrub, and in one that was sealed since all were to be read again.
    private func judgeRepair(_ node: SimulatedNode) throws(Violation) {
        let disk = SimulatedDisk(files: node.disk.files)
        let opened = Result { () throws(LogError) in
            try LogEngine.open(disk, identity: identity(node), isNew: false, options: traits.log, now: .zero)
        }
        guard case .success((_, let recovered)) = opened else {
            throw Violation(.recovery, "\(node.id) could not start again: \(opened)")
        }
        guard let (_, sealed) = sealedAtEnd.first(where: { $0.position == node.position }) else { return }
        if case .damaged(let damage, _) = recovered.verdict, SegmentName.sequence(of: damage.file) ?? 0 <= sealed {
            throw Violation(.recovery, "\(node.id) still has a damaged log: \(damage)")
        }
    }

    private func judgeHistory() throws(Violation) {
        let history = clients.history
        figures.operations = UInt64(history.operations.count)
        figures.unknown = UInt64(history.operations.count { $0.result == .unknown })
        figures.refused = UInt64(history.operations.count { $0.result == .refused })
        figures.deliveries = UInt64(clients.queues.deliveries)
        figures.simulated = UInt64(now / 1_000_000)
        figures.runs = 1
        switch LinearizabilityJudge().verdict(on: history) {
        case .linearizable: break
        case .undecided: figures.undecided += 1
        case .violated(let violation): throw Violation(.linearizability, "\(violation)")
        }
    }
}

extension MemberImage {
    fileprivate init(_ configuration: Configuration) {
        self.init(
            voters: configuration.voters.ids, outgoing: configuration.outgoing?.ids ?? [],
            learners: configuration.learners)
    }
}

extension LogWrite {
    /// The position behind which it begins the log anew.
    fileprivate var restart: LogPosition? { if case .restart(let position, _) = kind { position } else { nil } }

    /// The members that it puts into the log.
    fileprivate var members: MemberImage? {
        guard case .append(let frame, _) = kind else { return nil }
        return MemberImage.found(in: frame)?.members
    }
}
