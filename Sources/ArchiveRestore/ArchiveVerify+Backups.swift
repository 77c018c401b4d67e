// Verifying backups: both manifests of each, and every part that one of them needs.

import ArchiveFormat
import ArchiveStore
import ByteCoding
import ObjectStores
import SnapshotFormat
import Vocabulary

/// What the log is compared with: where a backup's state is in it.
struct BackupPlace: Hashable {
    let id: BackupID
    let position: LogPosition
    /// Of the frame that ends there.
    let checksum: UInt32
    let digest: Digest
    let name: String
}

extension ArchiveVerify {
    /// The backups whose manifests can be read.
    mutating func verifyBackups() throws(RestoreError) -> [BackupPlace] {
        var places: [BackupPlace] = []
        var manifests: [BackupManifest] = []
        var sound: [BackupID: Bool] = [:]
        for id in view.backups.ids {
            verdict.backups += 1
            guard let backup = try readManifest(id) else {
                try verifyState(of: id)
                continue
            }
            manifests.append(backup)
            sound[id] = true
            guard let state = try readState(backup) else {
                sound[id] = false
                continue
            }
            places.append(
                BackupPlace(
                    id: id, position: backup.position, checksum: state.facts.frameChecksum, digest: backup.digest,
                    name: id.manifest(of: view.cluster)))
        }
        for id in try verifyParts(of: manifests) { sound[id] = false }
        verdict.goodBackups = sound.values.count { $0 }
        try noteLeftovers(manifests)
        return places
    }

    mutating func readManifest(_ id: BackupID) throws(RestoreError) -> BackupManifest? {
        let name = id.manifest(of: view.cluster)
        do throws(ArchiveError) {
            let backup = try view.backups.manifest(of: id, in: view.store)
            count(backup.encoded.count)
            return backup
        } catch {
            try note(error, of: name, "backup \(id) can not be restored")
            return nil
        }
    }

    mutating func readState(_ backup: BackupManifest) throws(RestoreError) -> SnapshotManifest? {
        do throws(ArchiveError) {
            let state = try view.backups.state(of: backup, in: view.store)
            count(backup.state.size)
            return state
        } catch {
            try note(error, of: backup.id.state(of: view.cluster), "backup \(backup.id) can not be restored")
            return nil
        }
    }

    /// A state's manifest by what it says of itself, where the backup's own can not be read.
    private mutating func verifyState(of id: BackupID) throws(RestoreError) {
        let name = id.state(of: view.cluster)
        do throws(ArchiveError) {
            let facts = try view.backups.facts(of: id, in: view.store)
            guard facts.cluster == view.cluster, facts.position.index == id.index else {
                throw .object(name, .damaged(.misplaced, at: 0))
            }
        } catch { try note(error, of: name) }
    }

    /// Reads each object once, however many backups need it. The backups that lack something.
    mutating func verifyParts(of backups: [BackupManifest]) throws(RestoreError) -> Set<BackupID> {
        var uses: [PieceName: [(part: BackupPart, isLast: Bool, id: BackupID)]] = [:]
        var order: [PieceName] = []
        for backup in backups {
            for pack in backup.packs {
                for part in pack.parts {
                    let name = pack.name(of: part)
                    if uses[name] == nil { order.append(name) }
                    uses[name, default: []].append((part, part == pack.parts.last, backup.id))
                }
            }
        }
        let sizes = Dictionary(listing.map { ($0.key.text, $0.size) }) { first, _ in first }
        var lacking: Set<BackupID> = []
        for name in order {
            let needed = uses[name] ?? []
            let who = needed.map(\.id.text).joined(separator: ", ")
            for part in Set(needed.map(\.part)) {
                guard try !verify(name, part, size: sizes[name.description], for: who) else { continue }
                lacking.formUnion(needed.filter { $0.part == part }.map(\.id))
            }
        }
        return lacking
    }

    private mutating func verify(
        _ name: PieceName, _ part: BackupPart, size: Int?, for who: String
    ) throws(RestoreError) -> Bool {
        let text = name.description
        guard let size else {
            note(.missing, text, "there is no such object: needed by backup \(who)")
            return false
        }
        guard size == part.size else {
            note(.damaged, text, "it has \(size) bytes, not \(part.size): needed by backup \(who)")
            return false
        }
        if isQuick { return true }
        do throws(ArchiveError) {
            let object = try ArchivedPart.fetch(name, part, from: view.store)
            count(size)
            // All of it was compared with the manifest's hash; a block that does not decompress was written so.
            do throws(ArchiveFault) { _ = try object.plain() } catch { throw .object(text, error) }
            return true
        } catch {
            try note(error, of: text, "needed by backup \(who)")
            return false
        }
    }

    /// What no backup refers to. Where a manifest can not be read, it may be that one that does: then it is looked at.
    private mutating func noteLeftovers(_ backups: [BackupManifest]) throws(RestoreError) {
        let needed = Set(
            backups.flatMap { backup in
                backup.packs.flatMap { pack in pack.parts.map { pack.name(of: $0).description } }
            })
        let isComplete = backups.count == view.backups.ids.count
        for item in listing {
            guard let name = PieceName(item.key.text), !needed.contains(item.key.text) else { continue }
            if isComplete {
                note(.leftover, item.key.text, "no backup needs it")
            } else if try isWhole(name) {
                note(.leftover, item.key.text, "no backup needs it whose manifest can be read")
            }
        }
        noteUnfinished()
    }

    /// Whether an object is what it says and its name says.
    private mutating func isWhole(_ name: PieceName) throws(RestoreError) -> Bool {
        if isQuick { return true }
        do throws(ArchiveError) {
            count(try ArchivedPart.fetch(name, from: view.store).bytes.count)
            return true
        } catch {
            try note(error, of: name.description, "a backup may need it whose manifest can not be read")
            return false
        }
    }

    private mutating func noteUnfinished() {
        let ids = Set(view.backups.ids)
        for name in view.backups.strangers {
            let words = name.split(separator: "/")
            guard words.count == 4, let id = BackupID(words[2]), id.state(of: view.cluster) == name else {
                note(.unknownName, name, "it is no name of a backup's object")
                continue
            }
            // A backup is there with its manifest, which comes a moment behind the state's.
            guard !ids.contains(id) else { continue }
            note(
                .missing, id.manifest(of: view.cluster),
                "a backup's state is there without its manifest: it was removed, or the backup was stopped in its last "
                    + "step",
                remedy: .operate("put the manifest back; if there is none, remove \(name) and make a new backup"))
        }
    }
}
