// Why a snapshot cannot be read, written or received.

public import LogStore
public import SnapshotFormat
public import Vocabulary

/// Every case leaves the snapshots that are there as they were.
public enum SnapshotError: Error, Hashable, Sendable {
    case storage(StorageError)
    /// What was written since the last sync may be gone. Never retried: the node stops.
    case syncFailed(StorageError)
    case damaged(SnapshotDamage)
    /// A file, or a part of one, of a newer release.
    case newerVersion(file: String, offset: Int, found: Int, supported: Int)
    case keyUnavailable(file: String, offset: Int, key: UInt32)
    /// There is a snapshot at this index already.
    case exists(LogIndex)
    /// A range that is in no pack of the snapshot.
    case outside(PackNumber, offset: Int, count: Int)
    /// What a sender gave for this place of its pack (nil: its manifest) is not what it should be.
    case refused(SnapshotFault, PackNumber?, offset: Int)
    case otherCluster(found: ClusterID, expected: ClusterID)
    /// What was to be stored is not what the node has applied.
    case wrongState(String)
}

/// One place where a snapshot is damaged.
public struct SnapshotDamage: Hashable, Sendable, CustomStringConvertible {
    public let kind: SnapshotDamageKind
    public let file: String
    /// In the file, of what cannot be trusted.
    public let offset: Int
    /// What cannot be read because of it; nil for a whole file.
    public let subject: Subject?

    public enum Subject: Hashable, Sendable {
        case table(SlotGroup)
        case chunk(ChunkPlace)
    }

    public init(kind: SnapshotDamageKind, file: String, offset: Int, subject: Subject?) {
        self.kind = kind
        self.file = file
        self.offset = offset
        self.subject = subject
    }

    public var description: String {
        let what =
            switch subject {
            case nil: ""
            case .table(let group): ", the table of \(group)"
            case .chunk(let place): ", \(place)"
            }
        return "\(kind.rawValue) in \(file) at byte \(offset)\(what)"
    }

    public var remedy: Remedy {
        .automatic("an older snapshot and the log take its place, or one from another node; the next is written anew")
    }
}

extension SnapshotError {
    /// What a decoder said of bytes that begin at `offset` of a file.
    init(_ fault: SnapshotFault, file: String, offset: Int, subject: SnapshotDamage.Subject?) {
        self =
            switch fault {
            case .damaged(let kind, let at):
                .damaged(SnapshotDamage(kind: kind, file: file, offset: offset + at, subject: subject))
            case .newerVersion(let found, let supported):
                .newerVersion(file: file, offset: offset, found: found, supported: supported)
            case .keyUnavailable(let key): .keyUnavailable(file: file, offset: offset, key: key)
            }
    }
}

extension SnapshotError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .storage(let error): "the disk of the snapshots: \(error)"
        case .syncFailed(let error): "a snapshot cannot be synced, so it does not count: \(error)"
        case .damaged(let damage): "a snapshot is damaged: \(damage)"
        case .newerVersion(let file, let offset, let found, let supported):
            "newer-version in \(file) at byte \(offset): it has format version \(found), this release reads up to "
                + "\(supported). Nothing was changed"
        case .keyUnavailable(let file, let offset, let key):
            "\(file) is encrypted at byte \(offset) with key \(key), which this node does not have"
        case .exists(let index): "there is a snapshot at index \(index) already"
        case .outside(let pack, let offset, let count):
            "\(count) bytes from \(offset) on of pack \(pack) are in no snapshot"
        case .refused(let fault, let pack, let offset):
            "a sender's \(pack.map { "pack \($0) at byte \(offset)" } ?? "manifest") is not what it should be: \(fault)"
        case .otherCluster(let found, let expected): "a snapshot is of cluster \(found), not of \(expected)"
        case .wrongState(let why): "a state is not stored, because \(why)"
        }
    }

    public var remedy: Remedy {
        switch self {
        case .storage(let error): error.remedy
        case .syncFailed: .operate("look at the kernel's log, replace the disk if it fails, then start the node again")
        case .damaged(let damage): damage.remedy
        case .newerVersion: .operate("start the release that wrote it, or a newer one")
        case .keyUnavailable: .operate("give this node the key, or the key service that unwraps it")
        case .exists: .automatic("the one that is there is as good")
        case .outside: .retry("ask for the newest snapshot's manifest again")
        case .refused: .automatic("nothing of it is used, and it is asked for again, from another node if there is one")
        case .wrongState: .automatic("the node rebuilds its state; test the machine's memory")
        case .otherCluster: .operate("correct the addresses of the peers: one of them is in another cluster")
        }
    }
}

/// A sync whose failure is told from all others.
func syncing(_ body: () throws(StorageError) -> Void) throws(SnapshotError) {
    do throws(StorageError) { try body() } catch { throw .syncFailed(error) }
}

func storing<Value>(_ body: () throws(StorageError) -> Value) throws(SnapshotError) -> Value {
    do throws(StorageError) { return try body() } catch { throw .storage(error) }
}
