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
        /// The wall clock jumps by `amount` microseconds, as a signed number.
        case clockJump = "clock-jump"
        /// The monotonic clock runs `amount` millionths fast, as a signed number.
        case drift
        /// An operator hands leadership over, to `peer` when that is another node.
        case handover
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
