// A leader's life with its archive: real commands in frames, snapshots, and what the state was behind every entry.

import ArchiveFormat
import ArchiveStore
import ByteCoding
import Consensus
import Keyspace
import LogFormat
import LogStore
import ObjectStores
import RESP
import Replica
import ReplicaSnapshots
import Simulation
import SnapshotFormat
import SnapshotStore
import Vocabulary

/// What there was behind an entry.
struct Point: Hashable {
    var position = LogPosition.zero
    var time = Timestamp.zero
    var digest = Keyspace(of: History.cluster).digest
    var records = 0
}

final class History {
    static let cluster = ClusterID(high: 0x0123, low: 0x4567)
    static let node = NodeID("n1")!
    static let storage = StorageID(high: 7, low: 8)

    let store: any ObjectStore
    let owner: ArchiveOwner
    /// By log index; before the first entry at 0.
    private(set) var points = [Point()]
    /// The states at the same indexes.
    private(set) var states = [Keyspace(of: History.cluster)]
    private(set) var frames: [FrameHeader] = []
    private(set) var backups: [BackupManifest] = []
    /// What clients sent, in order.
    private(set) var commands: [(LogIndex, Timestamp, [UInt8])] = []

    private let snapshots = SimulatedDisk()
    private var engine: LogEngine<SimulatedDisk>
    private var shipper: LogShipper<SimulatedDisk>?
    private var keyspace = Keyspace(of: History.cluster)
    private var registry = MemberRegistry()
    private var random: SplitMix64
    private var clock: UInt64 = 1_764_000_000_000_000
    private(set) var term = Term(1)
    private var entries: [[[UInt8]]] = []
    /// What this leader says of its state when it ships.
    var lie: Digest?

    var last: LogIndex { LogIndex(UInt64(points.count - 1)) }

    init(_ store: any ObjectStore, seed: UInt64, timeline: Timeline = .first) throws {
        self.store = store
        owner = ArchiveOwner(cluster: History.cluster, timeline: timeline)
        random = SplitMix64(seed: seed)
        let options = LogOptions(
            segmentSize: .kibibytes(256), firstSegmentSize: .kibibytes(256), indexInterval: ByteCount(512),
            preparesInline: true)
        (engine, _) = try LogEngine.open(
            SimulatedDisk(),
            identity: LogIdentity(cluster: History.cluster, node: History.node, storage: History.storage),
            isNew: true, options: options, now: Timestamp(microseconds: 5))
    }

    /// One that has the first frames of another, and goes on by itself.
    convenience init(_ other: History, frames count: Int, seed: UInt64, timeline: Timeline) throws {
        try self.init(other.store, seed: seed, timeline: timeline)
        for (header, entries) in zip(other.frames, other.entries).prefix(count) {
            term = header.term
            clock = header.timestamp.rawValue
            try append(entries, kind: header.kind, at: header.timestamp)
        }
        registry.register(History.node, History.storage)
    }

