// A disk in memory, with the faults that real ones have.

import ByteCoding
import Synchronization
import Vocabulary

@testable import LogStore

/// Keeps apart what was written and what was synced, for contents and for names. Faults that it may inject:
///
/// 1. a crash that loses any part of the unsynced writes, torn at any multiple of 8 bytes (`crash`);
/// 2. an error from the n-th call of a kind, once (`fail`);
/// 3. a full disk (`capacity`), and one that lies about no call but keeps nothing (`crash` keeping none);
/// 4. changed, cut, removed and exchanged files (`edit`, `remove`).
final class MemoryStorage: Storage {
    final class Handle: Sendable {
        let id: Int
        let name: String
        init(id: Int, name: String) {
            self.id = id
            self.name = name
        }
    }

    struct Content: Sendable {
        var synced: [UInt8] = []
        var bytes: [UInt8] = []
        /// Since the last sync, in order.
        var unsynced: [(offset: Int, bytes: [UInt8])] = []
    }

    struct State: Sendable {
        var contents: [Int: Content] = [:]
        var names: [String: Int] = [:]
        var syncedNames: [String: Int] = [:]
        var nextID = 1
        var capacity = Int.max
        var failures: [StorageError.Operation: (skip: Int, times: Int, reason: StorageError.Reason)] = [:]
        var counts: [StorageError.Operation: Int] = [:]
        var used: Int { Set(names.values).reduce(0) { $0 + (contents[$1]?.bytes.count ?? 0) } }
    }

    private let state = Mutex(State())

    init() {}

