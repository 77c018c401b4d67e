// A disk in memory, with the faults that real ones have.
//
// What it may do:
// 1. Lose any part of what was written or renamed since the last sync, torn at any grain (`losePower`).
// 2. Fail a call of any kind, once (`fail`); after a failed sync the bytes stay readable and are never made durable.
// 3. Be full (`capacity`), or end in the middle of anything (`endPower`).
// 4. Change, lose and exchange what is at rest (`SimulatedDisk+Damage`).
// 5. Say that it has synced when it has not, always (`isLying`), after a failure (`retriesSync`) or for packs of
//    snapshots (`forgetsPacks`): for planted bugs only, no protocol survives it.

import ByteCoding
public import LogStore
import Synchronization
public import Vocabulary

/// Keeps apart what was written and what is on stable storage, for contents and for names.
public final class SimulatedDisk: Storage {
    /// An open file.
    public final class Handle: Sendable {
        let inode: Int
        let name: String
        init(inode: Int, name: String) {
            self.inode = inode
            self.name = name
        }
    }

    let state: Mutex<State>

    public init() { state = Mutex(State()) }

    /// A disk with these files, all of them on stable storage.
    public init(files: [String: [UInt8]]) {
        var state = State()
        for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
            state.inodes.append(Inode(bytes: bytes, durable: bytes))
            state.names[name] = state.inodes.count - 1
            state.used += bytes.count
        }
        state.durableNames = state.names
        self.state = Mutex(state)
    }

    init(_ state: State) { self.state = Mutex(state) }

    struct Inode: Sendable {
        /// What a reader sees.
        var bytes: [UInt8] = []
        /// What a power loss leaves, but for `pending`.
        var durable: [UInt8] = []
        /// Written since the last sync, in order.
        var pending: [(offset: Int, bytes: [UInt8])] = []
    }

    /// A change of names that the directory has not been synced for.
    enum NameChange: Sendable {
        case put(String, inode: Int)
        case removed(String)
        /// The new name in place of the old one, at once.
        case renamed(String, to: String, inode: Int)

        var name: String {
            switch self {
            case .put(let name, _), .removed(let name), .renamed(let name, _, _): name
            }
        }

        /// What is left of it when no file is to get that name; nil for nothing.
        func without(_ name: String) -> NameChange? {
            switch self {
            case .put(name, _): nil
            case .renamed(let old, to: name, _): .removed(old)
            default: self
            }
        }
    }

    struct State: Sendable {
        var inodes: [Inode] = []
        var names: [String: Int] = [:]
        var durableNames: [String: Int] = [:]
        var pendingNames: [NameChange] = []
        var capacity = Int.max
        /// Bytes of all named files.
        var used = 0
        var failures: [StorageError.Operation: Failure] = [:]
        var counts: [StorageError.Operation: Int] = [:]
        /// Calls that still succeed before the power is gone.
        var callsLeft = Int.max
        var isLying = false
        var retriesSync = false
        var forgetsPacks = false

        mutating func bytes(of inode: Int, _ change: (inout [UInt8]) -> Void) {
            let before = inodes[inode].bytes.count
            change(&inodes[inode].bytes)
            used += inodes[inode].bytes.count - before
        }
    }

    struct Failure: Sendable {
        var skip: Int
        var times: Int
        var reason: StorageError.Reason
    }

    // MARK: Storage

    private func perform<Value: Sendable>(
        _ operation: StorageError.Operation, _ name: String, syncs inode: Int? = nil,
        _ body: (inout State) -> Result<Value, StorageError>
    ) throws(StorageError) -> Value {
        let result: Result<Value, StorageError> = state.withLock { state in
            state.counts[operation, default: 0] += 1
            if state.callsLeft != Int.max {
                guard state.callsLeft > 0 else { return .failure(SimulatedDisk.powerIsGone(operation, name)) }
                state.callsLeft -= 1
            }
            if !state.failures.isEmpty, let failure = state.failures[operation] {
                if failure.skip > 0 {
                    state.failures[operation]?.skip -= 1
                } else {
                    state.failures[operation]?.times -= 1
                    if failure.times == 1 { state.failures[operation] = nil }
                    if let inode { state.forgetPending(inode) }
                    if inode != nil, state.retriesSync { return body(&state) }
                    return .failure(SimulatedDisk.error(operation, name, failure.reason))
                }
            }
            return body(&state)
        }
        return try result.get()
    }

    static func error(
        _ operation: StorageError.Operation, _ name: String, _ reason: StorageError.Reason
    ) -> StorageError {
        StorageError(
            operation: operation, file: name, reason: reason, text: "injected: \(reason)", remedy: .retry("try again"))
    }

    private static func powerIsGone(_ operation: StorageError.Operation, _ name: String) -> StorageError {
        StorageError(
            operation: operation, file: name, reason: .failed, text: "the power is gone",
            remedy: .retry("start again"))
    }

    public func list() throws(StorageError) -> [String] {
        try perform(.list, "") { .success($0.names.keys.filter { !$0.utf8.contains(UInt8(ascii: "/")) }.sorted()) }
    }

    /// The files in a directory below, without its name.
    func list(below directory: String) throws(StorageError) -> [String] {
        let start = directory + "/"
        return try perform(.list, directory) { state in
            let below = state.names.keys.filter { $0.hasPrefix(start) }.map { $0.dropFirst(start.count) }
            return .success(below.filter { !$0.utf8.contains(UInt8(ascii: "/")) }.map { String($0) }.sorted())
        }
    }

    public func open(_ name: String) throws(StorageError) -> Handle {
        try perform(.open, name) { state in
            guard let inode = state.names[name] else { return .failure(SimulatedDisk.error(.open, name, .missing)) }
            return .success(Handle(inode: inode, name: name))
        }
    }

    public func create(_ name: String) throws(StorageError) -> Handle {
        try perform(.create, name) { state in
            guard state.names[name] == nil else { return .failure(SimulatedDisk.error(.create, name, .failed)) }
            state.inodes.append(Inode())
            let inode = state.inodes.count - 1
            state.names[name] = inode
            state.pendingNames.append(.put(name, inode: inode))
            return .success(Handle(inode: inode, name: name))
        }
    }

    public func size(of file: Handle) throws(StorageError) -> Int {
        try perform(.size, file.name) { .success($0.inodes[file.inode].bytes.count) }
    }

    public func read(
        _ count: Int, at offset: Int, of file: Handle, into bytes: inout [UInt8]
    ) throws(StorageError) {
        let found: ArraySlice<UInt8> = try perform(.read, file.name) { state in
            let size = state.inodes[file.inode].bytes.count
            return .success(state.inodes[file.inode].bytes[min(offset, size)..<min(offset + count, size)])
        }
        bytes.append(contentsOf: found)
    }

    public func write(_ bytes: RawSpan, at offset: Int, of file: Handle) throws(StorageError) {
        let bytes = [UInt8](bytes)
        try perform(.write, file.name) { (state) -> Result<Void, StorageError> in
            let inode = file.inode
            let growth = max(0, offset + bytes.count - state.inodes[inode].bytes.count)
            guard growth == 0 || state.capacity == .max || state.used + growth <= state.capacity else {
                return .failure(SimulatedDisk.error(.write, file.name, .noSpace))
            }
            state.bytes(of: inode) { SimulatedDisk.put(bytes[...], at: offset, in: &$0) }
            state.inodes[inode].pending.append((offset, bytes))
            return .success(())
        }
    }

    public func sync(_ file: Handle) throws(StorageError) {
        try perform(.sync, file.name, syncs: file.inode) { (state) -> Result<Void, StorageError> in
            let isForgotten = state.isLying || state.forgetsPacks && file.name.hasSuffix(".pack")
            if !isForgotten { state.settle(file.inode) }
            return .success(())
        }
    }

    public func rename(_ old: String, to new: String) throws(StorageError) {
        try perform(.rename, old) { (state) -> Result<Void, StorageError> in
            guard let inode = state.names[old] else {
                return .failure(SimulatedDisk.error(.rename, old, .missing))
            }
            state.removeName(new)
            state.names[old] = nil
            state.names[new] = inode
            state.pendingNames.append(.renamed(old, to: new, inode: inode))
            return .success(())
        }
    }

    public func remove(_ name: String) throws(StorageError) {
        try perform(.remove, name) { (state) -> Result<Void, StorageError> in
            guard state.names[name] != nil else {
                return .failure(SimulatedDisk.error(.remove, name, .missing))
            }
            state.removeName(name)
            state.pendingNames.append(.removed(name))
            return .success(())
        }
    }

    public func makeDirectory(_ name: String) throws(StorageError) {
        try perform(.makeDirectory, name) { _ in .success(()) }
    }

    public func syncDirectory(_ name: String?) throws(StorageError) {
        try perform(.syncDirectory, name ?? "") { (state) -> Result<Void, StorageError> in
            if !state.isLying { state.settleNames(in: name) }
            return .success(())
        }
    }

    public func freeSpace() throws(StorageError) -> ByteCount {
        try perform(.freeSpace, "") { state in
            .success(state.capacity == .max ? .mebibytes(1 << 20) : ByteCount(max(0, state.capacity - state.used)))
        }
    }

    /// As a file system does it: one content with two names.
    public func link(_ name: String, as copy: String) throws(StorageError) {
        try perform(.create, copy) { (state) -> Result<Void, StorageError> in
            guard let inode = state.names[name] else { return .failure(SimulatedDisk.error(.open, name, .missing)) }
            guard state.names[copy] == nil else { return .failure(SimulatedDisk.error(.create, copy, .failed)) }
            state.names[copy] = inode
            state.pendingNames.append(.put(copy, inode: inode))
            return .success(())
        }
    }

    static func put(_ part: ArraySlice<UInt8>, at offset: Int, in bytes: inout [UInt8]) {
        if bytes.count < offset + part.count {
            bytes.append(contentsOf: repeatElement(0, count: offset + part.count - bytes.count))
        }
        bytes.replaceSubrange(offset..<offset + part.count, with: part)
    }
}

