// Whether a data directory can be used at all: each reason it cannot has a name and a command that mends it.

import Platform
import Vocabulary

struct DirectoryCheck {
    let path: String
    /// It has its files already, and must do on a full disk too.
    let isInUse: Bool

    /// Permission bits that nobody but the owner may have; reading is granted to the group at most.
    private static let foreignBits: UInt32 = 0o027

    /// Makes the directory when it is missing, with its name on stable storage, and checks it.
    func run() throws(DataDirectoryError) {
        do throws(SystemError) {
            if !FileSystem.exists(path) { try DirectoryCheck.make(path) }
        } catch {
            let user = ThisProcess.userName
            throw error.isDenied ? .cannotMake(path: path, user: user, text: error.reason) : .system(error)
        }
        try checkOwner()
        guard !isInUse else { return }
        try syncName()
        try checkSpace()
    }

    /// Makes a directory and those above it that are missing. Each one's name is synced: a power loss that took the
    /// directory's name would take everything in it, however well that was synced.
    private static func make(_ path: String) throws(SystemError) {
        let parent = FileSystem.parent(of: path)
        if !FileSystem.exists(parent) { try make(parent) }
        try FileSystem.makeDirectory(path, intermediate: true)
        try FileSystem.syncDirectory(parent)
    }

    /// Syncs the name of a directory that was there already: a start before this one may have made it and no more. One
    /// whose parent this user may not read was made by somebody else.
    private func syncName() throws(DataDirectoryError) {
        do throws(SystemError) { try FileSystem.syncDirectory(FileSystem.parent(of: path)) } catch {
            if !error.isDenied { throw .system(error) }
        }
    }

    private func checkOwner() throws(DataDirectoryError) {
        guard FileSystem.isDirectory(path) else { throw .notADirectory(path: path) }
        let status: FileStatus?
        do throws(SystemError) { status = try FileSystem.status(FileSystem.realPath(path)) } catch {
            throw .system(error)
        }
        guard let status else { return }
        guard status.owner == ThisProcess.userID else {
            throw .wrongOwner(path: path, owner: status.owner, user: ThisProcess.userName)
        }
        guard status.permissions & DirectoryCheck.foreignBits == 0 else {
            throw .tooOpen(path: path, permissions: status.permissions)
        }
        guard status.permissions & 0o700 == 0o700 else {
            throw .unwritable(path: path, user: ThisProcess.userName)
        }
    }

    private func checkSpace() throws(DataDirectoryError) {
        let space: FileSystemSpace
        do throws(SystemError) { space = try FileSystem.freeSpace(path) } catch { throw .system(error) }
        guard space.free >= DataDirectory.freeBytesMin.rawValue else {
            throw .noSpace(path: path, free: ByteCount(space.free), needed: DataDirectory.freeBytesMin)
        }
        guard space.freeFiles >= DataDirectory.freeFilesMin else {
            throw .noFiles(path: path, free: space.freeFiles, needed: DataDirectory.freeFilesMin)
        }
    }
}
