// The simulated disk and a real directory side by side: what the log asks of a disk, both do in the same way.

import ByteCoding
import Platform
import Simulation
import Testing
import Vocabulary

@testable import LogStore

/// The two kinds of storage, each empty.
enum StorageKind: CaseIterable {
    case simulated, directory

    func withEmpty(_ body: (any Storage) throws -> Void) throws {
        switch self {
        case .simulated: try body(SimulatedDisk())
        case .directory:
            let path = try FileSystem.makeTemporaryDirectory(prefix: "storage-test")
            defer { try? FileSystem.removeTree(path) }
            try body(DirectoryStorage(path: path))
        }
    }
}

extension Storage {
    fileprivate func put(_ text: String, _ name: String) throws(StorageError) {
        try write(Array(text.utf8).rawBytes, at: 0, of: try create(name))
    }

    fileprivate func text(_ name: String) throws(StorageError) -> String { try text(of: try open(name)) }

    fileprivate func text(of file: Handle) throws(StorageError) -> String {
        var bytes: [UInt8] = []
        try read(1000, at: 0, of: file, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    fileprivate func overwrite(_ text: String, at offset: Int, in name: String) throws(StorageError) {
        try write(Array(text.utf8).rawBytes, at: offset, of: try open(name))
    }
}

/// What refused, and why.
private func refusal(_ body: () throws(StorageError) -> Void) -> StorageError? {
    do throws(StorageError) { try body() } catch { return error }
    return nil
}

@Suite struct StorageConformanceTests {
    @Test(arguments: StorageKind.allCases)
    func `a file that was made can be opened, and made only once`(kind: StorageKind) throws {
        func check<Disk: Storage>(_ disk: Disk) throws {
            #expect(refusal { () throws(StorageError) in _ = try disk.open("a") }?.reason == .missing)
            try disk.put("one", "a")
            #expect(try disk.text("a") == "one")
            let taken = refusal { () throws(StorageError) in _ = try disk.create("a") }
            #expect(taken?.operation == .create)
            #expect(taken?.reason == .failed)
            #expect(try disk.text("a") == "one")
        }
        try kind.withEmpty { try check($0) }
    }

    @Test(arguments: StorageKind.allCases)
    func `a read gives what there is up to the end, and appends it`(kind: StorageKind) throws {
        func check<Disk: Storage>(_ disk: Disk) throws {
            try disk.put("0123456789", "a")
            let file = try disk.open("a")
            var bytes = Array("<".utf8)
            try disk.read(3, at: 2, of: file, into: &bytes)
            try disk.read(100, at: 8, of: file, into: &bytes)
            try disk.read(5, at: 10, of: file, into: &bytes)
            try disk.read(5, at: 50, of: file, into: &bytes)
            try disk.read(0, at: 0, of: file, into: &bytes)
            #expect(String(decoding: bytes, as: UTF8.self) == "<23489")
        }
        try kind.withEmpty { try check($0) }
    }

    @Test(arguments: StorageKind.allCases)
    func `a write changes what it covers, and the file grows with zeros in between`(kind: StorageKind) throws {
        func check<Disk: Storage>(_ disk: Disk) throws {
            try disk.put("0123456789", "a")
            try disk.overwrite("ab", at: 4, in: "a")
            #expect(try disk.text("a") == "0123ab6789")
            #expect(try disk.size(of: try disk.open("a")) == 10)
            try disk.overwrite("cdef", at: 8, in: "a")
            #expect(try disk.size(of: try disk.open("a")) == 12)
            try disk.overwrite("g", at: 14, in: "a")
            #expect(try disk.text("a") == "0123ab67cdef\0\0g")
            try disk.sync(try disk.open("a"))
            #expect(try disk.text("a") == "0123ab67cdef\0\0g")
        }
        try kind.withEmpty { try check($0) }
    }

    @Test(arguments: StorageKind.allCases)
    func `a rename takes the place of what had the name`(kind: StorageKind) throws {
        func check<Disk: Storage>(_ disk: Disk) throws {
            try disk.put("new", "a.tmp")
            try disk.put("old one", "a")
            let old = try disk.open("a")
            let new = try disk.open("a.tmp")
            try disk.rename("a.tmp", to: "a")
            try disk.syncDirectory(nil)
            #expect(try disk.list() == ["a"])
            #expect(try disk.text("a") == "new")
            // Whoever has a file open keeps it, whatever became of its name.
            #expect(try disk.text(of: old) == "old one")
            try disk.write(Array("!".utf8).rawBytes, at: 3, of: new)
            #expect(try disk.text("a") == "new!")
            let missing = refusal { () throws(StorageError) in try disk.rename("b", to: "a") }
            #expect(missing?.operation == .rename)
            #expect(missing?.reason == .missing)
            #expect(try disk.text("a") == "new!")
        }
        try kind.withEmpty { try check($0) }
    }

    @Test(arguments: StorageKind.allCases)
    func `what was removed is gone, but for those who have it open`(kind: StorageKind) throws {
        func check<Disk: Storage>(_ disk: Disk) throws {
            try disk.put("one", "a")
            let file = try disk.open("a")
            try disk.remove("a")
            #expect(try disk.list().isEmpty)
            #expect(refusal { () throws(StorageError) in _ = try disk.open("a") }?.reason == .missing)
            #expect(try disk.text(of: file) == "one")
            let again = refusal { () throws(StorageError) in try disk.remove("a") }
            #expect(again?.operation == .remove)
            #expect(again?.reason == .missing)
            try disk.put("two", "a")
            #expect(try disk.text("a") == "two")
            #expect(try disk.text(of: file) == "one")
        }
        try kind.withEmpty { try check($0) }
    }

    @Test(arguments: StorageKind.allCases)
    func `a list is sorted, and names what is in directories below as little as those`(kind: StorageKind) throws {
        func check<Disk: Storage>(_ disk: Disk) throws {
            for name in ["b", "c", "a", "B"] { try disk.put(name, name) }
            try disk.makeDirectory("quarantine")
            try disk.makeDirectory("quarantine")
            try disk.put("kept", "quarantine/a")
            try disk.syncDirectory("quarantine")
            try disk.syncDirectory(nil)
            #expect(try disk.list().filter { $0 != "quarantine" } == ["B", "a", "b", "c"])
            #expect(try disk.text("quarantine/a") == "kept")
            #expect(try disk.text("a") == "a")
            try disk.remove("quarantine/a")
            #expect(refusal { () throws(StorageError) in _ = try disk.open("quarantine/a") }?.reason == .missing)
        }
        try kind.withEmpty { try check($0) }
    }

    @Test(arguments: StorageKind.allCases)
    func `there is space, and an error says what it was about`(kind: StorageKind) throws {
        func check<Disk: Storage>(_ disk: Disk) throws {
            #expect(try disk.freeSpace() > .zero)
            let missing = try #require(refusal { () throws(StorageError) in _ = try disk.open("wal-1") })
            #expect(missing.operation == .open)
            #expect(missing.file.hasSuffix("wal-1"))
            #expect(!missing.text.isEmpty)
            #expect(missing.description.contains("wal-1"))
        }
        try kind.withEmpty { try check($0) }
    }
}