    /// A copy of another disk, as it would be after a clean stop.
    init(copying files: [String: [UInt8]]) {
        state.withLock { state in
            for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
                state.contents[state.nextID] = Content(synced: bytes, bytes: bytes)
                state.names[name] = state.nextID
                state.nextID += 1
            }
            state.syncedNames = state.names
        }
    }

    // MARK: Faults and looks

    var files: [String: [UInt8]] {
        state.withLock { state in state.names.mapValues { state.contents[$0]?.bytes ?? [] } }
    }

    func count(_ operation: StorageError.Operation) -> Int { state.withLock { $0.counts[operation] ?? 0 } }

    /// Lets calls of this kind fail `times` times, after `skip` more that succeed.
    func fail(
        _ operation: StorageError.Operation, after skip: Int = 0, times: Int = 1, reason: StorageError.Reason = .failed
    ) {
        state.withLock { $0.failures[operation] = (skip, times, reason) }
    }

    var capacity: Int {
        get { state.withLock { $0.capacity } }
        set { state.withLock { $0.capacity = newValue } }
    }

    var used: Int { state.withLock { $0.used } }

    func edit(_ name: String, _ change: (inout [UInt8]) -> Void) {
        state.withLock { state in
            guard let id = state.names[name], var content = state.contents[id] else { return }
            change(&content.bytes)
            content.synced = content.bytes
            content.unsynced = []
            state.contents[id] = content
        }
    }

    func removeFile(_ name: String) {
        state.withLock {
            $0.names[name] = nil
            $0.syncedNames[name] = nil
        }
    }

    /// What a power loss leaves: of the unsynced writes, the 8-byte pieces that `keeps` says, in order of writing.
    func crash(keeps: (String, Int) -> Bool, keepsNames: Bool = false) -> MemoryStorage {
        let files = state.withLock { state -> [String: [UInt8]] in
            var files: [String: [UInt8]] = [:]
            for (name, id) in (keepsNames ? state.names : state.syncedNames).sorted(by: { $0.key < $1.key }) {
                guard let content = state.contents[id] else { continue }
                var bytes = content.synced
                for write in content.unsynced {
                    for piece in stride(from: 0, to: write.bytes.count, by: 8) where keeps(name, write.offset + piece) {
                        let end = min(piece + 8, write.bytes.count)
                        MemoryStorage.put(write.bytes[piece..<end], at: write.offset + piece, in: &bytes)
                    }
                }
                files[name] = bytes
            }
            return files
        }
        return MemoryStorage(copying: files)
    }

    private static func put(_ part: ArraySlice<UInt8>, at offset: Int, in bytes: inout [UInt8]) {
        if bytes.count < offset + part.count {
            bytes.append(contentsOf: repeatElement(0, count: offset + part.count - bytes.count))
        }
        bytes.replaceSubrange(offset..<offset + part.count, with: part)
    }

    // MARK: Storage

    private func perform<Value: Sendable>(
        _ operation: StorageError.Operation, _ name: String,
        _ body: (inout State) -> Result<Value, StorageError>
    ) throws(StorageError) -> Value {
        let result: Result<Value, StorageError> = state.withLock { state in
            state.counts[operation, default: 0] += 1
            if let failure = state.failures[operation] {
                if failure.skip == 0 {
                    state.failures[operation] =
                        failure.times > 1 ? (0, failure.times - 1, failure.reason) : nil
                    return .failure(MemoryStorage.error(operation, name, failure.reason))
                }
                state.failures[operation] = (failure.skip - 1, failure.times, failure.reason)
            }
            return body(&state)
        }
        return try result.get()
    }

    private static func error(
        _ operation: StorageError.Operation, _ name: String, _ reason: StorageError.Reason
    ) -> StorageError {
        StorageError(
            operation: operation, file: name, reason: reason, text: "injected: \(reason)", remedy: .retry("try again"))
    }

    func list() throws(StorageError) -> [String] {
        try perform(.list, "") { .success($0.names.keys.filter { !$0.contains("/") }.sorted()) }
    }

    func open(_ name: String) throws(StorageError) -> Handle {
        try perform(.open, name) { state in
            guard let id = state.names[name] else { return .failure(MemoryStorage.error(.open, name, .missing)) }
            return .success(Handle(id: id, name: name))
        }
    }

    func create(_ name: String) throws(StorageError) -> Handle {
        try perform(.create, name) { state in
            guard state.names[name] == nil else { return .failure(MemoryStorage.error(.create, name, .failed)) }
            let id = state.nextID
            state.nextID += 1
            state.names[name] = id
            state.contents[id] = Content()
            return .success(Handle(id: id, name: name))
        }
    }

    func size(of file: Handle) throws(StorageError) -> Int {
        try perform(.size, file.name) { .success($0.contents[file.id]?.bytes.count ?? 0) }
    }

    func read(_ count: Int, at offset: Int, of file: Handle, into bytes: inout [UInt8]) throws(StorageError) {
        bytes += try perform(.read, file.name) { state in
            let all = state.contents[file.id]?.bytes ?? []
            return .success(Array(all[min(offset, all.count)..<min(offset + count, all.count)]))
        }
    }

    func write(_ bytes: RawSpan, at offset: Int, of file: Handle) throws(StorageError) {
        let bytes = [UInt8](bytes)
        try perform(.write, file.name) { (state) -> Result<Void, StorageError> in
            let growth = max(0, offset + bytes.count - (state.contents[file.id]?.bytes.count ?? 0))
            guard growth == 0 || state.used + growth <= state.capacity else {
                return .failure(MemoryStorage.error(.write, file.name, .noSpace))
            }
            MemoryStorage.put(bytes[...], at: offset, in: &state.contents[file.id, default: Content()].bytes)
            state.contents[file.id]?.unsynced.append((offset, bytes))
            return .success(())
        }
    }

    func sync(_ file: Handle) throws(StorageError) {
        try perform(.sync, file.name) { (state) -> Result<Void, StorageError> in
            guard let bytes = state.contents[file.id]?.bytes else { return .success(()) }
            state.contents[file.id]?.synced = bytes
            state.contents[file.id]?.unsynced = []
            return .success(())
        }
    }

    func rename(_ old: String, to new: String) throws(StorageError) {
        try perform(.rename, old) { (state) -> Result<Void, StorageError> in
            guard let id = state.names[old] else { return .failure(MemoryStorage.error(.rename, old, .missing)) }
            state.names[old] = nil
            state.names[new] = id
            return .success(())
        }
    }

    func remove(_ name: String) throws(StorageError) {
        try perform(.remove, name) { (state) -> Result<Void, StorageError> in
            guard state.names.removeValue(forKey: name) != nil else {
                return .failure(MemoryStorage.error(.remove, name, .missing))
            }
            return .success(())
        }
    }

    func makeDirectory(_ name: String) throws(StorageError) {
        try perform(.makeDirectory, name) { _ in .success(()) }
    }

    func syncDirectory(_ name: String?) throws(StorageError) {
        try perform(.syncDirectory, name ?? "") { (state) -> Result<Void, StorageError> in
            let belongs = { (file: String) in file.split(separator: "/").dropLast().first.map(String.init) == name }
            for file in state.syncedNames.keys where belongs(file) { state.syncedNames[file] = nil }
            for (file, id) in state.names where belongs(file) { state.syncedNames[file] = id }
            return .success(())
        }
    }

    /// As a file system does it: one content with two names.
    func link(_ name: String, as copy: String) throws(StorageError) {
        try perform(.create, copy) { (state) -> Result<Void, StorageError> in
            guard let id = state.names[name] else { return .failure(MemoryStorage.error(.open, name, .missing)) }
            guard state.names[copy] == nil else { return .failure(MemoryStorage.error(.create, copy, .failed)) }
            state.names[copy] = id
            return .success(())
        }
    }

    func freeSpace() throws(StorageError) -> ByteCount {
        try perform(.freeSpace, "") { .success(ByteCount($0.capacity - $0.used)) }
    }
}
