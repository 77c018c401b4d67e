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
    /// Entries before the target are in no object that is there.
    case gap(RestoreTarget, missing: ClosedRange<LogIndex>, reachable: [RestorableRange])
    /// The state is not the one that the archive says it has to be.
    case otherDigest(at: LogIndex, expected: Digest, found: Digest, said: String)
    case otherCount(expected: Int, found: Int)
    case noSpace(path: String, needed: ByteCount, free: ByteCount)
    /// The target is in use, or is not what a restore may put aside.
    case targetInUse(path: String, by: String?)
    case targetOccupied(path: String)
    /// The directory that is to be replaced has entries behind the target.
    case newerData(path: String, last: LogIndex, target: LogIndex)
    case otherCluster(path: String, found: ClusterID, expected: ClusterID)
    /// It can not be told what the directory has that is to be replaced.
    case unknownData(path: String, why: String)
    /// The archive's log does not go on where any snapshot in the directory ends.
    case noMeeting(path: String, reasons: [String])
    /// A restore of something else was begun at the same place.
    case otherRestore(path: String)
    /// Whoever ordered it does not want it any more.
    case stopped
    /// A file of questions is none, or can not be read.
    case unreadableChecks(CheckListError, path: String)
    /// What an operator asks of a state was not answered as expected.
    case checksFailed([String])

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
        case .gap(let target, let missing, let ranges):
            let known = ranges.map(\.description).joined(separator: "; ")
            return "\(target) can not be restored: the object with entries \(missing.lowerBound) to "
                + "\(missing.upperBound) of the log is missing (\(RestoreError.name(of: missing.lowerBound))-…); "
                + (known.isEmpty ? "nothing else is there" : "there is \(known)")
        case .otherDigest(let index, let expected, let found, let said):
            return "the state at index \(index) has digest \(found), and \(said) says \(expected)"
        case .otherCount(let expected, let found):
            return "the state has \(found) records, and the backup's manifest says \(expected)"
        case .noSpace(let path, let needed, let free):
            return "\(path) has \(free) free, and the restore needs \(needed): twice what it expands to"
        case .targetInUse(let path, let holder):
            return "\(path) is in use by " + (holder.map { "a process that runs: \($0)" } ?? "a process that runs")
        case .targetOccupied(let path): return "\(path) holds something that is no data directory"
        case .newerData(let path, let last, let target):
            return "\(path) has entries up to index \(last), and the restore ends at \(target): what lies between "
                + "would be out of use"
        case .otherCluster(let path, let found, let expected):
            return "\(path) belongs to cluster \(found), and the archive is of \(expected)"
        case .unknownData(let path, let why): return "it can not be told what \(path) has: \(why)"
        case .noMeeting(let path, let reasons):
            return "log and state do not meet: "
                + (reasons.isEmpty ? "\(path) has no snapshot that can be read" : reasons.joined(separator: "; "))
        case .otherRestore(let path): return "\(path) is left of another restore that was not finished"
        case .stopped: return "it was given up: the process ends"
        case .unreadableChecks(let error, let path): return "\(path): \(error)"
        case .checksFailed(let texts): return "not as the checks expect: " + texts.joined(separator: "; ")
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
        case .gap(_, _, let ranges):
            let nearest = ranges.last.map { "with --index \($0.last) (\($0.lastTime)), or " } ?? ""
            return .operate(
                "put the object back from a copy of the archive; or restore the nearest point before the gap "
                    + "\(nearest)with --fallback, which finds it by itself")
        case .outOfRange: return .operate("choose a point in these ranges, or another --timeline")
        case .otherDigest, .otherCount:
            return .operate("run `nodectl archive verify`, and restore from an earlier backup with --backup")
        case .noSpace(let path, _, _): return .operate("make room on the file system of \(path), or restore elsewhere")
        case .targetInUse: return .operate("stop the node first, or have it stopped and started with --service UNIT")
        case .targetOccupied:
            return .operate(
                "name a directory that does not exist, or a node's data directory, or insist with --replace: the "
                    + "directory is renamed, not removed")
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
        case .noMeeting:
            return .operate("restore everything, without --log-only: the directory is renamed, not removed")
        case .unreadableChecks: return .operate("mend the file: lines of `GET greeting => hello`")
        case .checksFailed: return .operate("look at those records in the cluster: they, or the checks, are wrong")
        case .stopped: return .automatic("it is tried again another time")
        case .otherRestore(let path): return .operate("finish that one with the same command, or remove \(path)")
        }
    }

    /// What can be restored instead of a target that can not.
    var reachable: [RestorableRange]? {
        switch self {
        case .outOfRange(_, let ranges), .gap(_, _, let ranges): ranges
        default: nil
        }
    }

    /// What the name of the log's object begins with whose first entry this is.
    private static func name(of index: LogIndex) -> String {
        let text = "\(index)"
        return String(repeating: "0", count: max(0, 20 - text.utf8.count)) + text
    }

    /// Whether nothing is broken, and the command refused to do what would be unsafe.
    public var isRefusal: Bool {
        switch self {
        case .noSpace, .targetInUse, .targetOccupied, .newerData, .otherCluster, .unknownData, .otherRestore,
            .outOfRange, .gap, .noMeeting:
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
