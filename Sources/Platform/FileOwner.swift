// Whose files are, and who holds one locked.

import Glibc

/// A user and a group, as the kernel numbers them.
public struct FileOwner: Hashable, Sendable {
    public let user: UInt32
    public let group: UInt32

    public init(user: UInt32, group: UInt32) {
        self.user = user
        self.group = group
    }

    /// A user of this machine with the group that is its first; nil when nobody has the name.
    public init?(user name: String) {
        var entry = passwd()
        var result: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 4096)
        guard getpwnam_r(name, &entry, &buffer, buffer.count, &result) == 0, result != nil else { return nil }
        self.init(user: entry.pw_uid, group: entry.pw_gid)
    }
}

extension FileSystem {
    /// Gives a directory with everything in it to someone (lchown(2)); links are given, not followed.
    public static func setOwner(ofTree path: String, _ owner: FileOwner) throws(SystemError) {
        guard let status = try status(path) else { return }
        if status.kind == .directory {
            for name in try listDirectory(path) { try setOwner(ofTree: path + "/" + name, owner) }
        }
        guard lchown(path, owner.user, owner.group) == 0 else { throw SystemError("lchown", path) }
    }

    /// The process that holds a file's lock (`File.tryLock`), such as `noded, process 4711`. Nil when the kernel does
    /// not tell: nobody, or somebody beyond this name space.
    public static func lockHolder(of path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0, let locks = try? ThisProcess.procFile("/proc/locks") else { return nil }
        // `1: FLOCK  ADVISORY  WRITE 4711 fe:00:131 0 EOF`: of the place only the file's number is told reliably.
        for line in locks.split(separator: "\n") {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            guard words.count > 5, words[1] == "FLOCK", words[5].hasSuffix(":\(status.st_ino)"),
                let process = Int32(words[4])
            else { continue }
            let name = (try? ThisProcess.procFile("/proc/\(process)/comm")) ?? ""
            return "\(name.isEmpty ? "one" : String(name.dropLast())), process \(process)"
        }
        return nil
    }
}
