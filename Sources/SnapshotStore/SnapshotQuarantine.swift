// Damaged snapshots put aside: their files under other names, and a note of what was found.

import ByteCoding
import LogStore
import SnapshotFormat
public import Vocabulary

/// A snapshot that was put aside.
public struct QuarantinedSnapshot: Hashable, Sendable {
    /// The note, and the files as they were found; names below the snapshots' directory.
    public let report: String
    public let copies: [String]
}

/// The note: lines of `name: value`, and sentences for people.
struct SnapshotReport: Hashable, Sendable {
    static let directory = "quarantine"
    static let ending = "-snapshot-report.txt"

    let manifest: String
    let damages: [SnapshotDamage]
    let copies: [String]

    var text: String {
        let lines =
            ["manifest: \(manifest)"]
            + damages.flatMap { ["kind: \($0.kind.rawValue)", "file: \($0.file)", "offset: \($0.offset)", "\($0)"] }
            + [
                "Nothing is loaded from this snapshot any more, and no later one refers to what is in it. An older one",
                "and the log take its place, or one of another node. The files as they were found:",
            ] + copies
        return lines.joined(separator: "\n") + "\n"
    }
}

extension SnapshotCatalogue {
    /// Puts a snapshot aside that cannot be loaded: its manifest, and the packs that are damaged, get names below
    /// `quarantine/`, a note is written there, and then the manifest loses its name here. Packs that no other snapshot
    /// refers to go with the next collection; what is in quarantine nobody removes.
    ///
    /// A crash on the way leaves a damaged manifest, which is found again, and copies that say what they are.
    ///
    /// - Parameter now: names what is kept: `quarantine/20261121T021334.000001Z-snap-….manifest`.
    public mutating func quarantine(
        _ manifest: String, _ damages: [SnapshotDamage], now: Timestamp
    ) throws(SnapshotError) -> QuarantinedSnapshot {
        let stamp = SnapshotReport.directory + "/" + now.description.filter { $0 != "-" && $0 != ":" }
        let disk = disk
        let kept = try storing { () throws(StorageError) in
            try SnapshotKeeping(disk: disk, stamp: stamp).keep(manifest, damages)
        }
        try drop(manifest)
        return kept
    }
}

/// The files of one snapshot, on their way aside.
private struct SnapshotKeeping<Disk: Storage> {
    let disk: Disk
    let stamp: String

    func keep(_ manifest: String, _ damages: [SnapshotDamage]) throws(StorageError) -> QuarantinedSnapshot {
        try disk.makeDirectory(SnapshotReport.directory)
        try disk.syncDirectory(nil)
        let present = try disk.list()
        var names = [manifest]
        for damage in damages where present.contains(damage.file) && !names.contains(damage.file) {
            names.append(damage.file)
        }
        var made: [String] = []
        do throws(StorageError) {
            for name in names {
                let copy = stamp + "-" + name
                try disk.link(name, as: copy)
                made.append(copy)
            }
            let report = stamp + SnapshotReport.ending
            let note = SnapshotReport(manifest: manifest, damages: damages, copies: made)
            made.append(report)
            let file = try disk.create(report)
            try disk.write(Array(note.text.utf8).rawBytes, at: 0, of: file)
            try disk.sync(file)
            try disk.syncDirectory(SnapshotReport.directory)
            return QuarantinedSnapshot(report: report, copies: note.copies)
        } catch {
            // The damaged files are where they were; half of a copy would only fill the disk.
            for name in made.reversed() { try? disk.remove(name) }
            throw error
        }
    }
}
