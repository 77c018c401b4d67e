// Copying a cluster's archive into another store.
//
// 1. Nothing that the target has is changed or removed; another object with a name that is needed ends the copy.
// 2. The target is an archive at every moment, one that ends earlier or lacks backups: the log comes in the order of
//    its entries, and a backup's manifests behind everything that it needs.
// 3. Every object is checked by what it says of itself before it is written, and read back and compared afterwards;
//    what an earlier try has brought is read and compared too.
// 4. What goes from the source meanwhile, because a run took the place of tails or retention removed it, is left out.

import ArchiveFormat
import ArchiveStore
import ByteCoding
import Hashing
import LogFormat
public import ObjectStores
public import Vocabulary

/// What a copy has done.
public struct ArchiveCopyReport: Sendable {
    /// Objects that were written, and their bytes.
    public internal(set) var copied = 0
    public internal(set) var copiedBytes = 0
    /// The same of those that were in the target already.
    public internal(set) var known = 0
    public internal(set) var knownBytes = 0
    /// Backups that are in the target, whole.
    public internal(set) var backups = 0
    /// The last entry of the log that is in the target.
    public internal(set) var last = LogIndex.zero
    /// Objects of the source that are damaged and were not copied, and why.
    public internal(set) var damaged: [(name: String, why: String)] = []
    /// SHA-256 of the lines `name hash` of all objects that are in both, in the order of names: as read from the
    /// source, and as read back from the target.
    public internal(set) var sourceDigest: [UInt8] = []
    public internal(set) var targetDigest: [UInt8] = []

    /// False when objects went from the source faster than lists of it could be worked through.
    public internal(set) var isComplete = false

    public init() {}

    public var isWhole: Bool { isComplete && damaged.isEmpty && sourceDigest == targetDigest }
}

/// For one thread, and one copy into a target at a time.
public struct ArchiveCopy {
    private let source: any ObjectStore
    private let cluster: ClusterID
    private let target: any ObjectStore
    private let report: (VerifyProgress) -> Void
    private var progress = VerifyProgress(objects: 0, objectsTotal: 0, bytes: 0, bytesTotal: 0)
    private var result = ArchiveCopyReport()
    /// By name, as read from the source and as read back.
    private var hashes: [String: (source: [UInt8], target: [UInt8])] = [:]
    private var sizes: [String: Int] = [:]

    /// Lists of the source that are worked through when objects go from it meanwhile.
    private static let passesMax = 4

    /// - Parameter report: hears of every object that is done.
    public init(
        from source: any ObjectStore, of cluster: ClusterID, to target: any ObjectStore,
        report: @escaping (VerifyProgress) -> Void = { _ in }
    ) {
        self.source = source
        self.cluster = cluster
        self.target = target
        self.report = report
    }

    private enum Arrival {
        case there, gone, damaged
    }

    /// Called again it brings what is new, and adds it to what it reports; what it has compared it does not read anew.
    public mutating func run() throws(RestoreError) -> ArchiveCopyReport {
        let known = try archived { () throws(ArchiveError) in try ArchiveCopy.list(target, cluster) }
        sizes = Dictionary(known.map { ($0.key.text, $0.size) }) { first, _ in first }
        for _ in 0..<ArchiveCopy.passesMax {
            result.isComplete = try pass()
            if result.isComplete { break }
        }
        let names = hashes.keys.sorted()
        result.sourceDigest = ArchiveCopy.digest(names) { hashes[$0]?.source ?? [] }
        result.targetDigest = ArchiveCopy.digest(names) { hashes[$0]?.target ?? [] }
        return result
    }

    /// Removes from the target the tails of which a run of its own holds everything: for who copies again and again,
    /// while the source's tails become runs.
    public func removeSuperseded() throws(RestoreError) {
        try archived { () throws(ArchiveError) in try RunCatalogue.removeSuperseded(in: target, of: cluster) }
    }

    private static func list(_ store: any ObjectStore, _ cluster: ClusterID) throws(ArchiveError) -> [ObjectListing] {
        do throws(ObjectStoreError) { return try store.listAll(ArchiveNames.root(of: cluster)) } catch {
            throw .store(error)
        }
    }

    private static func digest(_ names: [String], _ hash: (String) -> [UInt8]) -> [UInt8] {
        SHA256.hash(names.flatMap { Array("\($0) \(Hex.text(hash($0)))\n".utf8) })
    }

    /// Goes through a list of the source once. False when something on it was gone.
    private mutating func pass() throws(RestoreError) -> Bool {
        let listing = try archived { () throws(ArchiveError) in try ArchiveCopy.list(source, cluster) }
        let view = ArchiveView(source, cluster: cluster, listing: listing)
        progress.objectsTotal = listing.count
        progress.bytesTotal = listing.reduce(0) { $0 + $1.size }
        var isComplete = true
        for timeline in view.timelines {
            for item in view.runs[timeline]?.items ?? [] {
                let arrival = try copy(item.name.description) { bytes throws(ArchiveError) in
                    try ArchiveCopy.check(bytes, item.name)
                }
                if arrival == .gone { isComplete = false }
                if arrival == .there { result.last = max(result.last, item.name.last) }
            }
        }
        result.backups = 0
        for id in view.backups.ids.reversed() {
            switch try copy(id, of: view) {
            case .there: result.backups += 1
            case .gone: isComplete = false
            case .damaged: break
            }
        }
        try copyRecords(VerificationRecord.self, listing)
        try copyRecords(DrillRecord.self, listing)
        return isComplete
    }

