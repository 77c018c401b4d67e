// Where a restore works before its result has its name, and what is there from an earlier try.

import ArchiveFormat
import ArchiveStore
import ByteCoding
import LogStore
import Platform
import ReplicaSnapshots
import SnapshotStore
import Synchronization
import Vocabulary

/// The directory `DIR.restoring` beside the final one:
///
///     restore-lock     locked while a restore works here; removed at the end
///     restore-plan     what is being restored, and a line for each part that is there; removed at the end
///     snapshots/       packs and manifest
///     log/             the log's segments
final class RestoreStaging: Sendable {
    let directory: String
    let path: String
    private let done = Mutex<Set<String>>([])
    private let lock = Mutex<HeldLock?>(nil)

    init(directory: String) {
        self.directory = directory.count > 1 && directory.hasSuffix("/") ? String(directory.dropLast()) : directory
        path = self.directory + ".restoring"
    }

    var snapshots: String { path + "/snapshots" }
    var log: String { path + "/log" }
    private static let planName = "restore-plan"
    private static let lockName = "restore-lock"
    private var planFile: String { path + "/" + RestoreStaging.planName }

    /// Refuses what a restore must not touch, before anything is written.
    func check(needed: ByteCount, replacesAnything: Bool) throws(RestoreError) {
        if FileSystem.exists(directory) {
            guard FileSystem.isDirectory(directory) else { throw .targetOccupied(path: directory) }
            let names = try onSystem { () throws(SystemError) in try FileSystem.listDirectory(directory) }
            guard names.isEmpty || names.contains("identity") || replacesAnything else {
                throw .targetOccupied(path: directory)
            }
            do throws(DataDirectoryError) { try DataDirectory.checkUnused(directory) } catch {
                if case .inUse = error { throw inUse(directory, lock: "LOCK") }
                throw .directory(error)
            }
        }
        let parent = FileSystem.parent(of: directory)
        let space = try onSystem { () throws(SystemError) in
            try FileSystem.makeDirectory(parent, permissions: 0o750, intermediate: true)
            return try FileSystem.freeSpace(parent)
        }
        guard space.free >= needed.rawValue else {
            throw .noSpace(path: parent, needed: needed, free: ByteCount(space.free))
        }
    }

    /// Refuses a data directory that has what the restored one would lack.
    func checkContents(_ cluster: ClusterID, _ target: LogIndex) throws(RestoreError) {
        guard FileSystem.exists(directory + "/identity") else { return }
        let found: ClusterID?
        do throws(DataDirectoryError) { found = try DataDirectory.identity(at: directory)?.cluster } catch {
            throw .unknownData(path: directory, why: "\(error)")
        }
        if let found, found != cluster { throw .otherCluster(path: directory, found: found, expected: cluster) }
        let last = try lastIndex()
        guard last <= target else { throw .newerData(path: directory, last: last, target: target) }
    }

    /// The newest entry in the directory's log and snapshots, where nodes have them unless a setting says otherwise.
    private func lastIndex() throws(RestoreError) -> LogIndex {
        let place = FileSystem.isDirectory(directory + "/log") ? directory + "/log" : directory
        let snapshots = directory + "/snapshots"
        let inspection: LogInspection<DirectoryStorage>?
        do throws(LogError) { inspection = try LogInspection(DirectoryStorage(path: place)) } catch {
            throw .unknownData(path: directory, why: "\(error)")
        }
        guard let inspection else { throw .unknownData(path: directory, why: "there is no log in it") }
        let replica: StoppedReplica
        do throws(StateSearchError) {
            replica = try StoppedReplica(
                inspection, snapshotDirectory: FileSystem.isDirectory(snapshots) ? snapshots : nil)
        } catch { throw .unknownData(path: directory, why: "\(error)") }
        if let damage = replica.log.findings.first(where: \.isDamage)?.damage {
            throw .unknownData(path: directory, why: "its log is damaged: \(damage)")
        }
        return replica.last.index
    }

    /// Makes the directory, or takes up what an earlier try for the same plan has left. Its log goes: that is made
    /// anew; and of another plan for this cluster everything goes, which was only fetched.
    func begin(_ plan: RestorePlan) throws(RestoreError) {
        let title = "\(plan.view.cluster) \(plan.backup?.id.text ?? plan.local.map { "\($0.manifest.index)" } ?? "-")"
        try takeLock()
        if FileSystem.exists(planFile) {
            let lines = try known()
            guard let begun = lines.first, begun.hasPrefix("\(plan.view.cluster) ") else {
                throw .otherRestore(path: path)
            }
            // The last line may not have been written whole.
            let names = begun == title ? lines.dropFirst().filter { PieceName($0) != nil } : []
            done.withLock { $0 = Set(names) }
            let kept = begun == title ? ["snapshots", RestoreStaging.planName] : []
            try onSystem { () throws(SystemError) in try removeAll(but: kept) }
        } else {
            let names = try onSystem { () throws(SystemError) in try FileSystem.listDirectory(path) }
            guard names.allSatisfy({ $0 == RestoreStaging.lockName }) else { throw .otherRestore(path: path) }
        }
        try onSystem { () throws(SystemError) in
            try FileSystem.makeDirectory(snapshots, intermediate: true)
            if !FileSystem.exists(planFile) {
                try FileSystem.writeAtomically(planFile, Array((title + "\n").utf8).rawBytes)
            }
        }
    }

