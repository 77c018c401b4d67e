// Files: what is written is read back, and what cannot be done is told by name.

import Glibc
import Platform
import Testing
import Vocabulary

@Suite struct FileTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func `positioned writes are read back, to the end and not further`() throws {
        let directory = try TemporaryDirectory()
        let file = try File.open(directory.file("a"), mode: .create)
        try file.pwriteAll(bytes("world").span.bytes, at: 5)
        try file.pwriteAll(bytes("hello").span.bytes, at: 0)
        try file.synchronizeData()
        #expect(try file.size == 10)
        #expect(try file.read(100, at: 3) == bytes("loworld"))
        #expect(try file.read(100, at: 10) == [])
        try file.truncate(to: 4)
        #expect(try file.read(100, at: 0) == bytes("hell"))
        try file.close()
    }

    @Test func `a file is made for its owner only, and once`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("a")
        try File.open(path, mode: .create).close()
        #expect(try FileSystem.status(path)?.permissions == 0o600)
        let error = failure { () throws(SystemError) in try File.open(path, mode: .create) }
        #expect(error == SystemError(call: "open", errno: EEXIST, subject: path))
        try File.open(path, mode: .openOrCreate).close()
    }

    @Test func `a missing file, a directory and a symbolic link are refused by name`() throws {
        let directory = try TemporaryDirectory()
        let missing = directory.file("missing")
        let error = failure { () throws(SystemError) in try File.open(missing, mode: .readOnly) }
        #expect(error?.description == "open \(missing): No such file or directory (ENOENT)")
        #expect(failure { () throws(SystemError) in try File.open(directory.path, mode: .readWrite) }?.errno == EISDIR)
        #expect(symlink("/etc/passwd", directory.file("link")) == 0)
        #expect(
            failure { () throws(SystemError) in try File.open(directory.file("link"), mode: .readOnly) }?.errno == ELOOP
        )
    }

    @Test func `a full device is told as such`() throws {
        let file = try File.open("/dev/full", mode: .readWrite)
        let data = bytes("x")
        let error = failure { () throws(SystemError) in try file.pwriteAll(data.span.bytes, at: 0) }
        #expect(error?.description == "pwrite /dev/full: No space left on device (ENOSPC)")
        #expect(error?.remedy == .operate("free space on the file system of /dev/full, or enlarge it"))
    }

    @Test func `a write into a file that was opened for reading fails`() throws {
        let directory = try TemporaryDirectory()
        try File.open(directory.file("a"), mode: .create).close()
        let file = try File.open(directory.file("a"), mode: .readOnly)
        let data = bytes("x")
        #expect(failure { () throws(SystemError) in try file.pwriteAll(data.span.bytes, at: 0) }?.errno == EBADF)
        #expect(failure { () throws(SystemError) in try file.truncate(to: 1) } != nil)
    }

    @Test func `preallocated space holds zeros and leaves what was there`() throws {
        let directory = try TemporaryDirectory()
        let file = try File.open(directory.file("a"), mode: .create)
        try file.pwriteAll(bytes("head").span.bytes, at: 0)
        let size = File.preallocationStep * 2 + 12345
        try file.preallocate(from: 4, to: size)
        #expect(try file.size == size)
        let contents = try file.read(size + 1, at: 0)
        #expect(contents.count == size)
        #expect(Array(contents.prefix(4)) == bytes("head"))
        #expect(contents.dropFirst(4).allSatisfy { $0 == 0 })
        try file.preallocate(from: 10, to: 4)
        #expect(try file.size == size)
    }

    @Test func `a lock is held once, until its file is closed`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("lock")
        let first = try File.open(path, mode: .create)
        let second = try File.open(path, mode: .readWrite)
        #expect(try first.tryLock())
        #expect(try !second.tryLock())
        try first.close()
        #expect(try second.tryLock())
    }

    @Test func `a file that goes out of scope is closed`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("lock")
        func lockAndForget() throws -> Bool { try File.open(path, mode: .openOrCreate).tryLock() }
        #expect(try lockAndForget())
        #expect(try lockAndForget())
    }
}
