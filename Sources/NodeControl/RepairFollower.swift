// How far a running node's repair is, from what it says of itself.

import Vocabulary

/// Follows a node from the first byte that it reads to the last that it fetches.
struct RepairFollower {
    enum Step: Hashable {
        case under(String)
        case refused(String)
        case done(wasDamaged: Bool, quarantined: [String])
    }

    let pass: UInt64
    let isForced: Bool
    private(set) var found: String?
    /// Snapshots that were found damaged since the first look, and the note that tells of the newest.
    private(set) var snapshotsDamaged: UInt64 = 0
    private(set) var snapshotReport: String?
    private var damagesBefore: UInt64?
    private var quarantined: [String] = []
    private var uptime: Double?
    private var hasRestarted = false
    private var obstacleSince: Instant?

    /// - Parameter before: damages of snapshots that the node had told of before it was asked; nil if it is not known.
    init(pass: UInt64, isForced: Bool, before: UInt64?) {
        self.pass = pass
        damagesBefore = before
        self.isForced = isForced
    }

    mutating func look(at facts: NodeReport.Facts?, now: Instant, patience: Duration) -> Step {
        guard let facts else { return .under("the node starts again") }
        if let uptime, let newer = facts.uptimeSeconds, newer < uptime { hasRestarted = true }
        uptime = facts.uptimeSeconds
        lookAtSnapshots(facts.snapshot)
        guard let repair = facts.repair else {
            if hasRestarted, facts.phase == "ready" {
                // A repair may be over between two looks: then the directory has to do.
                let kept = quarantined.isEmpty ? facts.quarantine.map { [$0.directory] } ?? [] : quarantined
                return .done(wasDamaged: true, quarantined: kept)
            }
            if !hasRestarted, (facts.scrub?.askedPass ?? 0) >= pass { return .done(wasDamaged: false, quarantined: []) }
            return .under("reading the log and the snapshots: \(ByteCount(Int(clamping: facts.scrub?.readBytes ?? 0)))")
        }
        if let kind = repair.kind, let file = repair.file {
            found = "\(kind) in \(file) at byte \(repair.offset ?? 0), from index \(repair.firstIndex ?? 0) on"
        }
        if !repair.quarantined.isEmpty { quarantined = repair.quarantined }
        guard repair.stage == "found" else {
            hasRestarted = hasRestarted || repair.stage == "fetching"
            return .under("fetched up to \(facts.persistedIndex ?? 0) of \(repair.upTo ?? 0)")
        }
        guard let obstacle = repair.obstacle, !isForced else {
            obstacleSince = nil
            return .under("waiting for the leader's leave")
        }
        let since = obstacleSince ?? now
        obstacleSince = since
        return now - since > patience ? .refused("the log is damaged, but \(obstacle)") : .under(obstacle)
    }

    /// What is damaged of them is put aside at once, and replaced by another one.
    private mutating func lookAtSnapshots(_ snapshot: NodeReport.Snapshot?) {
        guard let damages = snapshot?.scrub?.damages else { return }
        let before = min(damagesBefore ?? damages, damages)
        damagesBefore = before
        snapshotsDamaged = max(snapshotsDamaged, damages - before)
        if snapshotsDamaged > 0, let report = snapshot?.damage?.report { snapshotReport = report }
    }
}