    func number(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

    // MARK: The log

    /// Begins a term as a leader does, and registers the node once.
    func lead(_ term: UInt64) throws {
        self.term = Term(term)
        shipper = nil
        try append([[]], kind: .leaderStart)
        guard registry.storage(of: History.node) == nil else { return }
        registry.register(History.node, History.storage)
        try append([MemberRegistry.encode([(History.node, History.storage)])], kind: .membership)
    }

    /// Frames of one to four commands on few keys.
    func write(_ count: Int) throws {
        for _ in 0..<count { try append((0...number(4)).map { _ in command() }) }
    }

    private func command() -> [UInt8] {
        let key = "k\(number(40))"
        let words: (CommandCode, [String]) =
            switch number(6) {
            case 0, 1: (.set, [key, String(repeating: "v", count: number(300))])
            case 2: (.hset, ["h" + key, "f\(number(9))", "\(random.next())"])
            case 3: (.rpush, ["l" + key, "\(random.next())"])
            case 4: (.sadd, ["s" + key, "\(number(1000))"])
            default: (.del, [key])
            }
        return EntryCoding.encoded(words.0, words.1.map { Array($0.utf8) })
    }

    private func append(_ entries: [[UInt8]], kind: FrameKind = .entries, at time: Timestamp? = nil) throws {
        var builder = FrameBuilder(cluster: History.cluster)
        // A leader's first frame has an index, and nothing in it.
        for entry in entries where kind != .leaderStart { builder.appendEntry(entry.rawBytes) }
        if time == nil { clock += UInt64(1000 + number(1_000_000)) }
        let frame = builder.seal(
            kind: kind, term: term, firstIndex: last.next, timestamp: Timestamp(microseconds: clock),
            previousTerm: frames.last?.term ?? .zero, previousChecksum: frames.last?.checksum ?? 0)
        _ = try engine.write([LogOrder(ticket: .zero, .append(frame, commitIndex: last))])
        try engine.sync()
        frames.append(frame.header)
        self.entries.append(entries)
        var reply = ReplyWriter(version: .two)
        for (position, entry) in entries.enumerated() {
            let time = frame.header.timestamp.advanced(by: position)
            if kind == .entries {
                commands.append((last.next, time, entry))
                keyspace.apply(entry.rawBytes, at: time, index: last.next, reply: &reply)
            }
            points.append(
                Point(
                    position: LogPosition(term: term, index: last.next), time: time, digest: keyspace.digest,
                    records: keyspace.count))
            states.append(keyspace)
        }
        clock += UInt64(entries.count)
    }

    // MARK: The archive

    static var terms: ShippingTerms {
        var terms = ShippingTerms()
        terms.runSize = ByteCount(1500)
        terms.objectMax = ByteCount(2500)
        return terms
    }

    /// Ships everything, as the leader of this term; what was made.
    @discardableResult
    func ship() throws -> [RunName] {
        let target = ShippingTarget(index: last, digest: lie ?? keyspace.digest)
        var shipper =
            self.shipper
            ?? LogShipper(owner, term: term, known: .zero, reader: engine.reader(), store: store, terms: History.terms)
        let now = Instant(nanoseconds: 0)
        var made: [RunName] = []
        while shipper.archived != last || shipper.isDue(at: now) {
            if let name = try shipper.step(target, at: now).name { made.append(name) }
        }
        self.shipper = shipper
        return made
    }

    /// A snapshot of now, and a backup of that.
    @discardableResult
    func backUp(usesBase: Bool = true) throws -> BackupManifest {
        let end = FrameEnd(position: points[points.count - 1].position, checksum: frames.last?.checksum ?? 0)
        let state = ReplicatedState(
            cluster: History.cluster, keyspace: keyspace, registry: registry, addresses: MemberBook(),
            configuration: Configuration(voters: [History.node])!, end: end, timestamp: points[points.count - 1].time)
        let catalogue = try SnapshotCatalogue.open(snapshots, cluster: History.cluster)
        var maker = try SnapshotMaker(
            SnapshotOrder(state: state, cause: .operators), on: snapshots, featureLevel: 1,
            base: catalogue.snapshots.first)
        var found: SnapshotManifest?
        while found == nil { found = try maker.step(.mebibytes(1)) }
        let manifest = found!
        let author = PackDisk.Author(owner: owner, term: term, partSize: .mebibytes(1))
        let order = BackupOrder(
            author: author, program: "0.3.0", node: History.node, started: Timestamp(microseconds: clock))
        var backup = try BackupMaker(order, of: manifest, on: snapshots, to: store, usesBase: usesBase)
        while true {
            if let made = try backup.step(at: Timestamp(microseconds: clock + 5000)) {
                backups.append(made)
                return made
            }
        }
    }

    /// A plain model of the state behind an entry, which shares no code with what is restored.
    func model(at index: LogIndex) -> NaiveKeyspace {
        var model = NaiveKeyspace(of: History.cluster)
        for (position, time, entry) in commands where position <= index {
            _ = model.apply(entry, at: time, index: position)
        }
        return model
    }

    /// The last entry that is not later.
    func index(at time: Timestamp) -> LogIndex {
        LogIndex(UInt64(points.lastIndex { $0.time <= time } ?? 0))
    }

    /// Two terms, three backups, runs and tails.
    static func usual(_ store: any ObjectStore, seed: UInt64 = 1, rounds: Int = 12) throws -> History {
        let history = try History(store, seed: seed)
        try history.lead(1)
        for round in 1...rounds {
            try history.write(6)
            try history.ship()
            if round == rounds / 3 || round == rounds / 2 { try history.backUp() }
            if round == rounds * 2 / 3 { try history.lead(2) }
        }
        try history.backUp(usesBase: false)
        for _ in 0..<5 {
            try history.write(1)
            try history.ship()
        }
        return history
    }
}

extension ObjectStore {
    func bytes(_ name: String) throws -> [UInt8] { try get(ObjectKey(name)!) }

    /// Puts other bytes in an object's place, or none.
    func replace(_ name: String, by bytes: [UInt8]?) throws {
        try delete(ObjectKey(name)!)
        if let bytes { _ = try put(ObjectKey(name)!, bytes) }
    }
}
