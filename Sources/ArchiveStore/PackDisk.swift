// An archive's packs as files of a disk, so that the code that writes and reads snapshots writes and reads backups.
//
// 1. A file is written once, from its start to its end. Its parts become objects as they are full; the last one, and
//    with it the file, when names are synced. Before that nobody refers to it.
// 2. A manifest that is written goes nowhere: whoever makes the backup takes it, and puts it last.

public import ArchiveFormat
import ByteCoding
import Hashing
public import LogStore
public import ObjectStores
public import SnapshotFormat
import SnapshotStore
import Synchronization
public import Vocabulary

/// For one backup that is being made or read, and one thread.
public final class PackDisk: Storage {
    /// Who writes.
    public struct Author: Sendable {
        var owner: ArchiveOwner
        var term: Term
        var level: Int
        var partSize: Int

        /// - Parameter partSize: plain bytes of one object; a whole number of blocks.
        public init(
            owner: ArchiveOwner, term: Term, level: Int = ArchiveObjectBuilder.levelDefault,
            partSize: ByteCount = .mebibytes(64)
        ) {
            precondition(
                partSize.rawValue % ArchiveObject.blockSize == 0 && partSize.rawValue <= ArchiveObject.plainMax)
            self.owner = owner
            self.term = term
            self.level = level
            self.partSize = partSize.rawValue
        }
    }

    /// An open file.
    public final class Handle: Sendable {
        fileprivate enum File: Sendable {
            case writing(PackNumber)
            case reading(BackupPack)
            /// A manifest that is being written.
            case manifest
        }
        fileprivate let file: File
        fileprivate init(_ file: File) { self.file = file }
    }

    private struct State: ~Copyable {
        var builder: ArchiveObjectBuilder
        var written = 0
        var partStart = 0
        var parts: [BackupPart] = []
        var pack: PackNumber?
        var isComplete = false
        var uploaded = 0
        var manifest: [UInt8] = []
        var failure: ArchiveError?
        var cache = BlockCache()

        init(level: Int) { builder = ArchiveObjectBuilder(level: level) }
    }

    private let store: any ObjectStore
    private let author: Author
    /// Packs that may be read, and every number that was ever given to one.
    private let packs: [BackupPack]
    private let taken: [PackNumber]
    private let state: Mutex<State>

    /// - Parameters:
    ///   - packs: those that may be read: of the backup that this one is made of, or that is being read.
    ///   - taken: numbers of packs that are there.
    public init(_ store: any ObjectStore, author: Author, packs: [BackupPack], taken: [PackNumber] = []) {
        self.store = store
        self.author = author
        self.packs = packs
        self.taken = taken
        state = Mutex(State(level: author.level))
    }

    /// Why the last call failed, as the archive has it.
    public var failure: ArchiveError? { state.withLock { $0.failure } }
    /// Bytes of objects that were made.
    public var uploadedBytes: Int { state.withLock { $0.uploaded } }
    /// The manifest that was written, and the pack with all its parts; nil when nothing was new.
    public var manifest: [UInt8] { state.withLock { $0.manifest } }
    public var made: BackupPack? {
        state.withLock { state in
            guard let pack = state.pack, !state.parts.isEmpty else { return nil }
            return BackupPack(folder: folder(of: pack), parts: state.parts)
        }
    }

    private func folder(of pack: PackNumber) -> PackFolder {
        PackFolder(
            cluster: author.owner.cluster, number: pack.rawValue, term: author.term,
            timeline: TimelineName(author.owner.timeline))
    }

    // MARK: Names

    public func list() throws(StorageError) -> [String] {
        (taken + packs.map { PackNumber($0.number) }).map { SnapshotName.pack($0) }
    }

    public func open(_ name: String) throws(StorageError) -> Handle {
        guard let number = SnapshotName.pack(of: name), let pack = packs.first(where: { $0.number == number.rawValue })
        else { throw refusal(.open, name, .missing, "the backup has no such pack") }
        return Handle(.reading(pack))
    }

    public func create(_ name: String) throws(StorageError) -> Handle {
        guard let number = SnapshotName.pack(of: name) else { return Handle(.manifest) }
        state.withLock { state in
            precondition(state.pack == nil, "a second pack in one backup")
            state.pack = number
        }
        return Handle(.writing(number))
    }

    public func size(of file: Handle) throws(StorageError) -> Int {
        switch file.file {
        case .reading(let pack): pack.plainLength
        case .writing: state.withLock { $0.written }
        case .manifest: state.withLock { $0.manifest.count }
        }
    }

    // MARK: Writing

    public func write(_ bytes: RawSpan, at offset: Int, of file: Handle) throws(StorageError) {
        switch file.file {
        case .reading(let pack): throw refusal(.write, pack.folder.name, .denied, "packs are never changed")
        case .manifest:
            let copy = [UInt8](bytes)
            state.withLock { $0.manifest = copy }
        case .writing(let pack):
            var rest = bytes
            while rest.byteCount > 0 {
                let room = state.withLock { author.partSize - ($0.written - $0.partStart) }
                let count = min(room, rest.byteCount)
                let part = [UInt8](rest.extracting(0..<count))
                state.withLock { state in
                    state.builder.append(part.rawBytes)
                    state.written += part.count
                }
                if count == room { try finishPart(of: pack, isLast: false) }
                rest = rest.extracting(count..<rest.byteCount)
            }
        }
    }

