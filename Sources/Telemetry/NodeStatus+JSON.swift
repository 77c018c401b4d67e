// A node's status as the JSON document of `/v1/status`.

public import JSON
import Vocabulary

extension NodeStatus {
    /// The document: `{"node": {…}, "leader": "n1" | null, "peers": [{…}], …}`; fields as docs/ADMIN_API.md lists them.
    public func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("node") { writeNode(to: &$0) }
            writer.member("leader", leader?.description)
            writer.member("peers") { $0.array { writer in for peer in peers { peer.write(to: &writer) } } }
            writer.member("members") { membership.writeMembers(to: &$0) }
            writer.member("membership_change") { membership.write(to: &$0) }
        }
        return writer.bytes
    }

    private func writeNode(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", id.description)
            writer.member("cluster", cluster?.description)
            writer.member("role", role.rawValue)
            writer.member("healthy", isHealthy)
            writePosition(to: &writer)
            writer.member("version", version)
            writer.member("feature_level", featureLevel)
            writer.member("uptime_seconds", uptime.milliseconds / 1000)
            writeService(to: &writer)
            writeResources(to: &writer)
        }
    }

    private func writePosition(to writer: inout JSONWriter) {
        writer.member("term", term.rawValue)
        writer.member("first_index", firstIndex.rawValue)
        writer.member("last_index", lastIndex.rawValue)
        writer.member("commit_index", commitIndex.rawValue)
        writer.member("applied_index", appliedIndex.rawValue)
        writer.member("persisted_index", persistedIndex.rawValue)
        writer.member("digest", digest?.description)
        writer.member("timeline", timeline.number)
        writer.member("timeline_name", timeline.description)
        writer.member("lag_entries", lagEntries)
        writer.member("lag_ms", lag?.milliseconds)
    }

    private func writeService(to writer: inout JSONWriter) {
        writer.member("phase", progress.phase.rawValue)
        writer.member("progress_percent", progress.percent)
        writer.member("progress") { progress.write(to: &$0) }
        writer.member("ready", readiness.isReady)
        writer.member("serves_reads", readiness.mayServeReads)
        writer.member("reasons") { readiness.writeReasons(to: &$0) }
        writer.member("maintenance", isInMaintenance)
        writer.member("durability", durability)
        writer.member("durability_full", isDurabilityFull)
    }

    private func writeResources(to writer: inout JSONWriter) {
        writer.member("pid", processID)
        writer.member("data_directory", dataDirectory)
        writer.member("log_room_bytes", logRoom.rawValue)
        writer.member("log_size_bytes", logSize.rawValue)
        writer.member("repair") { repair.write(to: &$0) { $0.write(to: &$1) } }
        writer.member("scrub") { scrub.write(to: &$0) }
        writer.member("quarantine") { quarantine.write(to: &$0) }
        writer.member("snapshot") { snapshot.write(to: &$0) }
        writer.member("archive") { archive.write(to: &$0) }
        writer.member("compaction") { compaction.write(to: &$0) }
        writer.member("state") { state.write(to: &$0) }
        writer.member("memory_bytes", memory.rawValue)
        writer.member("keys", keys)
        writer.member("indexes") { $0.array { writer in for index in indexes { index.write(to: &writer) } } }
        writer.member("index_proof") { indexProof.write(to: &$0) }
        writer.member("connections", connections)
        writer.member("certificate_expires_at", certificateExpiry?.description)
    }
}

extension Readiness {
    /// The list of `{"code", "message", "remedy"}`.
    public func writeReasons(to writer: inout JSONWriter) {
        writer.array { writer in
            for reason in reasons {
                writer.object { writer in
                    writer.member("code", reason.code)
                    writer.member("message", reason.text)
                    writer.member("remedy", reason.remedy.text)
                }
            }
        }
    }
}

extension PeerStatus {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", id.description)
            writer.member("connected", isConnected)
            writer.member("voter", part == .voter || part == .joining)
            writer.member("role", part.rawValue)
            writer.member("match_index", matchIndex?.rawValue)
            writer.member("applied_index", appliedIndex?.rawValue)
            writer.member("lag_entries", lagEntries)
            writer.member("lag_bytes", lagBytes?.rawValue)
            writer.member("lag_ms", lag?.milliseconds)
            writer.member("silence_ms", silence?.milliseconds)
            writer.member("has_room", hasRoom)
            writer.member("version", version)
            writer.member("feature_level", featureLevel)
        }
    }
}

extension Duration {
    /// In milliseconds, rounded to the microsecond: enough for people, and short as text.
    public var milliseconds: Double { (Double(inNanoseconds) / 1000).rounded() / 1000 }
}

extension StartProgress {
    /// The object of a start's figures.
    public func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("percent", percent)
            writer.member("elapsed_ms", elapsed.milliseconds)
            writer.member("unit", work?.unit.rawValue)
            writer.member("per_second", perSecond.map { ($0 * 10).rounded() / 10 })
            writer.member("seconds_left", timeLeft.map { ($0.inSeconds * 10).rounded(.up) / 10 })
            writer.member("segments_scanned", segmentsScanned)
            writer.member("segments_total", segmentsTotal)
            writer.member("records_loaded", recordsLoaded)
            writer.member("records_total", recordsTotal)
            writer.member("entries_replayed", entriesReplayed)
            writer.member("entries_total", entriesTotal)
            writer.member("entries_per_second", entriesPerSecond)
            writer.member("index_name", index)
            writer.member("records_walked", recordsWalked)
            writer.member("records_to_walk", recordsToWalk)
            writer.member("finished") { writer in
                writer.array { writer in
                    for phase in finished {
                        writer.object { writer in
                            writer.member("phase", phase.phase.rawValue)
                            writer.member("duration_ms", phase.duration.milliseconds)
                        }
                    }
                }
            }
        }
    }
}
