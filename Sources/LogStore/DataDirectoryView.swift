// The data directory of a node that does not run, held so that none runs on it meanwhile.

public import LogFormat
import Platform
public import Vocabulary

/// Locks what `DataDirectory` locks, and makes and changes nothing. The lock goes with this object.
public final class DataDirectoryView: Sendable {
    public let path: String
    public let identity: LogIdentity
    private let lock: File?

    /// - Throws: `inUse` while a node runs on it; also when it is not the directory of this node.
    public init(_ path: String, cluster: ClusterID, node: NodeID) throws(DataDirectoryError) {
        lock = try DataDirectoryView.lock(path)
        guard let found = try DataDirectory.identity(at: path) else { throw .identityMissing(path: path) }
        guard found.cluster == cluster else {
            throw .otherCluster(path: path, found: found.cluster, expected: cluster)
        }
        guard found.node == node else { throw .otherNode(path: path, found: found.node, expected: node) }
        self.path = path
        identity = found
    }

    /// A copy may lack the file: nobody can run on that without making it.
    private static func lock(_ path: String) throws(DataDirectoryError) -> File? {
        let name = path + "/LOCK"
        guard FileSystem.exists(name) else { return nil }
        do throws(SystemError) {
            let file = try File.open(name, mode: .readWrite)
            if try file.tryLock() { return file }
        } catch {
            throw error.isDenied ? .unwritable(path: path, user: ThisProcess.userName) : .system(error)
        }
        throw .inUse(path: path)
    }
}