extension SimulatedDisk.State {
    /// The space of a file is free with its last name.
    mutating func removeName(_ name: String) {
        guard let inode = names.removeValue(forKey: name) else { return }
        if !names.values.contains(inode) { used -= inodes[inode].bytes.count }
    }

    /// What was written to a file is on stable storage.
    mutating func settle(_ inode: Int) {
        for write in inodes[inode].pending {
            SimulatedDisk.put(write.bytes[...], at: write.offset, in: &inodes[inode].durable)
        }
        inodes[inode].pending.removeAll(keepingCapacity: true)
    }

    mutating func settleNames(in directory: String?) {
        guard !pendingNames.isEmpty else { return }
        for change in pendingNames where SimulatedDisk.directory(of: change.name) == directory { apply(change) }
        pendingNames.removeAll { SimulatedDisk.directory(of: $0.name) == directory }
    }

    mutating func apply(_ change: SimulatedDisk.NameChange) {
        switch change {
        case .put(let name, let inode): durableNames[name] = inode
        case .removed(let name): durableNames[name] = nil
        case .renamed(let old, let new, let inode):
            if durableNames[old] == inode { durableNames[old] = nil }
            durableNames[new] = inode
        }
    }

    /// A failed sync: the kernel calls the pages clean although they never reached the disk.
    mutating func forgetPending(_ inode: Int) { inodes[inode].pending.removeAll() }
}

extension SimulatedDisk {
    static func directory(of name: String) -> String? {
        name.lastIndex(of: "/").map { String(name[..<$0]) }
    }
}
