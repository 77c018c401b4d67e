// What came of trying a restore, kept in the archive: it outlives the cluster, and a restore does not turn it back.

import ByteCoding
import Hashing
public import Vocabulary

/// Format version 1 (docs/formats/archive.md, "Verifications").
public struct VerificationRecord: ArchiveRecord, Hashable {
    public static let version = 1

    public static func folder(of cluster: ClusterID) -> String { ArchiveNames.verifications(of: cluster) }

    public let id: RecordID
    /// The node that tried, and its program's version.
    public let node: NodeID
    public let program: String
    public let duration: Duration
    /// What was restored; nil where it did not come to that.
    public let timeline: TimelineName?
    public let position: LogPosition?
    public let backup: BackupID?
    public let records: Int?
    public let digest: Digest?
    /// Nil when the state is proven; else a word for scripts, which says who is at fault, and a sentence.
    public let failure: Failure?
    /// SHA-256 of the newest record that was there before; empty for none. A record that was changed or taken away
    /// later is told by it.
    public let previous: [UInt8]

    public struct Failure: Hashable, Sendable {
        public let code: String
        public let text: String

        public init(code: String, text: String) {
            self.code = code
            self.text = text
        }
    }

    public init(
        id: RecordID, node: NodeID, program: String, duration: Duration, timeline: TimelineName?,
        position: LogPosition?, backup: BackupID?, records: Int?, digest: Digest?, failure: Failure?, previous: [UInt8]
    ) {
        self.id = id
        self.node = node
        self.program = program
        self.duration = duration
        self.timeline = timeline
        self.position = position
        self.backup = backup
        self.records = records
        self.digest = digest
        self.failure = failure
        self.previous = previous
    }

    public var encoded: [UInt8] {
        SealedJSON.seal { json in
            json.member("format", VerificationRecord.version)
            json.member("verification_id", id.text)
            json.member("passed", failure == nil ? 1 : 0)
            json.member("version", program)
            json.member("node", node.description)
            json.member("duration_seconds", duration.inSeconds)
            json.member("timeline", timeline?.description)
            json.member("term", position?.term.rawValue ?? 0)
            json.member("index", position?.index.rawValue ?? 0)
            json.member("backup_id", backup?.text)
            json.member("record_count", records ?? 0)
            json.member("digest", digest?.description)
            json.member("failure_code", failure?.code)
            json.member("failure", failure?.text)
            json.member("previous_sha256", previous.isEmpty ? nil : Hex.text(previous))
        }
    }

    /// The one gate for records.
    public static func decode(_ bytes: [UInt8]) throws(ArchiveFault) -> VerificationRecord {
        let json = try SealedJSON.open(bytes)
        try ArchiveFault.check(version: try json.count("format"), upTo: version, at: 0)
        let seconds = try json.number("duration_seconds")
        let passed = try json.count("passed")
        let code = try json.textIfAny("failure_code")
        guard abs(seconds) < 1e9, passed <= 1, (passed == 1) == (code == nil) else {
            throw .damaged(.impossibleField, at: 0)
        }
        let timeline = try json.optional("timeline") { TimelineName($0) }
        let (term, index) = (try json.count("term"), try json.count("index"))
        let previous = try json.optional("previous_sha256") { text in
            Hex.bytes(of: text).flatMap { $0.count == SHA256.size ? $0 : nil }
        }
        let failure: Failure? =
            if let code { Failure(code: code, text: try json.text("failure")) } else { nil }
        return VerificationRecord(
            id: try json.text("verification_id") { RecordID($0) }, node: try json.text("node") { NodeID($0) },
            program: try json.text("version"), duration: .microseconds(Int64((seconds * 1e6).rounded())),
            timeline: timeline,
            position: timeline == nil
                ? nil : LogPosition(term: Term(UInt64(term)), index: LogIndex(UInt64(index))),
            backup: try json.optional("backup_id") { BackupID($0) },
            records: timeline == nil ? nil : try json.count("record_count"),
            digest: try json.optional("digest") { Digest(hex: $0) }, failure: failure, previous: previous ?? [])
    }
}
