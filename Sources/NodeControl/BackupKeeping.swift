// `nodectl backup prune|delete|pin|unpin`: what of an archive goes, and what stays.

import ArchiveFormat
public import ArchivePlan
import ArchiveRestore
import ArchiveStore
import JSON
import ObjectStores
import Platform
import Vocabulary

/// Works on one cluster's backups in an archive, whether the cluster runs or not.
public struct BackupKeeping {
    private let store: any ObjectStore
    private let cluster: ClusterID

    public init(_ place: ArchivePlace) throws(ControlError) {
        let view = try place.view()
        store = view.store
        cluster = view.cluster
    }

    private var keeper: ArchiveKeeper { ArchiveKeeper(store, cluster) }

    /// What a policy would keep and remove now.
    public func plan(_ policy: RetentionPolicy) throws(ControlError) -> RetentionPlan {
        do throws(ArchiveError) {
            let survey = try ArchiveSurvey(store, cluster)
            // The newest entry is now: a cluster that was stopped for a month does not lose its last backups to that.
            let newest = max(survey.runs.map(\.lastTime).max() ?? .zero, survey.backups.map(\.time).max() ?? .zero)
            return RetentionPlan(policy, survey.backups, runs: survey.runs, now: newest)
        } catch { throw .archive(error) }
    }

    public func carryOut(_ plan: RetentionPlan) throws(ControlError) -> RemovalReport {
        do throws(ArchiveError) {
            return RemovalReport(plan, try keeper.carryOut(plan, at: WallClock.now()))
        } catch { throw .archive(error) }
    }

    /// - Parameter isForced: also the newest, and one that is pinned.
    public func delete(_ backup: String, isForced: Bool) throws(ControlError) -> RemovalReport {
        let id = try known(backup)
        if !isForced, let why = try reasonToStay(id) {
            throw .refused(reason: "\(id) is \(why)", remedy: "see whether it is to go", override: "force")
        }
        do throws(ArchiveError) { return RemovalReport(nil, try keeper.remove(id, at: WallClock.now())) } catch {
            throw .archive(error)
        }
    }

    private func reasonToStay(_ id: BackupID) throws(ControlError) -> String? {
        do throws(ArchiveError) {
            let backups = try ArchiveSurvey(store, cluster).backups
            if backups.first(where: { $0.id == id })?.isPinned == true { return "pinned" }
            let newest = backups.filter(\.isReadable).max { $0.time < $1.time }
            return newest?.id == id ? "the newest that can be read" : nil
        } catch { throw .archive(error) }
    }

    public func pin(_ backup: String, _ isPinned: Bool) throws(ControlError) {
        let id = try known(backup)
        do throws(ArchiveError) { isPinned ? try keeper.pin(id) : try keeper.unpin(id) } catch { throw .archive(error) }
    }

    private func known(_ text: String) throws(ControlError) -> BackupID {
        guard let id = BackupID(text) else { throw .usage("\(text) is no name of a backup") }
        do throws(ArchiveError) {
            if try BackupCatalogue.read(store, cluster).ids.contains(id) { return id }
        } catch { throw .archive(error) }
        throw .conflict(
            reason: "there is no backup \(id) in the archive", remedy: "look at `nodectl backup list`")
    }
}

/// What a removal came to.
public struct RemovalReport: Sendable {
    private let plan: RetentionPlan?
    private let outcome: RemovalOutcome

    init(_ plan: RetentionPlan?, _ outcome: RemovalOutcome) {
        self.plan = plan
        self.outcome = outcome
    }

    public var text: String {
        var lines = [
            "removed \(outcome.backups) backups, \(outcome.runs) objects of the log, \(outcome.parts) parts of packs"
        ]
        if outcome.marked > 0 {
            lines.append("\(outcome.marked) packs are nobody's now: they go an hour from now, with the next removal")
        }
        for id in outcome.unreadable { lines.append("the manifest of \(id) can not be read: no pack was touched") }
        if !outcome.retained.isEmpty { lines.append("\(outcome.retained.count) objects are held fast by the store") }
        return lines.joined(separator: "\n") + "\n"
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { json in
            json.member("backups", outcome.backups)
            json.member("log_objects", outcome.runs)
            json.member("pack_parts", outcome.parts)
            json.member("packs_marked", outcome.marked)
            json.member("retained") { $0.array { json in for name in outcome.retained { json.value(name) } } }
            json.member("unreadable") { $0.array { json in for id in outcome.unreadable { json.value(id.text) } } }
        }
        return writer.bytes + [0x0A]
    }
}

extension RetentionPlan {
    /// Lines for people: what stays and why, and what goes.
    public func text(inColour: Bool) -> String {
        var table = TextTable(["BACKUP", "", "WHY"])
        for kept in kept {
            table.add([
                .init(kept.id.text), .init("stays", .good),
                .init(kept.reasons.map(\.description).joined(separator: ", ")),
            ])
        }
        for id in removed { table.add([.init(id.text), .init("goes", .doubtful), .init("")]) }
        var text = table.text(inColour: inColour)
        if let first = removedRuns.first, let last = removedRuns.last {
            text += "\(removedRuns.count) objects of the log go: index \(first.first) to \(last.last)\n"
        }
        return text
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { json in
            json.member("kept") { json in
                json.array { json in
                    for kept in kept {
                        json.object { json in
                            json.member("backup_id", kept.id.text)
                            json.member("reasons") { json in
                                json.array { json in for reason in kept.reasons { json.value(reason.description) } }
                            }
                        }
                    }
                }
            }
            json.member("removed") { $0.array { json in for id in removed { json.value(id.text) } } }
            json.member("log_objects_removed", removedRuns.count)
        }
        return writer.bytes + [0x0A]
    }
}
