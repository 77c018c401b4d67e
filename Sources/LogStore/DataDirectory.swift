// A node's data directory: whose it is, and that nobody else uses it.

import ByteCoding
public import LogFormat
public import Platform
public import Vocabulary

/// An opened and locked data directory. The lock goes with this object, or with the process.
///
///     LOCK                     locked while a node runs
///     identity                 cluster, node, storage id and timeline; 96 bytes, `docs/formats/log.md`
///     timeline                 a copy of it, on later timelines: no segment says which one it is
///     wal-<20 digits>.seg      the log
///     quarantine/              damaged files, as they were found
public final class DataDirectory: Sendable {
    /// Below this many bytes or files left, a directory is refused at the start.
    public static let freeBytesMin = ByteCount.mebibytes(16)
    public static let freeFilesMin = 64

    public let path: String
    public let identity: LogIdentity
    /// Whether the log is still to be made. False once `openLog` has made it, also after a restart.
    public let isNew: Bool
    /// As it was when the directory was opened.
    public let timeline: Timeline
    /// A recovery has begun this timeline, and its first entry may not be in the log yet.
    public let isBeginningTimeline: Bool
    private let lock: File

    private init(path: String, file: IdentityFile, lock: consuming File) {
        self.path = path
        identity = file.identity
        isNew = !file.isInUse
        timeline = file.timeline
        isBeginningTimeline = file.isBeginning
        self.lock = lock
    }

    public var storage: DirectoryStorage { DirectoryStorage(path: path) }

    /// Opens the directory of this node, or makes it.
    ///
    /// A new directory gets a storage id of its own, drawn from the kernel's random source.
    public static func open(
        _ path: String, cluster: ClusterID, node: NodeID
    ) throws(DataDirectoryError) -> DataDirectory {
        try DirectoryCheck(path: path, isInUse: FileSystem.exists(path + "/identity")).run()
        let lock = try lockFile(path)
        if let found = try readIdentity(path) {
            guard found.identity.cluster == cluster else {
                throw .otherCluster(path: path, found: found.identity.cluster, expected: cluster)
            }
            guard found.identity.node == node else {
                throw .otherNode(path: path, found: found.identity.node, expected: node)
            }
            return DataDirectory(path: path, file: found, lock: lock)
        }
        try refuseForeignFiles(path)
        let storage = StorageID(high: SystemRandom.word(), low: SystemRandom.word())
        let identity = LogIdentity(cluster: cluster, node: node, storage: storage)
        let file = IdentityFile(identity: identity, isInUse: false)
        try writeIdentity(file, path)
        return DataDirectory(path: path, file: file, lock: lock)
    }

    /// Makes the directory of a node whose storage id is known: that of a restore, whose state knows it already. Traps
    /// when there is one.
    public static func make(_ path: String, _ identity: LogIdentity) throws(DataDirectoryError) -> DataDirectory {
        try DirectoryCheck(path: path, isInUse: false).run()
        let lock = try lockFile(path)
        let found = try readIdentity(path)
        precondition(found == nil, "\(path) is a data directory already")
        let file = IdentityFile(identity: identity, isInUse: false)
        try writeIdentity(file, path)
        return DataDirectory(path: path, file: file, lock: lock)
    }

    /// Throws `inUse` while a process has the directory; one that nobody ever used is free.
    public static func checkUnused(_ path: String) throws(DataDirectoryError) {
        guard FileSystem.exists(path + "/LOCK") else { return }
        _ = try lockFile(path)
    }

    /// What a directory says about itself, without locking or changing it.
    public static func identity(at path: String) throws(DataDirectoryError) -> LogIdentity? {
        try readIdentity(path)?.identity
    }

    /// Opens the log, or makes it, and notes then that it is in use: from then on a missing log is damage.
    ///
    /// - Parameter logPath: where the log's files are, if not in this directory: they may have a device of their own.
    ///
    /// - Parameter syncs: see `DirectoryStorage`; for a log that counts only once that is through.
    public func openLog(
        at logPath: String? = nil, options: LogOptions = LogOptions(), syncs: SyncThread? = nil,
        progress: (LogProgress) -> Void = { _ in }
    ) throws(DataDirectoryError) -> (LogEngine<DirectoryStorage>, RecoveredLog) {
        if let logPath { try DirectoryCheck(path: logPath, isInUse: !isNew).run() }
        let opened: (LogEngine<DirectoryStorage>, RecoveredLog)
        do throws(LogError) {
            opened = try LogEngine.open(
                DirectoryStorage(path: logPath ?? path, syncs: syncs), identity: identity, isNew: isNew,
                options: options, now: WallClock.now(), progress: progress)
        } catch { throw .log(error) }
        if isNew {
            try DataDirectory.writeIdentity(
                IdentityFile(identity: identity, isInUse: true, timeline: timeline), path)
        }
        return opened
    }

    // MARK: Files

    static func lockFile(_ path: String) throws(DataDirectoryError) -> File {
        let name = path + "/LOCK"
        do throws(SystemError) {
            let file = try File.open(name, mode: .openOrCreate)
            if try file.tryLock() { return file }
        } catch {
            throw error.isDenied ? .unwritable(path: path, user: ThisProcess.userName) : .system(error)
        }
        throw .inUse(path: path)
    }

    private static func readIdentity(_ path: String) throws(DataDirectoryError) -> IdentityFile? {
        let name = path + "/identity"
        let bytes: [UInt8]
        do throws(SystemError) {
            guard FileSystem.exists(name) else { return nil }
            bytes = try FileSystem.readAll(name, limit: 4096)
        } catch { throw .system(error) }
        switch IdentityFile.decode(bytes.rawBytes) {
        case .success(let file): return file
        case .failure(.damaged): throw .damagedIdentity(file: name)
        case .failure(.newer(let version)):
            throw .newerVersion(file: name, found: Int(version), supported: Int(IdentityFile.version))
        }
    }

    static func writeIdentity(_ file: IdentityFile, _ path: String) throws(DataDirectoryError) {
        do throws(SystemError) {
            try FileSystem.writeAtomically(path + "/identity", file.encoded.rawBytes)
        } catch { throw .system(error) }
    }

    /// A directory without an identity must hold no log, or the log would be taken for nobody's.
    private static func refuseForeignFiles(_ path: String) throws(DataDirectoryError) {
        let names: [String]
        do throws(SystemError) { names = try FileSystem.listDirectory(path) } catch { throw .system(error) }
        guard !names.contains(where: { SegmentName.sequence(of: $0) != nil }) else {
            throw .identityMissing(path: path)
        }
    }
}
