// Leaders ship their logs to the archive, as a node's loop and its thread that ships do.

import ArchiveFormat
import ArchiveStore
import Replica
import Vocabulary

extension World {
    /// How often the archive is judged while things go wrong.
    static let archiveJudged: Int64 = 12_000_000_000
    /// How often the thread is told how far it may go, and the longest wait after a failure.
    private static let targetInterval = Duration.milliseconds(50)
    private static let patienceFirst: Int64 = 100_000_000
    private static let patienceMax: Int64 = 5_000_000_000

    /// Every turn: begins or ends shipping with leadership, and says how far it may go.
    func followArchive(_ position: Int, _ life: SimulatedNode.Life, at moment: Moment) {
        guard archive != nil else { return }
        let leads = life.replica.raft.role == .leader && life.replica.condition.isSound
        let term = leads ? life.replica.raft.term : nil
        if term != life.shipping.term {
            life.shipping.term = term
            (life.shipping.shipper, life.shipping.target, life.shipping.failures) = (nil, nil, 0)
        }
        guard term != nil, moment.instant >= life.shipping.nextTargetAt else { return }
        life.shipping.nextTargetAt = moment.instant + World.targetInterval
        let index = bug == .shipUncommitted ? life.replica.raft.lastPosition.index : life.replica.appliedIndex
        if nodes[position].isAltered { archiveJudge.doubts.insert(index) }
        life.shipping.target = ShippingTarget(index: index, digest: life.replica.keyspace.digest)
        guard !life.shipping.isUnderWay else { return }
        life.shipping.isUnderWay = true
        events.push(.ship(position, life: nodes[position].lives), at: now + 1)
    }

    /// One step of the thread. What it does to the store is done now; the answer comes later, if somebody is there.
    func ship(_ position: Int) throws(Violation) {
        guard let archive, let life = nodes[position].life else { return }
        if isPaused(position) {
            return events.push(.ship(position, life: nodes[position].lives), at: nodes[position].pausedUntil)
        }
        guard let term = life.shipping.term, let target = life.shipping.target else {
            life.shipping.isUnderWay = false
            return
        }
        let owner = ArchiveOwner(cluster: World.cluster, timeline: .first)
        var shipper =
            life.shipping.shipper
            ?? LogShipper(
                owner, term: term, known: life.shipping.archived, reader: life.shipping.reader, store: archive,
                terms: traits.archive.terms)
        archive.begin(at: now)
        let result = Result { () throws(ArchiveError) in
            try shipper.step(target, at: nodes[position].clock.moment(at: now).instant)
        }
        // Kept after an error too: it knows which object it was about to make.
        life.shipping.shipper = shipper
        try archiveJudge.judgeObjects(in: archive.contents(at: now), logJudge, stateJudge)
        if archive.hasKilled {
            say("\(nodes[position].id) ends in a call to the archive")
            return crash(position, downFor: 500_000_000, losesPower: false)
        }
        let lives = nodes[position].lives
        var answerAt = now + archive.delay
        switch result {
        case .success(let outcome):
            life.shipping.failures = 0
            if let hole = outcome.hole { tellHole(hole, position) }
            if let name = outcome.name { trace.note(.turn, now, name.first.rawValue, name.last.rawValue) }
            let term = term
            events.push(.shipped(position, life: lives, term: term, through: outcome.end.index), at: answerAt)
            let isBehind = shipper.archived.map { $0 < target.index } ?? true
            if !isBehind || outcome.name == nil { answerAt += traits.archive.interval.inNanoseconds }
        case .failure(let error):
            say("\(nodes[position].id) can not ship: \(error)")
            if case .conflict = error { throw Violation(.archive, "\(nodes[position].id): \(error)") }
            if case .hole(let from, let to) = error { tellHole(from...to, position) }
            if case .log(.unreadable) = error { foundDamage(position) }
            life.shipping.failures += 1
            answerAt += min(World.patienceMax, World.patienceFirst << Int64(min(life.shipping.failures - 1, 10)))
            if bug == .markBeforeDurable {
                events.push(.shipped(position, life: lives, term: term, through: target.index), at: now + 1)
            }
        }
        events.push(.ship(position, life: lives), at: answerAt + 1)
    }

    /// The answer has come to the thread; the loop hears of it in its next turn.
    func shipped(_ position: Int, _ term: Term, through index: LogIndex) throws(Violation) {
        guard let life = nodes[position].life else { return }
        if isPaused(position) {
            let event = WorldEvent.shipped(position, life: nodes[position].lives, term: term, through: index)
            return events.push(event, at: nodes[position].pausedUntil)
        }
        archiveJudge.claimed = max(archiveJudge.claimed, index)
        guard life.shipping.term == term, index > life.shipping.told else { return }
        life.shipping.told = index
        post(.archived(index), to: position)
        for peer in life.replica.peers {
            send(.state(.archived(through: index)), from: position, to: self.position(of: peer))
        }
    }

    private func tellHole(_ hole: ClosedRange<LogIndex>, _ position: Int) {
        say("\(nodes[position].id) tells of a hole in the archive: \(hole)")
        figures.archiveHoles += 1
        archiveJudge.holes.append(hole)
        if archiveJudge.covers(hole) { figures.archiveHidden += 1 }
    }

    // MARK: Judging

    /// A node gives up its log before an index: only what the archive has.
    func judgeRelease(before index: LogIndex, _ position: Int) throws(Violation) {
        guard archive != nil, index > archiveJudge.claimed.next else { return }
        throw Violation(
            .archive,
            "\(nodes[position].id) gives up its log before \(index), the archive has \(archiveJudge.claimed)")
    }

    /// What the archive lacks once everything is whole; nil when nothing.
    func archiveComplaint(_ committed: LogIndex) -> String? {
        guard archive != nil, archiveJudge.claimed < committed else { return nil }
        return "the archive has \(archiveJudge.claimed), committed was \(committed)"
    }

    func judgeArchiveNow() throws(Violation) {
        guard let archive, !isHealing else { return }
        try archiveJudge.judge(archive.contents(at: now), logJudge, stateJudge)
        figures.archiveRestores += 1
        events.push(.judgeArchive, at: now + World.archiveJudged)
    }

    func judgeArchiveAtEnd() throws(Violation) {
        guard let archive else { return }
        try archiveJudge.judge(archive.contents(at: now), logJudge, stateJudge, replays: true)
        figures.archiveRestores += 1
        figures += archive.figures
    }
}
