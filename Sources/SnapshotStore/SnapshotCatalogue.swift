// Which snapshots there are, and what can go.

import ByteCoding
public import LogStore
public import SnapshotFormat
public import Vocabulary

/// The snapshots of one directory, as they were when it was opened and as they were added since. For one thread.
///
///     snap-<index>.manifest      a snapshot
///     snap-<number>.pack         chunks and tables, of one snapshot or more
///     snap-<index>.manifest.tmp  of a snapshot that was not finished
public struct SnapshotCatalogue<Disk: Storage>: Sendable {
    public let disk: Disk
    public let cluster: ClusterID
    /// Newest first. Each has its packs, with their true headers; what is in them is checked when it is read.
    public private(set) var snapshots: [SnapshotManifest] = []
    /// Manifests that cannot be used, to be put aside with `quarantine`.
    public private(set) var findings: [DamagedManifest] = []

    /// Looks at all manifests. Changes nothing, but for names that are brought to stable storage: what is found may be
    /// relied on.
    ///
    /// Throws `newerVersion` when there is a manifest of a newer release, `storage` when something cannot be read.
    public static func open(_ disk: Disk, cluster: ClusterID) throws(SnapshotError) -> SnapshotCatalogue {
        var catalogue = SnapshotCatalogue(disk: disk, cluster: cluster)
        try syncing { () throws(StorageError) in try disk.syncDirectory(nil) }
        try catalogue.look(at: try storing { () throws(StorageError) in try disk.list() })
        return catalogue
    }

    /// Takes up the manifests that are not known yet.
    private mutating func look(at names: [String]) throws(SnapshotError) {
        for name in names {
            guard let index = SnapshotName.index(of: name), !snapshots.contains(where: { $0.index == index }),
                !findings.contains(where: { $0.manifest == name })
            else { continue }
            do throws(SnapshotError) { add(try read(name, index)) } catch {
                guard case .damaged(let damage) = error else { throw error }
                findings.append(DamagedManifest(manifest: name, damage: damage))
            }
        }
    }

    private init(disk: Disk, cluster: ClusterID) {
        self.disk = disk
        self.cluster = cluster
    }

    /// A snapshot that was just finished.
    public mutating func add(_ manifest: SnapshotManifest) {
        let position = snapshots.firstIndex { $0.index < manifest.index } ?? snapshots.count
        snapshots.insert(manifest, at: position)
    }

    private func read(_ name: String, _ index: LogIndex) throws(SnapshotError) -> SnapshotManifest {
        let disk = disk
        let bytes = try storing { () throws(StorageError) -> [UInt8] in
            let file = try disk.open(name)
            var bytes: [UInt8] = []
            try disk.read(SnapshotManifest.lengthMax + 1, at: 0, of: file, into: &bytes)
            return bytes
        }
        let manifest: SnapshotManifest
        do throws(SnapshotFault) {
            manifest = try SnapshotManifest.decode(bytes.rawBytes)
            guard manifest.facts.cluster == cluster, manifest.index == index else {
                throw .damaged(.misplaced, at: 16)
            }
        } catch { throw SnapshotError(error, file: name, offset: 0, subject: nil) }
        for pack in manifest.packs { try check(pack) }
        return manifest
    }

    private func check(_ pack: PackUse) throws(SnapshotError) {
        let disk = disk
        let file = try PackReader.open(pack.number, of: cluster, on: disk)
        let size = try storing { () throws(StorageError) in try disk.size(of: file) }
        guard size >= pack.size else {
            throw .damaged(
                SnapshotDamage(
                    kind: .truncated, file: SnapshotName.pack(pack.number), offset: size, subject: nil))
        }
    }
}

extension SnapshotCatalogue {
    /// Packs that no snapshot refers to: of snapshots and receptions that were not finished, or of a damaged manifest.
    public func leftoverPacks() throws(SnapshotError) -> [PackNumber] {
        let disk = disk
        let names = try storing { () throws(StorageError) in try disk.list() }
        return names.compactMap(SnapshotName.pack(of:)).filter { number in
            !snapshots.contains { $0.pack(number) != nil }
        }
    }

    /// The bytes of all files of snapshots.
    public func bytesOnDisk() throws(SnapshotError) -> ByteCount {
        let disk = disk
        return try storing { () throws(StorageError) -> ByteCount in
            var total = 0
            for name in try disk.list() where SnapshotName.isOne(name) {
                total += try disk.size(of: try disk.open(name))
            }
            return ByteCount(total)
        }
    }

    /// Removes all but the newest `count` snapshots, and what none of those that stay refers to. Not while a snapshot
    /// is being finished.
    ///
    /// A damaged manifest goes when `count` newer snapshots are there; while one stays, every pack does, since it may
    /// be the damaged one's.
    ///
    /// - Parameters:
    ///   - indexes: further snapshots that stay: those that are being sent, or loaded.
    ///   - packs: what stays although no snapshot refers to it: that which is being written or received.
    /// - Returns: the names of the removed files.
    public mutating func collectGarbage(
        keeping count: Int, also indexes: Set<LogIndex> = [], packs: Set<PackNumber> = []
    ) throws(SnapshotError) -> [String] {
        precondition(count >= 1, "at least one snapshot is kept, not \(count)")
        let names = try storing { [disk] () throws(StorageError) in try disk.list() }
        try look(at: names)
        let kept = snapshots.prefix(count) + snapshots.dropFirst(count).filter { indexes.contains($0.index) }
        let oldest = snapshots.count >= count ? snapshots[count - 1].index : .zero
        let outdated = names.filter { name in
            guard let index = SnapshotName.index(of: name) else { return false }
            let isDamaged = !snapshots.contains { $0.index == index }
            return isDamaged ? index < oldest : !kept.contains { $0.index == index }
        }
        try remove(outdated)
        snapshots = Array(kept)
        findings.removeAll { outdated.contains($0.manifest) }
        var leftovers = names.filter(SnapshotName.isUnfinished)
        if findings.isEmpty {
            leftovers += names.filter { name in
                guard let number = SnapshotName.pack(of: name), !packs.contains(number) else { return false }
                return !snapshots.contains { $0.pack(number) != nil }
            }
        }
        try remove(leftovers)
        return outdated + leftovers
    }

    /// Takes a snapshot away, so that it can be received again. Its packs go with the next collection.
    public mutating func remove(_ index: LogIndex) throws(SnapshotError) { try drop(SnapshotName.manifest(index)) }

    /// Takes a manifest away that was put aside, so that the snapshot can be written or received again.
    mutating func drop(_ manifest: String) throws(SnapshotError) {
        try remove([manifest])
        snapshots.removeAll { SnapshotName.manifest($0.index) == manifest }
        findings.removeAll { $0.manifest == manifest }
    }

    /// Names are gone for good on return: what they need goes later.
    private func remove(_ names: [String]) throws(SnapshotError) {
        guard !names.isEmpty else { return }
        for name in names { try storing { [disk] () throws(StorageError) in try disk.remove(name) } }
        try syncing { [disk] () throws(StorageError) in try disk.syncDirectory(nil) }
    }
}

/// A manifest that cannot be used, by its file's name, and what is wrong with it or with a pack that it names.
public struct DamagedManifest: Hashable, Sendable, CustomStringConvertible {
    public let manifest: String
    public let damage: SnapshotDamage

    public var description: String { "\(manifest): \(damage)" }
    public var remedy: Remedy { damage.remedy }
}
