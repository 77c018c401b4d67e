// What the log asks of a disk. One conformance is a directory; tests and the simulator have others.

import ByteCoding
public import Vocabulary

/// Files by name in one directory, and in the directories directly below it (`quarantine/...`).
///
/// What is written is on stable storage after `sync` of the file, names after `syncDirectory`. Callable from several
/// threads; no two of them write to one file.
public protocol Storage: Sendable {
    /// An open file. Closed when the last reference goes.
    associatedtype Handle: Sendable

    /// The names in the directory, sorted.
    func list() throws(StorageError) -> [String]
    /// Opens what exists, for reading and writing.
    func open(_ name: String) throws(StorageError) -> Handle
    /// Makes a file; an error when the name is taken.
    func create(_ name: String) throws(StorageError) -> Handle
    func size(of file: Handle) throws(StorageError) -> Int
    /// Appends to `bytes` what stands at `offset`: `count` bytes, fewer only at the file's end.
    func read(_ count: Int, at offset: Int, of file: Handle, into bytes: inout [UInt8]) throws(StorageError)
    /// Writes all of `bytes`; the file grows as needed. After an error any part may have been written.
    func write(_ bytes: RawSpan, at offset: Int, of file: Handle) throws(StorageError)
    /// Brings the file's contents to stable storage. After an error it is unknown what got there, also if a later call
    /// succeeds.
    func sync(_ file: Handle) throws(StorageError)
    /// Gives a file another name at once, in place of what had that.
    func rename(_ old: String, to new: String) throws(StorageError)
    func remove(_ name: String) throws(StorageError)
    /// Content when it is there already.
    func makeDirectory(_ name: String) throws(StorageError)
    /// Brings names to stable storage: those of the directory itself, or of one directly below it.
    func syncDirectory(_ name: String?) throws(StorageError)
    func freeSpace() throws(StorageError) -> ByteCount
    /// Gives the contents of a file, that nobody writes to any more, a second name, which stays when the first one
    /// goes; an error when it is taken. With its contents on stable storage, the name after `syncDirectory`.
    func link(_ name: String, as copy: String) throws(StorageError)
    /// Makes a file larger, whose end is at `offset`. The new bytes are zero, and their space is surely there.
    func extend(_ file: Handle, from offset: Int, to end: Int) throws(StorageError)
    /// Reads from now on come from the device, as far as nothing is being written to the file: what was read or written
    /// before may be in memory, and tells nothing about the device.
    func forget(_ file: Handle)
}

extension Storage {
    /// A copy, for storages whose files have one name only.
    public func link(_ name: String, as copy: String) throws(StorageError) { try self.copy(name, to: copy) }

    public func forget(_ file: Handle) {}

    public func extend(_ file: Handle, from offset: Int, to end: Int) throws(StorageError) {
        try fill(file, from: offset, to: end)
    }

    /// Writes zeros and syncs them, a step at a time, so that the log's own syncs never wait for much: with a sync
    /// every 8 MiB instead of every one, the slowest hundredth of them took twice as long.
    func fill(_ file: Handle, from offset: Int, to end: Int) throws(StorageError) {
        let zeros = [UInt8](repeating: 0, count: min(1 << 20, max(0, end - offset)))
        var place = offset
        while place < end {
            let count = min(zeros.count, end - place)
            try write(zeros.rawBytes.extracting(0..<count), at: place, of: file)
            place += count
            try sync(file)
        }
    }

    /// Copies a file, its bytes as they are, and syncs the copy.
    func copy(_ name: String, to target: String) throws(StorageError) {
        let source = try open(name)
        let copy = try create(target)
        let size = try size(of: source)
        var bytes: [UInt8] = []
        var offset = 0
        while offset < size {
            bytes.removeAll(keepingCapacity: true)
            try read(min(1 << 20, size - offset), at: offset, of: source, into: &bytes)
            guard !bytes.isEmpty else { break }
            try write(bytes.rawBytes, at: offset, of: copy)
            offset += bytes.count
        }
        try sync(copy)
    }
}

/// A call that the disk refused.
public struct StorageError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Operation: String, Hashable, Sendable, CaseIterable {
        case list, open, create, size, read, write, sync, rename, remove, makeDirectory, syncDirectory, freeSpace
    }
    public enum Reason: Hashable, Sendable {
        /// Nothing is damaged, and it works again once space is free.
        case noSpace
        case missing
        case denied
        case failed
    }

    public let operation: Operation
    /// The file, as a path where the storage has one.
    public let file: String
    public let reason: Reason
    /// For people: what the system says.
    public let text: String
    public let remedy: Remedy

    public init(operation: Operation, file: String, reason: Reason, text: String, remedy: Remedy) {
        self.operation = operation
        self.file = file
        self.reason = reason
        self.text = text
        self.remedy = remedy
    }

    public var description: String { "\(operation.rawValue) of \(file) failed: \(text)" }
}
