// The nemeses: everything that a run does to its cluster, as plain data that can be written down, cut and replayed.

/// One fault at its time. What `node`, `peer`, `amount` and `lasts` mean depends on the kind.
public struct Fault: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The process dies; what it wrote stays in the page cache. It starts again after `lasts`.
        case kill
        /// The process dies after it has carried out `amount` more effects.
        case killBetweenEffects = "kill-between-effects"
        /// The machine loses power: of what was not synced, any part is lost. `amount` seeds which.
        case losePower = "lose-power"
        /// The machine loses power after `amount` more calls to its disk.
        case losePowerAtCall = "lose-power-at-call"
        /// The process dies after `amount` more calls to its disk.
        case killAtCall = "kill-at-call"
        /// Every machine loses power at once.
        case losePowerEverywhere = "lose-power-everywhere"
        /// The process stands still, and does not know it.
        case pause
        /// Nothing comes through from `node` to `peer`.
        case cut
        /// The nodes in the bits of `amount` and the others do not reach each other.
        case split
        /// Between `node` and `peer` everything breaks and heals, every `amount` nanoseconds.
        case flap
        /// Of the messages between two nodes, `amount` in a thousand are lost, doubled or late.
        case noise
        /// Everything on the way between `node` and `peer` takes up to `amount` nanoseconds more.
        case lag
        /// The disk takes `amount` times as long.
        case slowDisk = "slow-disk"
        /// The disk answers nothing.
        case stallDisk = "stall-disk"
        case failSync = "fail-sync"
        case failRead = "fail-read"
        case failWrite = "fail-write"
        /// The disk has `amount` bytes left for the time.
        case fillDisk = "fill-disk"
        /// A bit of the log flips at rest. `amount` chooses it.
        case flipBit = "flip-bit"
        /// A sector of the log reads as zeros: it was never written, although the disk said so.
        case lostSector = "lost-sector"
        /// A sector of the log holds what was meant for another place.
        case misplacedSector = "misplaced-sector"
        /// A segment is gone.
        case loseFile = "lose-file"
        /// A bit of a snapshot's files flips at rest, one of their sectors reads as zeros, one of them is gone.
        case flipSnapshotBit = "flip-snapshot-bit"
        case lostSnapshotSector = "lost-snapshot-sector"
        case loseSnapshotFile = "lose-snapshot-file"
        /// A record changes in one node's memory.
        case corruptState = "corrupt-state"
        /// The wall clock jumps by `amount` microseconds, as a signed number.
        case clockJump = "clock-jump"
        /// The monotonic clock runs `amount` millionths fast, as a signed number.
        case drift
        /// An operator hands leadership over, to `peer` when that is another node.
        case handover
        /// An operator has the leader cut a snapshot.
        case snapshot
        /// The process is gone for long enough that the others' logs no longer have what it needs.
        case outage
        /// An operator adds `node`, or the next one that is none, as a member. Of `amount`, bit 0: it shall not vote;
        /// bit 1: one that was there before comes with the disk that it had, if that is whole.
        case addMember = "add-member"
        /// An operator has a member that does not vote become a voter.
        case promoteMember = "promote-member"
        /// An operator removes `node`, or the next member; with bit 0 of `amount` whoever leads.
        case removeMember = "remove-member"
        /// An operator replaces `node`, or the next voter, by `peer`, or the next one that is no member; bit 0 of
        /// `amount` as above: the leader, bit 1 as for `addMember`.
        case replaceMember = "replace-member"
        /// A voter's disk is lost for good, and an operator takes in another node in its stead, or, with bit 0 of
        /// `amount`, one of the same name with an empty disk.
        case loseDisk = "lose-disk"
        /// When voters begin to change the next time, whoever leads dies after `amount` more effects.
        case killInChange = "kill-in-change"
        /// When voters begin to change the next time, the nodes in the bits of `amount` and the others do not reach
        /// each other.
        case splitInChange = "split-in-change"

        static let membership: [Kind] = [
            .addMember, .promoteMember, .removeMember, .replaceMember, .loseDisk, .killInChange, .splitInChange,
        ]
        /// All but what operators do to the membership.
        static let disturbances = allCases.filter { !membership.contains($0) }
    }

    /// Nanoseconds from the run's begin.
    public var at: Int64
    public var kind: Kind
    /// Positions in the list of nodes, counted from 0.
    public var node: Int
    public var peer: Int
    public var amount: UInt64
    /// In nanoseconds.
    public var lasts: Int64

    public init(at: Int64, kind: Kind, node: Int, peer: Int = 0, amount: UInt64 = 0, lasts: Int64 = 0) {
        self.at = at
        self.kind = kind
        self.node = node
        self.peer = peer
        self.amount = amount
        self.lasts = lasts
    }
}

extension Fault: CustomStringConvertible {
    public var description: String {
        "\(Milliseconds(at)) \(kind.rawValue) n\(node + 1) n\(peer + 1) \(amount) for \(Milliseconds(lasts))"
    }
}

/// Nanoseconds as people read them.
struct Milliseconds: CustomStringConvertible {
    let nanoseconds: Int64
    init(_ nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    var description: String {
        let thousandths = String(nanoseconds % 1_000_000 / 1000)
        return "\(nanoseconds / 1_000_000).\(String(repeating: "0", count: 3 - thousandths.utf8.count))\(thousandths)ms"
    }
}
