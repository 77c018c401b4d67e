// Objects as files below a directory: on this machine's disk, or on one that is mounted.
//
// 1. A file with an object's name is whole and on stable storage: it is written and synced under a name of its own, and
//    linked to its place, which fails when the place is taken.
// 2. Names that begin with a dot are no objects: what a crash has left of a write.

import ByteCoding
import Platform
import Vocabulary

public struct DirectoryObjects: ObjectStore {
    private let root: String

    public var location: String { "file://" + root }

    /// The directory has to exist, so that a disk that is not mounted is not taken for an empty archive.
    public init(root: String) throws(ObjectStoreError) {
        self.root = root
        guard FileSystem.isDirectory(root) else {
            throw ObjectStoreError(.open, "file://" + root, .noContainer, "there is no such directory")
        }
    }

    public func put(_ key: ObjectKey, _ bytes: [UInt8]) throws(ObjectStoreError) -> PutOutcome {
        do throws(SystemError) { return try make(key, bytes) } catch { throw failure(.put, key, error) }
    }

    private func make(_ key: ObjectKey, _ bytes: [UInt8]) throws(SystemError) -> PutOutcome {
        let path = path(key)
        let directory = FileSystem.parent(of: path)
        if FileSystem.exists(path) { return try found(in: directory) }
        try makeDirectory(directory)
        let unfinished = directory + "/.put-" + String(SystemRandom.word(), radix: 36)
        do throws(SystemError) {
            let file = try File.open(unfinished, mode: .create, permissions: 0o640)
            try file.pwriteAll(bytes.rawBytes, at: 0)
            try file.synchronize()
            try FileSystem.link(unfinished, as: path)
        } catch {
            try? FileSystem.remove(unfinished)
            if error.isExisting { return try found(in: directory) }
            throw error
        }
        try FileSystem.remove(unfinished)
        try FileSystem.syncDirectory(directory)
        return .made
    }

    /// Whoever made it may have been stopped before its name was on stable storage.
    private func found(in directory: String) throws(SystemError) -> PutOutcome {
        try FileSystem.syncDirectory(directory)
        return .exists
    }

    /// Directories between the root and an object, each synced into the one above it.
    private func makeDirectory(_ directory: String) throws(SystemError) {
        guard !FileSystem.isDirectory(directory) else { return }
        guard directory.utf8.count > root.utf8.count else {
            throw SystemError(missing: root)
        }
        let parent = FileSystem.parent(of: directory)
        try makeDirectory(parent)
        try FileSystem.makeDirectory(directory, permissions: 0o750, intermediate: true)
        try FileSystem.syncDirectory(parent)
    }

    public func get(_ key: ObjectKey, _ range: Range<Int>?) throws(ObjectStoreError) -> [UInt8] {
        do throws(SystemError) {
            let file = try File.open(path(key), mode: .readOnly)
            guard let range else { return try file.read(try file.size, at: 0) }
            return try file.read(range.count, at: range.lowerBound)
        } catch { throw failure(.get, key, error) }
    }

    public func list(_ prefix: String, after key: ObjectKey?) throws(ObjectStoreError) -> ObjectPage {
        var found: [ObjectListing] = []
        let below = prefix.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(prefix[..<$0]) } ?? ""
        do throws(SystemError) { try walk(below, prefix, &found) } catch {
            throw ObjectStoreError(.list, location + "/" + prefix, reason(error), error.reason)
        }
        if let key { found.removeAll { $0.key <= key } }
        return ObjectPage(objects: found.sorted { $0.key < $1.key }, isLast: true)
    }

    /// Adds what lies in one directory and below it.
    private func walk(_ directory: String, _ prefix: String, _ found: inout [ObjectListing]) throws(SystemError) {
        let path = directory.isEmpty ? root : root + "/" + directory
        guard directory.isEmpty || FileSystem.isDirectory(path) else { return }
        for name in try FileSystem.listDirectory(path) {
            let text = directory.isEmpty ? name : directory + "/" + name
            // A directory is of interest when it is below the prefix, or the prefix below it.
            guard text.hasPrefix(prefix) || prefix.hasPrefix(text + "/"), let key = ObjectKey(text) else { continue }
            // One that was removed meanwhile is not there.
            guard let status = try FileSystem.status(root + "/" + text) else { continue }
            switch status.kind {
            case .directory: try walk(text, prefix, &found)
            case .file where text.hasPrefix(prefix): found.append(ObjectListing(key: key, size: status.size))
            default: break
            }
        }
    }

    public func delete(_ key: ObjectKey) throws(ObjectStoreError) {
        let path = path(key)
        do throws(SystemError) {
            guard FileSystem.exists(path) else { return }
            try FileSystem.remove(path)
            try FileSystem.syncDirectory(FileSystem.parent(of: path))
        } catch {
            if error.isMissing { return }
            throw failure(.delete, key, error)
        }
    }

    private func path(_ key: ObjectKey) -> String { root + "/" + key.text }

    private func failure(
        _ operation: ObjectStoreError.Operation, _ key: ObjectKey, _ error: SystemError
    )
        -> ObjectStoreError
    {
        ObjectStoreError(operation, location + "/" + key.text, reason(error), error.reason)
    }

    private func reason(_ error: SystemError) -> ObjectStoreError.Reason {
        if error.isMissing { return FileSystem.isDirectory(root) ? .missing : .noContainer }
        if error.isOutOfSpace { return .noSpace }
        return error.isDenied ? .denied : .failed
    }
}
