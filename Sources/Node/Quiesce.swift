// A hold of a node's files, from the wish for it to its end: what has to be true before it is called one.

import Consensus
import LogStore
import Vocabulary

/// Everything that the data directory holds stands still, and it is known what state that is. A value: the loop tells
/// it
/// what happened and carries out what it says.
struct Quiesce {
    /// How long it may take to be so far: every entry before the hold has to be committed and applied.
    static let gatheringMax = Duration.seconds(20)

    enum Phase: Equatable {
        case gathering
        /// The digest is that of the state at `position`.
        case standing(Digest)
        case over
    }

    enum Step: Equatable {
        case nothing
        case stands(Digest)
        /// It will not come to a stand, for this reason.
        case fails(String)
    }

    /// How a hold ended, for whoever copied meanwhile.
    struct Ending: Equatable {
        /// It stood from its answer to its release.
        var isWhole: Bool
        var text: String
    }

    let number: UInt64
    let asked: Instant
    let until: Instant
    /// The end of the log as it stands.
    let position: LogPosition
    private(set) var phase = Phase.gathering
    private var isLogStanding = false
    private var areSnapshotsStanding = false

    init(number: UInt64, asked: Instant, until: Instant, position: LogPosition) {
        self.number = number
        self.asked = asked
        self.until = until
        self.position = position
    }

    mutating func logStands() { isLogStanding = true }
    mutating func snapshotsStand() { areSnapshotsStanding = true }

    /// - Parameter found: the digest at this hold's index, with the position that was applied there.
    mutating func look(_ found: (position: LogPosition, digest: Digest)?, at now: Instant) -> Step {
        guard phase == .gathering else { return .nothing }
        if let found, found.position != position {
            phase = .over
            return .fails("the log's end at index \(position.index) was replaced by another leader's entries")
        }
        if let found, isLogStanding, areSnapshotsStanding {
            phase = .standing(found.digest)
            return .stands(found.digest)
        }
        guard now >= min(until, asked + Quiesce.gatheringMax) else { return .nothing }
        phase = .over
        return .fails(
            found == nil
                ? "the entries up to index \(position.index) were not committed in time"
                : "the threads that write did not come to a stand in time")
    }

    /// The log goes on.
    mutating func end(_ ending: LogHoldEnding) -> Ending {
        defer { phase = .over }
        guard case .standing = phase else { return Ending(isWhole: false, text: "it never came to a stand") }
        return switch ending {
        case .released: Ending(isWhole: true, text: "released")
        case .overtime: Ending(isWhole: false, text: "its time was over before it was released")
        case .overflow: Ending(isWhole: false, text: "more writes waited than may")
        }
    }
}
