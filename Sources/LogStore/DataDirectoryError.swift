// Why a data directory is refused.

import LogFormat
public import Platform
public import Vocabulary

public enum DataDirectoryError: Error, Hashable, Sendable {
    case notADirectory(path: String)
    case cannotMake(path: String, user: String, text: String)
    case unwritable(path: String, user: String)
    case wrongOwner(path: String, owner: UInt32, user: String)
    /// Others may read or write it.
    case tooOpen(path: String, permissions: UInt32)
    case noSpace(path: String, free: ByteCount, needed: ByteCount)
    case noFiles(path: String, free: Int, needed: Int)
    /// Another process has it.
    case inUse(path: String)
    case otherCluster(path: String, found: ClusterID, expected: ClusterID)
    case otherNode(path: String, found: NodeID, expected: NodeID)
    case newerVersion(file: String, found: Int, supported: Int)
    case damagedIdentity(file: String)
    /// There is a log, but nothing says whose.
    case identityMissing(path: String)
    /// Neither the identity file nor any segment can be read.
    case identityLost(path: String)
    case system(SystemError)
    case log(LogError)

    /// Whether it is the data that is damaged beyond what a node may repair alone, rather than the way it is set up.
    public var isDamage: Bool {
        switch self {
        case .damagedIdentity, .identityMissing, .identityLost, .newerVersion: true
        case .log(.unreadable), .log(.newerVersion), .log(.foreignSegment): true
        default: false
        }
    }
}

extension DataDirectoryError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notADirectory(let path): "data directory \(path) is no directory"
        case .cannotMake(let path, let user, let text): "user \(user) cannot make data directory \(path): \(text)"
        case .unwritable(let path, let user): "user \(user) cannot write to data directory \(path)"
        case .wrongOwner(let path, let owner, let user):
            "data directory \(path) belongs to user id \(owner), not to \(user)"
        case .tooOpen(let path, let permissions):
            "data directory \(path) has permissions 0\(String(permissions, radix: 8)); 0700 is expected, 0750 allowed"
        case .noSpace(let path, let free, let needed): "\(free) free for data directory \(path); \(needed) are needed"
        case .noFiles(let path, let free, let needed):
            "\(free) files can still be made in data directory \(path); \(needed) are needed"
        case .inUse(let path): "data directory \(path) is in use by another process"
        case .otherCluster(let path, let found, let expected):
            "data directory \(path) belongs to cluster \(found), not to \(expected)"
        case .otherNode(let path, let found, let expected):
            "data directory \(path) belongs to node \(found), not to \(expected)"
        case .newerVersion(let file, let found, let supported):
            "\(file) has format version \(found); this release reads up to \(supported). Nothing was changed"
        case .damagedIdentity(let file): "\(file) is damaged"
        case .identityMissing(let path): "data directory \(path) holds a log, but no identity file says whose"
        case .identityLost(let path): "neither the identity of data directory \(path) nor any segment can be read"
        case .system(let error): "data directory: \(error)"
        case .log(let error): error.description
        }
    }

    public var remedy: Remedy {
        switch self {
        case .notADirectory: .operate("name a directory as the data directory")
        case .cannotMake(let path, let user, _): .operate("sudo install -d -m 0700 -o \(user) \(path)")
        case .unwritable(let path, _): .operate("chmod 0700 \(path), and mount its file system for writing")
        case .wrongOwner(let path, _, let user): .operate("sudo chown -R \(user) \(path), or start as the owner")
        case .tooOpen(let path, _): .operate("chmod 0700 \(path)")
        case .noSpace: .operate("free space on that file system, or name a data directory on another")
        case .noFiles: .operate("remove files from that file system, or make it again with more inodes")
        case .inUse: .operate("stop the other process (`fuser` on the file LOCK in there names it)")
        case .otherCluster, .otherNode: .operate("correct the data directory or the identity in the configuration")
        case .newerVersion: .operate("start the release that wrote it, or a newer one")
        case .damagedIdentity, .identityMissing:
            .operate("run `nodectl repair DIRECTORY`: its log's segments say whose it is")
        case .identityLost: .operate("restore the file `identity` from a copy; without it the directory is lost")
        case .system(let error): error.remedy
        case .log(let error): error.remedy
        }
    }
}
