// Why a snapshot is no state that a replica could go on from.

public import Keyspace
public import SnapshotStore
public import Vocabulary

public enum StateError: Error, Hashable, Sendable {
    case snapshot(SnapshotError)
    /// Its chunks verify, and are no keyspace, or not the one that the manifest tells of.
    case image(LogIndex, ImageError)
    /// What the manifest says of members is nothing.
    case unreadableMembers(LogIndex)
    /// The state has another digest than the manifest says.
    case otherDigest(LogIndex, expected: Digest, found: Digest)

    /// Whether an older snapshot, or another node's, may do: it is not the disk or the release that is at fault.
    public var isDamage: Bool {
        switch self {
        case .snapshot(.damaged), .image, .unreadableMembers, .otherDigest: true
        case .snapshot: false
        }
    }
}

extension StateError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .snapshot(let error): error.description
        case .image(let index, let error): "the snapshot of index \(index): \(error)"
        case .unreadableMembers(let index): "the snapshot of index \(index) names no possible members"
        case .otherDigest(let index, let expected, let found):
            "the snapshot of index \(index) should have digest \(expected) and has \(found)"
        }
    }

    /// Where on the disk it is, when one place is at fault.
    public var damage: SnapshotDamage? {
        if case .snapshot(.damaged(let damage)) = self { damage } else { nil }
    }

    public var remedy: Remedy {
        switch self {
        case .snapshot(let error): error.remedy
        case .image(_, let error): error.remedy
        case .unreadableMembers, .otherDigest:
            .automatic("an older snapshot and the log take its place, or one from another node")
        }
    }
}
