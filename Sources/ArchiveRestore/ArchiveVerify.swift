// Looks at every object of a cluster's archive, and says of each that is not as it should be what is wrong with it.
//
// 1. Nothing is written.
// 2. An object whose name, bytes, place in the chain or part in a backup is not what another one or its own checksum
//    says is told with its name. What no name and no object tells of is not known: the newest object of the log, when
//    it is missing, leaves an archive that ends earlier.

import ArchiveFormat
import ArchiveStore
import ByteCoding
import ObjectStores
import Vocabulary

/// How far a verification is.
public struct VerifyProgress: Sendable {
    public var objects: Int
    public var objectsTotal: Int
    public var bytes: Int
    public var bytesTotal: Int
}

/// For one archive and one thread.
public struct ArchiveVerify {
    let view: ArchiveView
    /// Reads only names, manifests and the fronts of objects.
    let isQuick: Bool
    let report: (VerifyProgress) -> Void
    let listing: [ObjectListing]
    var verdict = ArchiveVerdict()
    private var progress = VerifyProgress(objects: 0, objectsTotal: 0, bytes: 0, bytesTotal: 0)

    /// - Parameter report: hears of every object that is done.
    public init(
        _ view: ArchiveView, isQuick: Bool = false, report: @escaping (VerifyProgress) -> Void = { _ in }
    ) throws(RestoreError) {
        self.isQuick = isQuick
        self.report = report
        verdict.isQuick = isQuick
        // One list for everything, taken now: parts of it from different times would contradict each other.
        do throws(ObjectStoreError) {
            listing = try view.store.listAll(ArchiveNames.root(of: view.cluster))
        } catch { throw .archive(.store(error)) }
        self.view = ArchiveView(view.store, cluster: view.cluster, listing: listing)
        progress.objectsTotal = listing.count
        progress.bytesTotal = listing.reduce(0) { $0 + $1.size }
    }

    /// Throws when the store can not be read; what is wrong with objects is in the verdict.
    public mutating func run() throws(RestoreError) -> ArchiveVerdict {
        noteUnknownNames()
        let backups = try verifyBackups()
        for timeline in view.timelines { try verifyLog(of: timeline, backups) }
        try verifyRecords(VerificationRecord.self, "verification")
        try verifyRecords(DrillRecord.self, "drill")
        return verdict
    }

    /// An object was looked at.
    mutating func count(_ size: Int) {
        verdict.objects += 1
        verdict.bytes += size
        progress.objects += 1
        progress.bytes += size
        report(progress)
    }

    mutating func note(_ kind: ArchiveFinding.Kind, _ object: String, _ text: String, remedy: Remedy? = nil) {
        let finding = ArchiveFinding(kind, object, text, remedy: remedy)
        if !verdict.findings.contains(finding) { verdict.findings.append(finding) }
    }

    /// What reading an object threw, if it says something about the object. Everything else is thrown on.
    mutating func note(_ error: ArchiveError, of object: String, _ use: String = "") throws(RestoreError) {
        let text = use.isEmpty ? "" : ": " + use
        switch error {
        case .object(_, let fault):
            note(fault.isDamage ? .damaged : .unreadable, object, "\(fault)" + text)
        case .store(let error) where error.reason == .missing: note(.missing, object, "there is no such object" + text)
        default: throw .archive(error)
        }
    }

    /// A history: each record by itself, and that the one it was written behind is there.
    private mutating func verifyRecords<Record: ArchiveRecord>(_: Record.Type, _ kind: String) throws(RestoreError) {
        let log = RecordLog<Record>(view.store, view.cluster)
        let folder = Record.folder(of: view.cluster)
        var found: [(name: String, previous: [UInt8])] = []
        var hashes: Set<[UInt8]> = []
        for item in listing where item.key.text.hasPrefix(folder) {
            let name = item.key.text
            guard let id = Record.id(name: name, of: view.cluster) else {
                note(.unknownName, name, "it is no name of a \(kind)")
                continue
            }
            count(item.size)
            do throws(ArchiveError) {
                let (record, hash) = try log.read(id)
                found.append((name, record.previous))
                hashes.insert(hash)
            } catch { try note(error, of: name) }
        }
        // What was before the first is kept no longer. Clocks differ, so the one before may have a later name.
        for record in found.dropFirst() where !hashes.contains(record.previous) {
            note(.brokenChain, record.name, "the record that it was written behind is changed or gone")
        }
    }

    private mutating func noteUnknownNames() {
        let known = [
            RunName.folder(view.cluster), BackupID.folder(view.cluster), PackFolder.all(of: view.cluster),
            ArchiveNames.garbage(of: view.cluster), ArchiveNames.verifications(of: view.cluster),
            ArchiveNames.drills(of: view.cluster),
        ]
        for item in listing where !known.contains(where: item.key.text.hasPrefix) {
            guard item.key.text != ArchiveNames.readme(of: view.cluster) else { continue }
            note(.unknownName, item.key.text, "no release writes this name")
        }
        for item in listing where item.key.text.hasPrefix(known[0]) && RunName(item.key.text) == nil {
            note(.unknownName, item.key.text, "it is no name of a run of the log")
        }
        for item in listing where item.key.text.hasPrefix(known[2]) && PieceName(item.key.text) == nil {
            note(.unknownName, item.key.text, "it is no name of a part of a pack")
        }
    }
}
