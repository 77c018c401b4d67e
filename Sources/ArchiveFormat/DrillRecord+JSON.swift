// A drill's record as a sealed document, and back.

import ByteCoding
import Hashing
import JSON
import Vocabulary

extension DrillRecord {
    public var encoded: [UInt8] {
        SealedJSON.seal { json in
            json.member("format", DrillRecord.version)
            json.member("drill_id", id.text)
            json.member("cluster_id", cluster.description)
            json.member("scenario", scenario.rawValue)
            json.member("seed", seed)
            json.member("verdict", verdict.rawValue)
            json.member("failure_code", failure?.code)
            json.member("failure", failure?.text)
            json.member("machine", machine)
            json.member("version", program)
            json.member("nodes", nodes)
            json.member("duration_us", duration.inMicroseconds)
            json.member("detection_us", detection?.inMicroseconds)
            json.member("response_us", response?.inMicroseconds)
            json.member("recovery_us", recovery?.inMicroseconds)
            json.member("lost_entries", loss.entries)
            json.member("lost_us", loss.time.inMicroseconds)
            json.member("rto_us", targets.recovery?.inMicroseconds)
            json.member("rpo_us", targets.loss?.inMicroseconds)
            json.member("source") { json in
                if let source { source.write(to: &json) } else { json.value(nil as String?) }
            }
            list("phases", phases, to: &json) { phase, json in
                json.member("name", phase.name)
                json.member("us", phase.duration.inMicroseconds)
            }
            list("events", events, to: &json) { event, json in
                json.member("kind", event.kind.rawValue)
                json.member("text", event.text)
                json.member("us", event.offset.inMicroseconds)
            }
            list("checks", checks, to: &json) { check, json in
                json.member("name", check.name)
                json.member("passed", check.passed)
                json.member("expected", check.expected)
                json.member("found", check.found)
            }
            json.member("warnings") { json in json.array { json in for text in warnings { json.value(text) } } }
            json.member("previous_sha256", previous.isEmpty ? nil : Hex.text(previous))
        }
    }

    private func list<Item>(
        _ name: String, _ items: [Item], to json: inout JSONWriter, _ write: (Item, inout JSONWriter) -> Void
    ) {
        json.member(name) { json in
            json.array { json in for item in items { json.object { json in write(item, &json) } } }
        }
    }

    public static func decode(_ bytes: [UInt8]) throws(ArchiveFault) -> DrillRecord {
        let json = try SealedJSON.open(bytes)
        try ArchiveFault.check(version: try json.count("format"), upTo: version, at: 0)
        var record = DrillRecord(
            id: try json.text("drill_id") { RecordID($0) }, cluster: try json.text("cluster_id") { ClusterID(hex: $0) },
            scenario: try json.text("scenario") { DrillScenario(rawValue: $0) }, seed: UInt64(try json.count("seed")),
            machine: try json.text("machine"), program: try json.text("version"))
        record.verdict = try json.text("verdict") { DrillVerdict(rawValue: $0) }
        if let code = try json.textIfAny("failure_code") {
            record.failure = .init(code: code, text: try json.text("failure"))
        }
        guard (record.verdict == .failed) == (record.failure != nil) else { throw .damaged(.impossibleField, at: 0) }
        record.nodes = try json.count("nodes")
        record.duration = .microseconds(try json.count("duration_us"))
        record.detection = try json.durationIfAny("detection_us")
        record.response = try json.durationIfAny("response_us")
        record.recovery = try json.durationIfAny("recovery_us")
        record.loss.entries = try json.count("lost_entries")
        record.loss.time = .microseconds(try json.count("lost_us"))
        record.targets.recovery = try json.durationIfAny("rto_us")
        record.targets.loss = try json.durationIfAny("rpo_us")
        if let source = try json.membersIfAny("source") { record.source = try Source(source) }
        for item in try json.list("phases") {
            record.phases.append(Phase(try item.text("name"), .microseconds(try item.count("us"))))
        }
        for item in try json.list("events") {
            let kind = try item.text("kind") { Event.Kind(rawValue: $0) }
            record.events.append(Event(kind, try item.text("text"), at: .microseconds(try item.count("us"))))
        }
        for item in try json.list("checks") {
            let check = Check(
                try item.text("name"), expected: try item.text("expected"), found: try item.text("found"))
            guard check.passed == (try item.flag("passed")) else { throw .damaged(.impossibleField, at: 0) }
            record.checks.append(check)
        }
        record.warnings = try json.texts("warnings")
        let previous = try json.optional("previous_sha256") { text in
            Hex.bytes(of: text).flatMap { $0.count == SHA256.size ? $0 : nil }
        }
        record.previous = previous ?? []
        return record
    }
}

extension DrillRecord.Source {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("timeline", timeline.description)
            json.member("index", index.rawValue)
            json.member("timestamp_us", time.rawValue)
            json.member("backup_id", backup?.text)
            json.member("backup_bytes", backupBytes)
            json.member("expanded_bytes", expandedBytes)
            json.member("fetched_bytes", fetchedBytes)
            json.member("entries", entries)
            json.member("record_count", records)
            json.member("digest", digest.description)
        }
    }

    fileprivate init(_ json: JSONMembers) throws(ArchiveFault) {
        self.init(
            timeline: try json.text("timeline") { TimelineName($0) }, index: LogIndex(UInt64(try json.count("index"))),
            time: Timestamp(rawValue: UInt64(try json.count("timestamp_us"))),
            digest: try json.text("digest") { Digest(hex: $0) })
        backup = try json.optional("backup_id") { BackupID($0) }
        backupBytes = try json.count("backup_bytes")
        expandedBytes = try json.count("expanded_bytes")
        fetchedBytes = try json.count("fetched_bytes")
        entries = try json.count("entries")
        records = try json.count("record_count")
    }
}

extension JSONMembers {
    fileprivate func durationIfAny(_ name: String) throws(ArchiveFault) -> Duration? {
        try countIfAny(name).map { .microseconds($0) }
    }
}

extension Duration {
    /// Whole ones, none below zero.
    fileprivate var inMicroseconds: Int64 { max(0, inNanoseconds / 1000) }
}