    /// Two restores to one place would write into each other's files.
    private func takeLock() throws(RestoreError) {
        let isFree = try onSystem { () throws(SystemError) in
            try FileSystem.makeDirectory(path, intermediate: true)
            let file = try File.open(path + "/" + RestoreStaging.lockName, mode: .openOrCreate)
            guard try file.tryLock() else { return false }
            let held = HeldLock(file)
            lock.withLock { $0 = held }
            return true
        }
        guard isFree else { throw inUse(path, lock: RestoreStaging.lockName) }
    }

    private func inUse(_ path: String, lock name: String) -> RestoreError {
        .targetInUse(path: path, by: FileSystem.lockHolder(of: path + "/" + name))
    }

    /// The lines that an earlier try has written.
    private func known() throws(RestoreError) -> [String] {
        try onSystem { () throws(SystemError) in
            guard FileSystem.exists(planFile) else { return [] }
            let bytes = try FileSystem.readAll(planFile, limit: RestoreStaging.planMax)
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }

    private static let planMax = 64 << 20

    /// What `DataDirectory.make` and the log have made.
    func removeLog() throws(RestoreError) {
        try onSystem { () throws(SystemError) in
            try removeAll(but: ["snapshots", RestoreStaging.planName])
        }
    }

    private func removeAll(but kept: [String]) throws(SystemError) {
        for name in try FileSystem.listDirectory(path) where name != RestoreStaging.lockName && !kept.contains(name) {
            try FileSystem.removeTree(path + "/" + name)
        }
    }

    func isDone(_ name: PieceName) -> Bool { done.withLock { $0.contains(name.description) } }

    /// A part is in its file, and on stable storage. For one thread at a time.
    func note(_ name: String) throws(SystemError) {
        let file = try File.open(planFile, mode: .readWrite)
        try file.pwriteAll(Array((name + "\n").utf8).rawBytes, at: try file.size)
    }

    /// Has the files of another directory of snapshots here too: each is one file with two names, since none is ever
    /// written again.
    func link(snapshotsOf path: String) throws(RestoreError) {
        try onSystem { () throws(SystemError) in
            for name in try FileSystem.listDirectory(path)
            where SnapshotName.index(of: name) != nil || SnapshotName.pack(of: name) != nil {
                guard !FileSystem.exists(snapshots + "/" + name) else { continue }
                try FileSystem.link(path + "/" + name, as: snapshots + "/" + name)
            }
        }
    }

    /// Removes every snapshot again.
    func removeSnapshots() throws(RestoreError) {
        try onSystem { () throws(SystemError) in
            for name in try FileSystem.listDirectory(snapshots) { try FileSystem.remove(snapshots + "/" + name) }
        }
    }

    /// Writes a snapshot's manifest under its name.
    func write(_ bytes: [UInt8], as name: String) throws(RestoreError) {
        try onSystem { () throws(SystemError) in
            try FileSystem.writeAtomically(snapshots + "/" + name, bytes.rawBytes)
        }
    }

    /// Gives the result its name; where what had it before is now, if anything had. That is put back when it fails.
    ///
    /// - Parameters:
    ///   - manifest: of the backup, of which the directory keeps a copy.
    ///   - owner: whose it all is from then on; nil leaves it to who restores.
    func finish(
        _ report: RestoreReport, manifest: [UInt8]?, owner: FileOwner?
    ) throws(RestoreError) -> String? {
        var report = report
        report.putAside = FileSystem.exists(directory) ? asideName : nil
        let (encoded, aside) = (report.encoded, report.putAside)
        try onSystem { () throws(SystemError) in
            if let manifest { try FileSystem.writeAtomically(path + "/manifest.json", manifest.rawBytes) }
            try FileSystem.writeAtomically(path + "/restore.json", encoded.rawBytes)
            if let owner { try FileSystem.setOwner(ofTree: path, owner) }
            try FileSystem.syncDirectory(path)
            if let aside { try FileSystem.rename(directory, to: aside) }
            do throws(SystemError) { try FileSystem.rename(path, to: directory) } catch {
                if let aside { try FileSystem.rename(aside, to: directory) }
                throw error
            }
            try FileSystem.syncDirectory(FileSystem.parent(of: directory))
            // Until now an interrupted restore would have been taken up by these.
            try FileSystem.remove(directory + "/" + RestoreStaging.planName)
            try FileSystem.remove(directory + "/" + RestoreStaging.lockName)
        }
        return aside
    }

    /// By the time to the second, and a number when there was another restore within it.
    private var asideName: String {
        let name = directory + ".backup." + TimeText.seconds(WallClock.now())
        guard FileSystem.exists(name) else { return name }
        var number = 2
        while FileSystem.exists(name + "-\(number)") { number += 1 }
        return name + "-\(number)"
    }
}

/// A lock that goes with this object.
private final class HeldLock: Sendable {
    private let file: File

    init(_ file: consuming File) { self.file = file }
}
