// The proof that this node's log and its leader's are not one log, found where nothing may differ.

public import Vocabulary

/// A leader's frame contradicts what is committed here.
///
/// A leader has all that is committed (Raft paper, section 5.4.3), and what is committed never changes. So one of the
/// two logs is not what was agreed upon, and from here it cannot be told which: by damage that no checksum saw, by an
/// older copy of a data directory, by a fault of this program. A node that finds this trusts its state no more. It
/// halts: every later input is ignored, so that it neither votes nor counts, confirms no read and commits nothing.
public struct Divergence: Hashable, Sendable {
    /// Who sent the contradiction, as leader of `term`.
    public let leader: NodeID
    public let term: Term
    /// Where the logs differ, at or below the commit index.
    public let index: LogIndex
    /// What ends there in this log; nil when no frame is known to.
    public let here: FrameEnd?
    /// What the leader has there, or in the place of what is committed here.
    public let there: FrameEnd
    public let commitIndex: LogIndex
}

extension Divergence: CustomStringConvertible {
    public var description: String {
        """
        the log differs from that of \(leader), leader of term \(term), at index \(index), where this node has \
        committed up to \(commitIndex): \(here.map { "\($0)" } ?? "another frame") here, \(there) there
        """
    }
}

extension FrameEnd: CustomStringConvertible {
    public var description: String { "\(position) with checksum 0x\(String(checksum, radix: 16))" }
}
