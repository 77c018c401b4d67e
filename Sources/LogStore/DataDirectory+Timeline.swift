// The timeline that a data directory is on: entered once by a new node, or begun by a recovery.

import ByteCoding
import LogFormat
import Platform
public import Vocabulary

/// The file `identity` is what counts, and is replaced as a whole. The copy beside it is read by a repair only: were it
/// lost with the identity, a repaired node would be back on a timeline that was given up.
extension DataDirectory {
    static let copyName = "/timeline"

    /// Notes that this node is on this timeline, and that its log has what that begins with, if it was begun here.
    public func enter(_ timeline: Timeline) throws(DataDirectoryError) {
        let file = IdentityFile(identity: identity, isInUse: true, timeline: timeline)
        // First the copy: one that says "beginning" must not outlive the beginning.
        try writeCopy(file)
        try DataDirectory.writeIdentity(file, path)
    }

    /// Begins a timeline, from this moment on and whatever happens next: what its first entry is (`TimelineStart`) is
    /// written by the next start.
    public func begin(_ timeline: Timeline) throws(DataDirectoryError) {
        let file = IdentityFile(identity: identity, isInUse: true, timeline: timeline, isBeginning: true)
        // First the identity: a copy of what was not begun must not be there.
        try DataDirectory.writeIdentity(file, path)
        try writeCopy(file)
    }

    private func writeCopy(_ file: IdentityFile) throws(DataDirectoryError) {
        do throws(SystemError) {
            try FileSystem.writeAtomically(path + DataDirectory.copyName, file.encoded.rawBytes)
        } catch { throw .system(error) }
    }

    /// Keeps what a recovery is about to change as it is: the identity, and the segment that is written to next. The
    /// segments before that one are not written to any more.
    ///
    /// - Returns: the files that hold the copies.
    public func keepCopies(
        of segment: String, in logDirectory: String, at now: Timestamp
    ) throws(DataDirectoryError) -> [String] {
        let stamp = now.description.filter { $0 != "-" && $0 != ":" }
        let kept = SegmentName.quarantine + "/" + stamp + "-" + segment
        let disk = DirectoryStorage(path: logDirectory)
        do throws(StorageError) {
            try disk.makeDirectory(SegmentName.quarantine)
            try disk.syncDirectory(nil)
            try disk.copy(segment, to: kept)
            try disk.syncDirectory(SegmentName.quarantine)
        } catch { throw .log(.storage(error)) }
        do throws(SystemError) {
            return [try IdentityRepair.keep(path, stamp: stamp), logDirectory + "/" + kept]
        } catch { throw .system(error) }
    }

    /// The copy of the identity, if this directory has left the first timeline. One that is damaged, while the identity
    /// is gone too, leaves nobody to say which timeline it is.
    static func timelineCopy(_ path: String) throws(DataDirectoryError) -> IdentityFile? {
        let name = path + copyName
        let bytes: [UInt8]
        do throws(SystemError) {
            guard FileSystem.exists(name) else { return nil }
            bytes = try FileSystem.readAll(name, limit: 4096)
        } catch { throw .system(error) }
        guard case .success(let file) = IdentityFile.decode(bytes.rawBytes) else { throw .identityLost(path: path) }
        return file
    }
}
