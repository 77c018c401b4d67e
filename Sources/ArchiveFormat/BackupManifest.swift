// What a backup is: a state, and the objects that it is put together from.

import JSON
public import Vocabulary

/// An object that a backup needs, as it was when it was written.
public struct BackupPart: Hashable, Sendable {
    /// Of the plain contents, in the pack.
    public let offset: Int
    public let length: Int
    /// Of the object as stored.
    public let size: Int
    public let hash: [UInt8]

    public init(offset: Int, length: Int, size: Int, hash: [UInt8]) {
        self.offset = offset
        self.length = length
        self.size = size
        self.hash = hash
    }
}

/// A pack that a backup needs: its parts from the first byte to as far as the backup needs it.
public struct BackupPack: Hashable, Sendable {
    public let folder: PackFolder
    /// Ascending, without gaps.
    public let parts: [BackupPart]

    public init(folder: PackFolder, parts: [BackupPart]) {
        self.folder = folder
        self.parts = parts
    }

    public var number: UInt64 { folder.number }
    /// Bytes of the pack, and of its objects.
    public var plainLength: Int { parts.reduce(0) { $0 + $1.length } }
    public var storedLength: Int { parts.reduce(0) { $0 + $1.size } }
    public func name(of part: BackupPart) -> PieceName { PieceName(pack: folder, offset: part.offset) }
}

public enum BackupType: String, Hashable, Sendable, CaseIterable {
    /// It needs nothing that an earlier backup has written.
    case full
    /// What did not change is in packs of earlier ones. It restores as a full one does.
    case incremental
}

/// The facts that a list of backups shows, and the parts that a restore fetches. All of it is checked when it is
/// decoded.
public struct BackupManifest: Hashable, Sendable {
    /// History: 1, the first.
    public static let version = 1

    /// Of the program that wrote it.
    public var program: String
    public var id: BackupID
    public var cluster: ClusterID
    public var timeline: Timeline
    /// Of the last entry in the state.
    public var position: LogPosition
    public var timestamp: Timestamp
    public var type: BackupType
    public var records: Int
    /// Objects of the log since the backup before it, up to this one's position.
    public var segments: Int
    public var digest: Digest
    public var featureLevel: UInt32
    public var node: NodeID
    /// The one whose parts were used again.
    public var base: BackupID?
    /// When it was begun and how long it took.
    public var started: Timestamp
    public var duration: Duration
    /// Bytes of the state as plain chunks, and of what was uploaded for this backup.
    public var plainBytes: Int
    public var uploadedBytes: Int
    /// The snapshot's own manifest.
    public var state: BackupPart
    public var packs: [BackupPack]

    public init(
        program: String, id: BackupID, cluster: ClusterID, timeline: Timeline, position: LogPosition,
        timestamp: Timestamp, type: BackupType, records: Int, segments: Int, digest: Digest, featureLevel: UInt32,
        node: NodeID, base: BackupID?, started: Timestamp, duration: Duration, plainBytes: Int, uploadedBytes: Int,
        state: BackupPart, packs: [BackupPack]
    ) {
        self.program = program
        self.id = id
        self.cluster = cluster
        self.timeline = timeline
        self.position = position
        self.timestamp = timestamp
        self.type = type
        self.records = records
        self.segments = segments
        self.digest = digest
        self.featureLevel = featureLevel
        self.node = node
        self.base = base
        self.started = started
        self.duration = duration
        self.plainBytes = plainBytes
        self.uploadedBytes = uploadedBytes
        self.state = state
        self.packs = packs
    }

    /// Bytes of all objects that a restore fetches.
    public var storedBytes: Int { packs.reduce(state.size) { $0 + $1.storedLength } }
    /// Bytes of the files that they become.
    public var expandedBytes: Int { packs.reduce(state.size) { $0 + $1.plainLength } }
}

extension BackupManifest {
    public var encoded: [UInt8] {
        SealedJSON.seal { json in
            json.member("format", BackupManifest.version)
            json.member("version", program)
            json.member("backup_id", id.text)
            json.member("cluster_id", cluster.description)
            json.member("timeline", TimelineName(timeline).description)
            json.member("timeline_mark", Digest(high: timeline.high, low: timeline.low).description)
            json.member("timestamp", timestamp.description)
            json.member("position", position.description)
            json.member("term", position.term.rawValue)
            json.member("index", position.index.rawValue)
            json.member("backup_type", type.rawValue)
            json.member("record_count", records)
            json.member("segment_count", segments)
            json.member("digest", digest.description)
            json.member("feature_level", featureLevel)
            json.member("key_id", 0)
            json.member("node", node.description)
            json.member("base", base?.text)
            json.member("started", started.description)
            json.member("duration_seconds", duration.inSeconds)
            json.member("plain_bytes", plainBytes)
            json.member("stored_bytes", storedBytes)
            json.member("uploaded_bytes", uploadedBytes)
            json.member("state") { $0.object { BackupManifest.write(state, to: &$0) } }
            json.member("packs") { json in
                json.array { json in for pack in packs { BackupManifest.write(pack, to: &json) } }
            }
        }
    }

