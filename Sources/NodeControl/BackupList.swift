// `nodectl backup list` and `show`: straight from the archive, whatever state the cluster is in.

public import ArchiveFormat
public import ArchiveRestore
import ArchiveStore
import JSON
public import Vocabulary

public struct BackupList: Sendable {
    struct Line: Sendable {
        let id: BackupID
        /// Nil for a backup that can not be restored, and why.
        let manifest: BackupManifest?
        let why: String?
    }

    let lines: [Line]

    init(lines: [Line]) { self.lines = lines }

    /// - Parameter last: how many of the newest; nil for all.
    public init(_ view: ArchiveView, last: Int?) throws(ControlError) {
        var lines: [Line] = []
        for id in view.backups.ids.prefix(last ?? .max) {
            do throws(ArchiveError) {
                let manifest = try view.backups.manifest(of: id, in: view.store)
                lines.append(Line(id: id, manifest: manifest, why: nil))
            } catch {
                // One that can not be read is told with the others; a store that does not answer ends the list.
                guard case .object = error else { throw .restore(.archive(error)) }
                lines.append(Line(id: id, manifest: nil, why: "\(error)"))
            }
        }
        self.lines = lines
    }

    /// How old the newest valid backup may be.
    static let ageMax: UInt64 = 24 * 3_600_000_000

    /// Whether one that can be read is young enough. Of its state, not of when it was written.
    public func isFresh(at now: Timestamp) -> Bool {
        lines.contains { line in
            line.manifest.map { $0.timestamp.rawValue + BackupList.ageMax >= now.rawValue } ?? false
        }
    }

    public func text(inColour: Bool) -> String {
        var table = TextTable(["ID", "TIME", "TYPE", "SIZE", "POSITION", "RECORDS", ""])
        for line in lines {
            guard let manifest = line.manifest else {
                table.add([
                    .init(line.id.text), .init(line.id.time.description), .init("invalid", .bad), .init("-"),
                    .init("?:\(line.id.index)"), .init("-"), .init(line.why ?? ""),
                ])
                continue
            }
            table.add([
                .init(line.id.text), .init(manifest.timestamp.description), .init(manifest.type.rawValue),
                .init(ByteCount(manifest.storedBytes).rough), .init(manifest.position.description),
                .init("\(manifest.records)"), .init(""),
            ])
        }
        return table.text(inColour: inColour)
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("backups") { writer in
                writer.array { writer in
                    for line in lines {
                        writer.object { writer in
                            writer.member("backup_id", line.id.text)
                            writer.member("valid", line.manifest != nil)
                            writer.member("reason", line.why)
                            writer.member("timestamp", (line.manifest?.timestamp ?? line.id.time).description)
                            writer.member("backup_type", line.manifest?.type.rawValue ?? "invalid")
                            writer.member("stored_bytes", line.manifest?.storedBytes)
                            writer.member("position", line.manifest?.position.description)
                            writer.member("index", line.id.index.rawValue)
                            writer.member("record_count", line.manifest?.records)
                        }
                    }
                }
            }
        }
        return writer.bytes + [0x0A]
    }
}

/// One backup, with everything that its manifest says.
public struct BackupDetail: Sendable {
    let manifest: BackupManifest

    public init(_ view: ArchiveView, _ id: BackupID) throws(ControlError) {
        guard view.backups.ids.contains(id) else { throw .restore(.noBackup(id)) }
        do throws(ArchiveError) { manifest = try view.backups.manifest(of: id, in: view.store) } catch {
            throw .restore(.archive(error))
        }
    }

    public var text: String {
        let rows = [
            ("backup", manifest.id.text), ("type", manifest.type.rawValue),
            ("cluster", manifest.cluster.description), ("timeline", TimelineName(manifest.timeline).description),
            ("time", manifest.timestamp.description), ("position", manifest.position.description),
            ("records", "\(manifest.records)"), ("digest", manifest.digest.description),
            ("made of", manifest.base.map(\.text) ?? "nothing earlier"),
            ("written by", "\(manifest.node), \(manifest.program)"),
            ("took", RoughTime.text(manifest.duration)), ("uploaded", ByteCount(manifest.uploadedBytes).rough),
            ("stored", ByteCount(manifest.storedBytes).rough), ("expanded", ByteCount(manifest.expandedBytes).rough),
            ("log objects", "\(manifest.segments) since the backup before"),
            ("parts", "\(manifest.packs.reduce(0) { $0 + $1.parts.count }) in \(manifest.packs.count) packs"),
        ]
        return rows.map { name, value in
            name + String(repeating: " ", count: 13 - name.count) + value + "\n"
        }.joined()
    }

    /// The manifest itself.
    public var json: [UInt8] { manifest.encoded + [0x0A] }
}

extension ArchiveView {
    /// The backup that a text names, or the newest ones.
    public func chosen(_ name: String?, last: Int?) throws(ControlError) -> [BackupID] {
        guard let name else { return Array(backups.ids.prefix(last ?? 1)) }
        guard let id = BackupID(name) else {
            throw .usage("\(name) is no id of a backup: `nodectl backup list` shows them")
        }
        return [id]
    }
}
