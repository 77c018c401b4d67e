// What a restore has done and proven, for people, scripts and whoever asks later.

public import ArchiveFormat
import JSON
public import Vocabulary

/// The parts of the time that a restore takes, in order. Some go on at the same time: then the time that passes is that
/// of the one which the others wait for, so that the sum of all is the whole time.
public enum RestorePhase: String, Hashable, Sendable, CaseIterable {
    /// What there is in the archive.
    case detect
    /// What to use of it, and whether the target may be written to.
    case decide
    case download
    /// Hashes, blocks and frames checked and decompressed, and written.
    case decompress
    case load
    case replay
    /// Secondary indexes, if there are some.
    case index
    /// The newest state built too, where the restored one is to be compared with it.
    case compare
    /// The last bytes on stable storage, and the final name.
    case ready
}

public struct RestoreReport: Sendable {
    public var location = ""
    public var cluster = ClusterID(high: 0, low: 0)
    public var timeline = TimelineName(.first)
    /// The timeline that the restored node begins.
    public var nextTimeline = TimelineName(.first)
    public var target = RestoreTarget.latest
    public var backup: BackupID?
    public var passedOver: [(id: BackupID, why: String)] = []
    /// The last entry of the state.
    public var position = LogPosition.zero
    public var time = Timestamp.zero
    public var digest = Digest.empty
    public var records = 0
    public var entriesReplayed = 0
    public var objects = 0
    public var bytesFetched = 0
    public var chain = ChainValue.origin
    /// How many digests were compared with the archive's; all were equal.
    public var compared = 0
    public var lastProven: ProvenDigest?
    public var nextProven: ProvenDigest?
    /// The newest entry that the archive has of the timeline.
    public var newest: RunName?
    public var directory = ""
    /// Where what was there before is now.
    public var putAside: String?
    /// Small questions that were put to the state.
    public var checks: [SmokeCheck] = []
    public var comparison: RestoreComparison?
    /// What was left out on purpose: by which filters, how many, and which, as far as they are listed.
    public var filter = SkipFilter()
    public var skippedCount = 0
    public var skipped: [SkippedEntry] = []
    /// What of the backup could not be restored, where that was accepted.
    public var loss: RestoreLoss?
    /// Whether the state is one that the cluster never had.
    public var isDerived: Bool { skippedCount > 0 || loss != nil }
    /// The snapshot that was kept, where only the log was restored.
    public var keptSnapshot: LogIndex?
    /// What was wanted and is not there, when the next best was taken.
    public var shortfall: RestoreShortfall?
    private var times: [RestorePhase: Duration] = [:]

    public init() {}

    public mutating func add(_ duration: Duration, to phase: RestorePhase) { times[phase, default: .zero] += duration }

    /// Those that took any time, in their order.
    public var phases: [(phase: RestorePhase, duration: Duration)] {
        RestorePhase.allCases.compactMap { phase in times[phase].map { (phase, $0) } }
    }

    public var duration: Duration { phases.reduce(.zero) { $0 + $1.duration } }

    /// What the state lacks of what was wanted.
    public var lostEntries: Int { shortfall?.entries(behind: position) ?? 0 }
    public var lostTime: Duration { shortfall?.time(behind: time) ?? .zero }

    /// One sentence that says what the state was compared with.
    public var proof: String {
        if let loss {
            return
                "not whole: \(loss.records) records in \(loss.slots.count) slots of the backup are lost, so no digest "
                + "of the cluster's is known of this state; every other slot was proven by its chunks' hashes"
        }
        if isDerived {
            return
                "derived: \(skippedCount) entries were left out, so no digest of the cluster's is known of this state; "
                + "up to the first of them \(compared) digests were equal"
        }
        guard let last = lastProven else { return "no digest was compared: the archive has none for this range" }
        var text = "digest equal: the state at index \(last.index) has digest \(last.digest), as the cluster had it"
        if position.index > last.index {
            text += "; \(position.index - last.index) entries of the chained log were applied behind it"
        }
        if let next = nextProven { text += "; with the log up to index \(next.index) it is equal again" }
        return text
    }

