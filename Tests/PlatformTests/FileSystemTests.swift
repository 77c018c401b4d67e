// Names on disk.

import Glibc
import Platform
import Testing
import Vocabulary

@Suite struct FileSystemTests {
    private func contents(_ path: String) throws -> String {
        String(decoding: try FileSystem.readAll(path, limit: 1 << 20), as: UTF8.self)
    }

    private func replace(_ path: String, _ text: String) throws(SystemError) {
        try FileSystem.writeAtomically(path, Array(text.utf8).span.bytes)
    }

    @Test func `directories are made, listed in order, and removed`() throws {
        let directory = try TemporaryDirectory()
        try FileSystem.makeDirectory(directory.file("a/b/c"), intermediate: true)
        try FileSystem.makeDirectory(directory.file("a/b/c"), intermediate: true)
        #expect(try FileSystem.status(directory.file("a/b"))?.permissions == 0o700)
        for name in ["z", "B", "a1", "a"] { try replace(directory.file("a/b/c/" + name), name) }
        #expect(try FileSystem.listDirectory(directory.file("a/b/c")) == ["B", "a", "a1", "z"])
        #expect(failure { () throws(SystemError) in try FileSystem.remove(directory.file("a")) }?.errno == ENOTEMPTY)
        try FileSystem.removeTree(directory.file("a"))
        #expect(!FileSystem.exists(directory.file("a")))
        try FileSystem.removeTree(directory.file("a"))
    }

    @Test func `a directory that exists or has no parent is refused unless asked for`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path
        #expect(failure { () throws(SystemError) in try FileSystem.makeDirectory(path) }?.errno == EEXIST)
        #expect(failure { () throws(SystemError) in try FileSystem.makeDirectory(path + "/x/y") }?.errno == ENOENT)
        try replace(path + "/file", "")
        let error = failure { () throws(SystemError) in
            try FileSystem.makeDirectory(path + "/file/x", intermediate: true)
        }
        #expect(error?.errno == ENOTDIR)
        #expect(
            failure { () throws(SystemError) in try FileSystem.makeDirectory(path + "/file", intermediate: true) }?
                .errno
                == EEXIST)
    }

    @Test func `an atomic write replaces the whole and leaves nothing beside it`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("a")
        try replace(path, "a long first text")
        try replace(path, "second")
        #expect(try contents(path) == "second")
        #expect(try FileSystem.status(path)?.permissions == 0o600)
        #expect(try FileSystem.listDirectory(directory.path) == ["a"])
    }

    @Test func `an atomic write that cannot be made leaves the old and nothing beside it`() throws {
        let directory = try TemporaryDirectory()
        try FileSystem.makeDirectory(directory.file("taken"))
        let error = failure { () throws(SystemError) in try replace(directory.file("taken"), "x") }
        #expect(error?.call == "rename")
        #expect(try FileSystem.listDirectory(directory.path) == ["taken"])
    }

    @Test(.enabled(if: ThisProcess.userID == 0, "mounting takes root"))
    func `a full and a read-only file system keep the old file whole`() throws {
        let directory = try TemporaryDirectory()
        let mount = directory.file("mount")
        try FileSystem.makeDirectory(mount)
        let mounted = try ChildProcess.run(
            "/bin/mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", mount])
        // Containers may forbid it to their root.
        guard mounted.status.isSuccess else { return }
        defer { _ = try? ChildProcess.run("/bin/umount", [mount]) }
        try replace(mount + "/a", "old")
        let large = [UInt8](repeating: 1, count: 1 << 20)
        let full = failure { () throws(SystemError) in
            try FileSystem.writeAtomically(mount + "/a", large.span.bytes)
        }
        #expect(full?.errno == ENOSPC)
        #expect(try FileSystem.listDirectory(mount) == ["a"])
        #expect(try FileSystem.freeSpace(mount).total == 64 << 10)
        #expect(try ChildProcess.run("/bin/mount", ["-o", "remount,ro", mount]).status.isSuccess)
        let unwritable = failure { () throws(SystemError) in try replace(mount + "/a", "new") }
        #expect(unwritable?.errno == EROFS)
        #expect(unwritable?.remedy.text.hasPrefix("mount the file system of \(mount)/a") == true)
        #expect(try contents(mount + "/a") == "old")
    }

    @Test(.enabled(if: ThisProcess.userID != 0, "root may read everything"))
    func `an unreadable file is told by name`() throws {
        let directory = try TemporaryDirectory()
        try replace(directory.file("a"), "x")
        try FileSystem.setPermissions(directory.file("a"), 0)
        let error = failure { () throws(SystemError) in try FileSystem.readAll(directory.file("a"), limit: 10) }
        #expect(error?.errno == EACCES)
    }

    @Test func `a file larger than the limit is refused, one of exactly its size is not`() throws {
        let directory = try TemporaryDirectory()
        try replace(directory.file("a"), "12345")
        #expect(try FileSystem.readAll(directory.file("a"), limit: 5).count == 5)
        let error = failure { () throws(SystemError) in try FileSystem.readAll(directory.file("a"), limit: 4) }
        #expect(error == SystemError(call: "read", errno: EFBIG, subject: directory.file("a")))
    }

    @Test func `a status tells kinds apart and does not follow links`() throws {
        let directory = try TemporaryDirectory()
        try replace(directory.file("a"), "123")
        #expect(symlink(directory.file("a"), directory.file("link")) == 0)
        let status = try #require(try FileSystem.status(directory.file("a")))
        #expect(status.kind == .file)
        #expect(status.size == 3)
        #expect(status.owner == ThisProcess.userID)
        #expect(try FileSystem.status(directory.file("link"))?.kind == .symbolicLink)
        #expect(try FileSystem.status(directory.path)?.kind == .directory)
        #expect(try FileSystem.status(directory.file("none")) == nil)
        #expect(try contents(directory.file("link")) == "123")
    }

    @Test func `names are renamed, and directories synced`() throws {
        let directory = try TemporaryDirectory()
        try replace(directory.file("a"), "1")
        try FileSystem.rename(directory.file("a"), to: directory.file("b"))
        try FileSystem.syncDirectory(directory.path)
        #expect(try FileSystem.listDirectory(directory.path) == ["b"])
        #expect(
            failure { () throws(SystemError) in try FileSystem.syncDirectory(directory.file("b")) }?.errno == ENOTDIR)
    }

    @Test func `free space is told of what exists only`() throws {
        let directory = try TemporaryDirectory()
        let space = try FileSystem.freeSpace(directory.path)
        #expect(space.total > 0)
        #expect(space.free <= space.total)
        #expect(failure { () throws(SystemError) in try FileSystem.freeSpace(directory.file("x")) }?.errno == ENOENT)
    }

    @Test(arguments: [("a", "."), ("a/b", "a"), ("/a", "/"), ("/", "/"), ("a/b/", "a"), ("/a/b/c", "/a/b")])
    func `a parent is what stands before the last part`(path: String, parent: String) {
        #expect(FileSystem.parent(of: path) == parent)
    }
}
