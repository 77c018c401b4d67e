// Why a restore can not be done, and what can.

public import ArchiveFormat
public import ArchiveStore
public import LogStore
public import Platform
public import ReplicaSnapshots
public import Vocabulary

/// Nothing under the restore's final name has changed, whatever the case.
public enum RestoreError: Error, Hashable, Sendable, CustomStringConvertible {
    case archive(ArchiveError)
    case system(SystemError)
    case directory(DataDirectoryError)
    case log(LogError)
    case state(StateError)
    /// There is no cluster in the archive, or there are several.
    case noCluster(location: String)
    case severalClusters([ClusterID])
    /// There is no such timeline, or there are several that could be meant.
    case noTimeline(String, known: [TimelineName])
    case noBackup(BackupID)
    /// What was asked for is outside of what can be restored.
    case outOfRange(RestoreTarget, reachable: [RestorableRange])
    /// The state is not the one that the archive says it has to be.
    case otherDigest(at: LogIndex, expected: Digest, found: Digest, said: String)
    case otherCount(expected: Int, found: Int)
    case noSpace(path: String, needed: ByteCount, free: ByteCount)
    /// The target is in use, or is not what a restore may put aside.
    case targetInUse(path: String)
    case targetOccupied(path: String)
    /// The directory that is to be replaced has entries behind the target.
    case newerData(path: String, last: LogIndex, target: LogIndex)
    case otherCluster(path: String, found: ClusterID, expected: ClusterID)
    /// It can not be told what the directory has that is to be replaced.
    case unknownData(path: String, why: String)
    /// A restore of something else was begun at the same place.
    case otherRestore(path: String)

    public var description: String {
        switch self {
        case .archive(let error): return "\(error)"
        case .system(let error): return "\(error)"
        case .directory(let error): return "\(error)"
        case .log(let error): return "\(error)"
        case .state(let error): return "\(error)"
        case .noCluster(let location): return "there is no cluster's archive at \(location)"
        case .severalClusters(let clusters):
            return "the archive is of several clusters: \(clusters.map(\.description).joined(separator: ", "))"
        case .noTimeline(let name, let known):
            return "there is no timeline \(name) in the archive, which has "
                + known.map(\.description).joined(separator: ", ")
        case .noBackup(let id): return "there is no backup \(id) in the archive"
        case .outOfRange(let target, let ranges):
            let known = ranges.map(\.description).joined(separator: "; ")
            return "\(target) can not be restored: " + (known.isEmpty ? "the archive is empty" : "only \(known)")
        case .otherDigest(let index, let expected, let found, let said):
            return "the state at index \(index) has digest \(found), and \(said) says \(expected)"
        case .otherCount(let expected, let found):
            return "the state has \(found) records, and the backup's manifest says \(expected)"
        case .noSpace(let path, let needed, let free):
            return "\(path) has \(free) free, and the restore needs \(needed): twice what it expands to"
        case .targetInUse(let path): return "\(path) is in use by a process that runs"
        case .targetOccupied(let path): return "\(path) holds something that is no data directory"
        case .newerData(let path, let last, let target):
            return "\(path) has entries up to index \(last), and the restore ends at \(target): what lies between "
                + "would be out of use"
        case .otherCluster(let path, let found, let expected):
            return "\(path) belongs to cluster \(found), and the archive is of \(expected)"
        case .unknownData(let path, let why): return "it can not be told what \(path) has: \(why)"
        case .otherRestore(let path): return "\(path) is left of another restore that was not finished"
        }
    }

    public var remedy: Remedy {
        switch self {
        case .archive(let error): return error.remedy
        case .system(let error): return error.remedy
        case .directory(let error): return error.remedy
        case .log(let error): return error.remedy
        case .state(let error): return error.remedy
        case .noCluster: return .operate("check the URL: its path ends where a folder named by the cluster's id begins")
        case .severalClusters: return .operate("name one with --cluster-id")
        case .noTimeline: return .operate("name one of these with --timeline")
        case .noBackup: return .operate("look at `nodectl backup list`")
        case .outOfRange: return .operate("choose a point in these ranges, or another --timeline")
        case .otherDigest, .otherCount:
            return .operate("run `nodectl archive verify`, and restore from an earlier backup with --backup")
        case .noSpace(let path, _, _): return .operate("make room on the file system of \(path), or restore elsewhere")
        case .targetInUse: return .operate("stop the node first")
        case .targetOccupied: return .operate("name a directory that does not exist, or a node's data directory")
        case .newerData(let path, _, _):
            return .operate(
                "start the node on \(path) if it can be started, or restore elsewhere, or insist with --replace: "
                    + "the directory is renamed, not removed")
        case .otherCluster:
            return .operate("name another directory, or insist with --replace: it is renamed, not removed")
        case .unknownData:
            return .operate(
                "look at it with `nodectl wal verify`, restore elsewhere, or insist with --replace: the directory is "
                    + "renamed, not removed")
        case .otherRestore(let path): return .operate("finish that one with the same command, or remove \(path)")
        }
    }

    /// Whether nothing is broken, and the command refused to do what would be unsafe.
    public var isRefusal: Bool {
        switch self {
        case .noSpace, .targetInUse, .targetOccupied, .newerData, .otherCluster, .unknownData, .otherRestore,
            .outOfRange:
            true
        default: false
        }
    }
}

/// Work of the archive, with its errors as a restore's.
func archived<Value>(_ body: () throws(ArchiveError) -> Value) throws(RestoreError) -> Value {
    do throws(ArchiveError) { return try body() } catch { throw .archive(error) }
}

func onSystem<Value>(_ body: () throws(SystemError) -> Value) throws(RestoreError) -> Value {
    do throws(SystemError) { return try body() } catch { throw .system(error) }
}