    /// Makes the object of what was written since the last one.
    private func finishPart(of pack: PackNumber, isLast: Bool) throws(StorageError) {
        let (facts, object) = state.withLock { state in
            let facts = PieceFacts(
                pack: pack.rawValue, offset: state.partStart, length: state.written - state.partStart, isLast: isLast)
            let header = ArchiveHeader(owner: author.owner, term: author.term, contents: .piece(facts))
            return (facts, state.builder.finish(header))
        }
        let name = PieceName(pack: folder(of: pack), offset: facts.offset)
        try attempt(.write, name.description) { () throws(ArchiveError) in try store.make(name.description, object) }
        state.withLock { state in
            state.parts.append(
                BackupPart(
                    offset: facts.offset, length: facts.length, size: object.count, hash: SHA256.hash(object)))
            state.partStart = state.written
            state.uploaded += object.count
        }
    }

    /// Nothing: see the first rule.
    public func sync(_ file: Handle) throws(StorageError) {}

    public func syncDirectory(_ name: String?) throws(StorageError) {
        let pack = state.withLock { $0.partStart < $0.written && !$0.isComplete ? $0.pack : nil }
        guard let pack else { return }
        try finishPart(of: pack, isLast: true)
        state.withLock { $0.isComplete = true }
    }

    public func rename(_ old: String, to new: String) throws(StorageError) {}
    /// Objects that no manifest refers to are garbage, which is collected elsewhere.
    public func remove(_ name: String) throws(StorageError) {}
    public func makeDirectory(_ name: String) throws(StorageError) {}
    public func freeSpace() throws(StorageError) -> ByteCount { ByteCount(.max) }

    // MARK: Reading

    public func read(
        _ count: Int, at offset: Int, of file: Handle, into bytes: inout [UInt8]
    ) throws(StorageError) {
        guard case .reading(let pack) = file.file else {
            throw refusal(.read, "pack", .failed, "it is being written")
        }
        var position = offset
        let end = min(offset + count, pack.plainLength)
        while position < end {
            guard let part = pack.parts.last(where: { $0.offset <= position }) else { return }
            let within = position - part.offset
            let block = try block(within / ArchiveObject.blockSize, of: part, in: pack)
            let start = within % ArchiveObject.blockSize
            let length = min(end - position, block.count - start)
            guard length > 0 else { return }
            bytes.append(bytes: block.rawBytes.extracting(start..<start + length))
            position += length
        }
    }

    private func block(_ number: Int, of part: BackupPart, in pack: BackupPack) throws(StorageError) -> [UInt8] {
        let name = pack.name(of: part).description
        let key = BlockCache.Key(object: name, block: number)
        if let found = state.withLock({ $0.cache.find(key) }) { return found }
        let plain = try attempt(.read, name) { () throws(ArchiveError) -> [UInt8] in
            let map = try map(of: part, name)
            guard number < map.blocks.count else { throw .object(name, .damaged(.truncated, at: part.size)) }
            let range = map.blocks[number]
            let stored = try store.fetch(name, range)
            let length = min(ArchiveObject.blockSize, map.plainLength - number * ArchiveObject.blockSize)
            var plain: [UInt8] = []
            var decompressor = ArchiveDecompressor()
            do throws(ArchiveFault) {
                try decompressor.append(stored.rawBytes, plainLength: length, at: range.lowerBound, to: &plain)
            } catch { throw .object(name, error) }
            return plain
        }
        state.withLock { $0.cache.keep(plain, for: key) }
        return plain
    }

    /// Of most objects the seek table is within this many bytes of the end.
    private static let mapGuess = 4096

    private func map(of part: BackupPart, _ name: String) throws(ArchiveError) -> ArchiveMap {
        if let found = state.withLock({ $0.cache.maps[name] }) { return found }
        var length = min(PackDisk.mapGuess, part.size)
        while true {
            let end = try store.fetch(name, part.size - length..<part.size)
            guard end.count == length else { throw .object(name, .damaged(.truncated, at: part.size)) }
            do throws(ArchiveFault) {
                if let map = try ArchiveMap(end: end.rawBytes, size: part.size) {
                    guard map.plainLength == part.length else { throw .damaged(.badLength, at: part.size) }
                    state.withLock { $0.cache.maps[name] = map }
                    return map
                }
            } catch { throw .object(name, error) }
            guard length < part.size else { throw .object(name, .damaged(.badLength, at: 0)) }
            length = min(part.size, length * 16)
        }
    }

    // MARK: Errors

    private func attempt<Value>(
        _ operation: StorageError.Operation, _ name: String, _ body: () throws(ArchiveError) -> Value
    ) throws(StorageError) -> Value {
        do throws(ArchiveError) { return try body() } catch {
            state.withLock { $0.failure = error }
            throw StorageError(
                operation: operation, file: name, reason: .failed, text: error.description, remedy: error.remedy)
        }
    }

    private func refusal(
        _ operation: StorageError.Operation, _ name: String, _ reason: StorageError.Reason, _ text: String
    ) -> StorageError {
        StorageError(
            operation: operation, file: name, reason: reason, text: text,
            remedy: .operate("run `nodectl archive verify`"))
    }
}

/// The blocks that were read last: what is read next is mostly in one of them.
private struct BlockCache {
    struct Key: Hashable {
        var object: String
        var block: Int
    }

    private static let countMax = 32

    private var blocks: [(key: Key, bytes: [UInt8])] = []
    var maps: [String: ArchiveMap] = [:]

    func find(_ key: Key) -> [UInt8]? { blocks.first { $0.key == key }?.bytes }

    mutating func keep(_ bytes: [UInt8], for key: Key) {
        if blocks.count == BlockCache.countMax { blocks.removeFirst() }
        blocks.append((key, bytes))
    }
}