    private mutating func copyRecords<Record: ArchiveRecord>(
        _: Record.Type, _ listing: [ObjectListing]
    ) throws(RestoreError) {
        for name in listing.map(\.key.text) where Record.id(name: name, of: cluster) != nil {
            _ = try copy(name) { bytes throws(ArchiveError) in
                do throws(ArchiveFault) { _ = try Record.decode(bytes) } catch { throw .object(name, error) }
            }
        }
    }

    /// What a backup needs first, its manifest behind that, and last that retention is to leave it.
    private mutating func copy(_ id: BackupID, of view: ArchiveView) throws(RestoreError) -> Arrival {
        let backup: BackupManifest
        do throws(ArchiveError) { backup = try view.backups.manifest(of: id, in: source) } catch {
            if case .store(let reason) = error, reason.reason == .missing { return .gone }
            guard error.isDamage else { throw .archive(error) }
            note(id.manifest(of: cluster), error)
            return .damaged
        }
        for pack in backup.packs {
            for part in pack.parts {
                let name = pack.name(of: part)
                let arrival = try copy(name.description) { bytes throws(ArchiveError) in
                    try ArchiveCopy.check(bytes, name.description, part)
                }
                guard arrival == .there else { return arrival }
            }
        }
        let name = id.state(of: cluster)
        let state = try copy(name) { bytes throws(ArchiveError) in
            try ArchiveCopy.check(bytes, name, backup.state)
        }
        guard state == .there else { return state }
        let manifest = try copy(id.manifest(of: cluster)) { _ in }
        guard manifest == .there, view.backups.pinned.contains(id) else { return manifest }
        _ = try copy(id.pin(of: cluster)) { _ in }
        return .there
    }

    private static func check(_ bytes: [UInt8], _ name: RunName) throws(ArchiveError) {
        do throws(ArchiveFault) {
            let object = try ArchiveObject(bytes)
            guard name.fits(object.header) else { throw .damaged(.misplaced, at: 0) }
            _ = try LogRun(object, limit: LogChain.frameLimit)
        } catch { throw .object(name.description, error) }
    }

    private static func check(_ bytes: [UInt8], _ name: String, _ part: BackupPart) throws(ArchiveError) {
        guard bytes.count == part.size, SHA256.hash(bytes) == part.hash else {
            throw .object(name, .damaged(.checksumMismatch, at: 0))
        }
    }

    private mutating func note(_ name: String, _ error: ArchiveError) {
        guard !result.damaged.contains(where: { $0.name == name }) else { return }
        result.damaged.append((name, error.description))
    }

    /// Brings one object over, unless that was done.
    private mutating func copy(
        _ name: String, _ check: ([UInt8]) throws(ArchiveError) -> Void
    ) throws(RestoreError) -> Arrival {
        guard hashes[name] == nil else { return .there }
        guard let key = ObjectKey(name) else { preconditionFailure("\(name) is no name of an object") }
        do throws(ArchiveError) {
            let bytes = try ArchiveCopy.get(key, source)
            try check(bytes)
            let isKnown = sizes[name] != nil
            if !isKnown { try ArchiveCopy.put(key, bytes, target) }
            let arrived = try ArchiveCopy.get(key, target)
            guard arrived == bytes else { throw .conflict(name) }
            hashes[name] = (SHA256.hash(bytes), SHA256.hash(arrived))
            count(bytes.count, isKnown: isKnown)
            return .there
        } catch {
            switch error {
            case .store(let reason) where reason.reason == .missing: return .gone
            case .object where error.isDamage:
                note(name, error)
                return .damaged
            default: throw .archive(error)
            }
        }
    }

    private static func get(_ key: ObjectKey, _ store: any ObjectStore) throws(ArchiveError) -> [UInt8] {
        do throws(ObjectStoreError) { return try store.get(key) } catch { throw .store(error) }
    }

    /// What is there already is compared by whoever reads it back.
    private static func put(_ key: ObjectKey, _ bytes: [UInt8], _ store: any ObjectStore) throws(ArchiveError) {
        do throws(ObjectStoreError) { _ = try store.put(key, bytes) } catch { throw .store(error) }
    }

    private mutating func count(_ size: Int, isKnown: Bool) {
        if isKnown {
            result.known += 1
            result.knownBytes += size
        } else {
            result.copied += 1
            result.copiedBytes += size
        }
        progress.objects += 1
        progress.bytes += size
        report(progress)
    }
}
