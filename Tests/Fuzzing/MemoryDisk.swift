// A disk in memory that never fails: what a log was, and what became of its bytes.

import ByteCoding
import LogStore
import Synchronization
import Vocabulary

/// Injects no fault by itself; whoever holds it edits `files`. Everything written counts as synced.
final class MemoryDisk: Storage {
    /// A file whatever its name is by now, as a descriptor is.
    final class Handle: Sendable {
        fileprivate let bytes: Mutex<[UInt8]>
        init(_ bytes: [UInt8]) { self.bytes = Mutex(bytes) }
    }

    private let names: Mutex<[String: Handle]>

    init(_ files: [String: [UInt8]] = [:]) { names = Mutex(files.mapValues(Handle.init)) }

    /// The files by name, those in directories as `quarantine/name`.
    var files: [String: [UInt8]] { names.withLock { $0.mapValues { file in file.bytes.withLock { $0 } } } }

    func list() throws(StorageError) -> [String] { names.withLock { $0.keys.filter { !$0.contains("/") }.sorted() } }

    func open(_ name: String) throws(StorageError) -> Handle {
        guard let file = names.withLock({ $0[name] }) else { throw MemoryDisk.error(.open, name, .missing) }
        return file
    }

    func create(_ name: String) throws(StorageError) -> Handle {
        let file = Handle([])
        let isNew = names.withLock { names in
            guard names[name] == nil else { return false }
            names[name] = file
            return true
        }
        guard isNew else { throw MemoryDisk.error(.create, name, .failed) }
        return file
    }

    func size(of file: Handle) throws(StorageError) -> Int { file.bytes.withLock { $0.count } }

    func read(_ count: Int, at offset: Int, of file: Handle, into bytes: inout [UInt8]) throws(StorageError) {
        bytes += file.bytes.withLock { all in Array(all[min(offset, all.count)..<min(offset + count, all.count)]) }
    }

    func write(_ bytes: RawSpan, at offset: Int, of file: Handle) throws(StorageError) {
        let bytes = [UInt8](bytes)
        file.bytes.withLock { all in
            let missing = offset + bytes.count - all.count
            if missing > 0 { all.append(contentsOf: repeatElement(0, count: missing)) }
            all.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        }
    }

    func sync(_ file: Handle) throws(StorageError) {}

    func rename(_ old: String, to new: String) throws(StorageError) {
        names.withLock { $0[new] = $0.removeValue(forKey: old) }
    }

    func remove(_ name: String) throws(StorageError) {
        guard names.withLock({ $0.removeValue(forKey: name) }) != nil else {
            throw MemoryDisk.error(.remove, name, .missing)
        }
    }

    func makeDirectory(_ name: String) throws(StorageError) {}
    func syncDirectory(_ name: String?) throws(StorageError) {}
    func freeSpace() throws(StorageError) -> ByteCount { .mebibytes(1024) }

    private static func error(
        _ operation: StorageError.Operation, _ name: String, _ reason: StorageError.Reason
    ) -> StorageError {
        StorageError(operation: operation, file: name, reason: reason, text: "\(reason)", remedy: .retry("try again"))
    }
}