    public var encoded: [UInt8] {
        SealedJSON.seal { json in
            json.member("archive", location)
            json.member("cluster_id", cluster.description)
            json.member("timeline", timeline.description)
            json.member("new_timeline", nextTimeline.description)
            json.member("target", target.description)
            json.member("backup_id", backup?.text)
            json.member("passed_over") { json in
                json.array { json in
                    for backup in passedOver {
                        json.object {
                            $0.member("backup_id", backup.id.text)
                            $0.member("reason", backup.why)
                        }
                    }
                }
            }
            json.member("position", position.description)
            json.member("timestamp", time.description)
            json.member("digest", digest.description)
            json.member("record_count", records)
            json.member("entries_replayed", entriesReplayed)
            json.member("objects", objects)
            json.member("bytes_fetched", bytesFetched)
            json.member("chain", chain.description)
            json.member("digests_compared", compared)
            json.member("proof", proof)
            json.member("kept_snapshot_index", keptSnapshot?.rawValue)
            json.member("derived", isDerived)
            if !filter.isEmpty { writeSkipped(to: &json) }
            loss?.write(to: &json)
            json.member("archive_end_index", newest?.last.rawValue)
            json.member("archive_end_time", newest?.lastTime.description)
            json.member("directory", directory)
            json.member("put_aside", putAside)
            json.member("smoke") { json in
                json.array { json in
                    for check in checks {
                        json.object {
                            $0.member("query", check.kind.rawValue)
                            $0.member("good", check.isGood)
                            $0.member("found", check.text)
                        }
                    }
                }
            }
            if let comparison { write(comparison, to: &json) }
            if let shortfall { write(shortfall, to: &json) }
            json.member("phases") { json in
                json.object { json in
                    for phase in phases { json.member(phase.phase.rawValue + "_seconds", phase.duration.inSeconds) }
                }
            }
            json.member("duration_seconds", duration.inSeconds)
        }
    }

    private func writeSkipped(to json: inout JSONWriter) {
        json.member("filters") { json in json.array { json in for text in filter.texts { json.value(text) } } }
        json.member("skipped_entries", skippedCount)
        json.member("skipped") { json in
            json.array { json in
                for entry in skipped {
                    json.object {
                        $0.member("index", entry.index.rawValue)
                        $0.member("time", entry.time.description)
                        $0.member("filter", entry.reason)
                    }
                }
            }
        }
    }

    /// What a directory keeps in place of a backup's manifest, when its state is no backup's any more.
    var derivedManifest: [UInt8] {
        SealedJSON.seal { json in
            json.member("derived", true)
            json.member("cluster_id", cluster.description)
            json.member("timeline", timeline.description)
            json.member("base", backup?.text)
            json.member("position", position.description)
            json.member("timestamp", time.description)
            json.member("record_count", records)
            json.member("digest", digest.description)
            writeSkipped(to: &json)
            loss?.write(to: &json)
        }
    }

    private func write(_ comparison: RestoreComparison, to json: inout JSONWriter) {
        json.member("compared_with_newest") { json in
            json.object { json in
                json.member("newest_position", comparison.newest.description)
                json.member("records_before", comparison.recordsBefore)
                json.member("records_after", records)
                json.member("keys_removed", comparison.removed)
                json.member("keys_changed", comparison.changed)
                json.member("keys_returned", comparison.returned)
            }
        }
    }

    private func write(_ shortfall: RestoreShortfall, to json: inout JSONWriter) {
        json.member("fallback") { json in
            json.object { json in
                json.member("wanted_index", shortfall.wanted.position.index.rawValue)
                json.member("wanted_time", shortfall.wanted.time.description)
                json.member("lost_entries", shortfall.entries(behind: position))
                json.member("lost_seconds", shortfall.time(behind: time).inSeconds)
                json.member("damaged") { json in
                    json.array { json in
                        for damage in shortfall.damages {
                            json.object {
                                $0.member("object", damage.name)
                                $0.member("reason", damage.why)
                            }
                        }
                    }
                }
            }
        }
    }
}