    private static func write(_ pack: BackupPack, to json: inout JSONWriter) {
        json.object { json in
            json.member("number", pack.number)
            json.member("folder", pack.folder.name)
            json.member("parts") { json in
                json.array { json in
                    for part in pack.parts { json.object { BackupManifest.write(part, to: &$0) } }
                }
            }
        }
    }

    private static func write(_ part: BackupPart, to json: inout JSONWriter) {
        json.member("offset", part.offset)
        json.member("length", part.length)
        json.member("size", part.size)
        json.member("sha256", Hex.text(part.hash))
    }

    /// The one gate for manifests.
    public static func decode(_ bytes: [UInt8]) throws(ArchiveFault) -> BackupManifest {
        let json = try SealedJSON.open(bytes)
        try ArchiveFault.check(version: try json.count("format"), upTo: version, at: 0)
        let key = try json.count("key_id")
        guard key == 0 else { throw .keyUnavailable(UInt32(clamping: key)) }
        let cluster = try json.text("cluster_id") { ClusterID(hex: $0) }
        let mark = try json.text("timeline_mark") { Digest(hex: $0) }
        let name = try json.text("timeline") { TimelineName($0) }
        guard let timeline = Timeline(number: name.number, high: mark.high, low: mark.low),
            TimelineName(timeline) == name
        else { throw .damaged(.impossibleField, at: 0) }
        let position = LogPosition(
            term: Term(UInt64(try json.count("term"))), index: LogIndex(UInt64(try json.count("index"))))
        let base = try json.textIfAny("base").map { BackupID($0) }
        if case .some(.none) = base { throw .damaged(.impossibleField, at: 0) }
        let manifest = BackupManifest(
            program: try json.text("version"), id: try json.text("backup_id") { BackupID($0) }, cluster: cluster,
            timeline: timeline, position: position, timestamp: try json.text("timestamp") { TimeText.full($0) },
            type: try json.text("backup_type") { BackupType(rawValue: $0) }, records: try json.count("record_count"),
            segments: try json.count("segment_count"), digest: try json.text("digest") { Digest(hex: $0) },
            featureLevel: UInt32(clamping: try json.count("feature_level")),
            node: try json.text("node") { NodeID($0) }, base: base ?? nil,
            started: try json.text("started") { TimeText.full($0) },
            duration: try duration(json), plainBytes: try json.count("plain_bytes"),
            uploadedBytes: try json.count("uploaded_bytes"), state: try part(try json.members("state")),
            packs: try packs(try json.list("packs"), of: cluster))
        guard manifest.id.index == position.index, manifest.id.timeline == name else {
            throw .damaged(.misplaced, at: 0)
        }
        return manifest
    }

    /// At most some thirty years: what is more is no duration of a backup, nor one that can be computed with.
    private static func duration(_ json: JSONMembers) throws(ArchiveFault) -> Duration {
        let seconds = try json.number("duration_seconds")
        guard abs(seconds) < 1e9 else { throw .damaged(.impossibleField, at: 0) }
        return .microseconds(Int64(seconds * 1e6))
    }

    private static func packs(_ list: [JSONMembers], of cluster: ClusterID) throws(ArchiveFault) -> [BackupPack] {
        var packs: [BackupPack] = []
        for json in list {
            let folder = try json.text("folder") { PackFolder($0, of: cluster) }
            var parts: [BackupPart] = []
            for json in try json.list("parts") {
                let part = try part(json)
                guard part.offset == parts.last.map({ $0.offset + $0.length }) ?? 0 else {
                    throw .damaged(.impossibleField, at: 0)
                }
                parts.append(part)
            }
            guard packs.last.map({ $0.number < folder.number }) ?? true, !parts.isEmpty else {
                throw .damaged(.impossibleField, at: 0)
            }
            packs.append(BackupPack(folder: folder, parts: parts))
        }
        return packs
    }

    private static func part(_ json: JSONMembers) throws(ArchiveFault) -> BackupPart {
        let hash = try json.text("sha256") { Hex.bytes(of: $0) }
        let (length, size) = (try json.count("length"), try json.count("size"))
        guard hash.count == 32, length <= ArchiveObject.plainMax, size <= ArchiveObject.lengthMax else {
            throw .damaged(.impossibleField, at: 0)
        }
        return BackupPart(offset: try json.count("offset"), length: length, size: size, hash: hash)
    }
}
