// Names on disk: what there is, making and replacing it so that a crash leaves the old or the new.

import Glibc

/// What stat(2) tells of a name; of a symbolic link, about the link.
public struct FileStatus: Hashable, Sendable {
    public enum Kind: Hashable, Sendable { case file, directory, symbolicLink, other }
    public let kind: Kind
    /// In bytes.
    public let size: Int
    /// The twelve permission bits, such as 0o600.
    public let permissions: UInt32
    /// The owner's user id, and the group's.
    public let owner: UInt32
    public let group: UInt32
    /// The last change of the contents, in seconds since 1970.
    public let modified: Int

    init(_ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .symbolicLink
        default: kind = .other
        }
        size = Int(status.st_size)
        permissions = status.st_mode & 0o7777
        owner = status.st_uid
        group = status.st_gid
        modified = status.st_mtim.tv_sec
    }
}

/// Room on a file system.
public struct FileSystemSpace: Hashable, Sendable {
    /// Bytes that this process may still use.
    public let free: Int
    /// Bytes of the whole file system.
    public let total: Int
    /// Files that can still be made. `Int.max` where the file system has no such limit.
    public let freeFiles: Int
}

/// The calls on names. Paths are as the kernel takes them; relative ones count from the working directory.
public enum FileSystem {
    public static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Nil when nothing has that name. Symbolic links are not followed.
    public static func status(_ path: String) throws(SystemError) -> FileStatus? {
        var status = stat()
        if lstat(path, &status) == 0 { return FileStatus(status) }
        if errno == ENOENT { return nil }
        throw SystemError("lstat", path)
    }

    /// The size in bytes of what `path` names, links followed.
    public static func size(_ path: String) throws(SystemError) -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else { throw SystemError("stat", path) }
        return Int(status.st_size)
    }

    /// The names in a directory but `.` and `..`, sorted by their bytes.
    public static func listDirectory(_ path: String) throws(SystemError) -> [String] {
        guard let directory = opendir(path) else { throw SystemError("opendir", path) }
        defer { closedir(directory) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else {
                if errno != 0 { throw SystemError("readdir", path) }
                return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            }
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }

    /// Makes a directory, for its owner only unless `permissions` says otherwise. `intermediate` makes those above it
    /// too, and is content when it is there already.
    public static func makeDirectory(
        _ path: String, permissions: UInt32 = 0o700, intermediate: Bool = false
    ) throws(SystemError) {
        if mkdir(path, permissions) == 0 { return }
        let error = SystemError("mkdir", path)
        guard intermediate else { throw error }
        switch error.errno {
        case EEXIST where isDirectory(path): return
        case ENOENT where parent(of: path) != path:
            try makeDirectory(parent(of: path), permissions: permissions, intermediate: true)
            try makeDirectory(path, permissions: permissions)
        default: throw error
        }
    }

    /// Whether it is a directory, links followed.
    public static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Gives a file another name, in place of what had that (rename(2): at once or not at all). On stable storage after
    /// `syncDirectory` of both directories.
    public static func rename(_ old: String, to new: String) throws(SystemError) {
        guard Glibc.rename(old, new) == 0 else { throw SystemError("rename", old) }
    }

    /// Gives a file a second name (link(2)); an error when that is taken. On stable storage after `syncDirectory`.
    public static func link(_ path: String, as other: String) throws(SystemError) {
        guard Glibc.link(path, other) == 0 else { throw SystemError("link", other) }
    }

    /// Removes a file, or a directory that is empty. On stable storage after `syncDirectory`.
    public static func remove(_ path: String) throws(SystemError) {
        guard Glibc.remove(path) == 0 else { throw SystemError("remove", path) }
    }

    /// Removes a directory with everything in it; links are removed, not followed.
    public static func removeTree(_ path: String) throws(SystemError) {
        guard let status = try status(path) else { return }
        if status.kind == .directory {
            for name in try listDirectory(path) { try removeTree(path + "/" + name) }
        }
        try remove(path)
    }

    /// Brings a directory's names to stable storage (fsync on the directory).
    public static func syncDirectory(_ path: String) throws(SystemError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        defer { close(descriptor) }
        while fsync(descriptor) != 0 { if !wasInterrupted { throw SystemError("fsync", path) } }
    }

    /// The room on the file system that `path` is on.
    public static func freeSpace(_ path: String) throws(SystemError) -> FileSystemSpace {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { throw SystemError("statvfs", path) }
        let unit = Int(status.f_frsize)
        return FileSystemSpace(
            free: Int(status.f_bavail) * unit, total: Int(status.f_blocks) * unit,
            freeFiles: status.f_files == 0 ? .max : Int(status.f_favail))
    }

    /// Changes the permission bits of a file.
    public static func setPermissions(_ path: String, _ permissions: UInt32) throws(SystemError) {
        guard chmod(path, permissions) == 0 else { throw SystemError("chmod", path) }
    }

    /// The path without symbolic links, `.` and `..` (realpath(3)).
    public static func realPath(_ path: String) throws(SystemError) -> String {
        guard let real = realpath(path, nil) else { throw SystemError("realpath", path) }
        defer { free(real) }
        return String(cString: real)
    }

    /// What stands before the last part of a path: `.` for a bare name, `/` for what is directly below it.
    public static func parent(of path: String) -> String {
        let trimmed = path.utf8.count > 1 && path.hasSuffix("/") ? path.dropLast() : path[...]
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }

    /// A directory below the one for temporary files, with a name that nobody can guess, for its owner only.
    public static func makeTemporaryDirectory(prefix: String = "trireme") throws(SystemError) -> String {
        let top = ThisProcess.environment("TMPDIR") ?? "/tmp"
        let path = top + "/" + prefix + "-" + String(SystemRandom.word(), radix: 36)
        try makeDirectory(path)
        return path
    }
}

// Whole files.
extension FileSystem {
    /// The contents of a file of at most `limit` bytes; a larger one is refused with EFBIG. Links are followed, since
    /// certificates and configurations are often mounted as such.
    public static func readAll(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        let real = try realPath(path)
        let file = try File.open(real, mode: .readOnly)
        var bytes: [UInt8] = []
        while bytes.count <= limit {
            let part = try file.read(min(1 << 20, limit + 1 - bytes.count), at: bytes.count)
            bytes += part
            if part.isEmpty { return bytes }
        }
        throw SystemError(call: "read", errno: EFBIG, subject: path)
    }

    /// Replaces a file's contents so that a crash at any point leaves the old or the new, whole: a temporary file
    /// beside it is written and synced, takes its name, and the directory is synced.
    public static func writeAtomically(
        _ path: String, _ bytes: RawSpan, permissions: UInt32 = 0o600
    ) throws(SystemError) {
        let temporary = path + ".new-" + String(SystemRandom.word(), radix: 36)
        do throws(SystemError) {
            let file = try File.open(temporary, mode: .create, permissions: permissions)
            try file.pwriteAll(bytes, at: 0)
            try file.synchronize()
            try file.close()
            // The mask of the process may have taken bits away that were asked for.
            try setPermissions(temporary, permissions)
            try rename(temporary, to: path)
        } catch {
            _ = unlink(temporary)
            throw error
        }
        try syncDirectory(parent(of: path))
    }
}
