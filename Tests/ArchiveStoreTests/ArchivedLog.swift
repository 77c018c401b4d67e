// A leader's log on a simulated disk, and stores that fail.

import ArchiveFormat
import ArchiveStore
import ByteCoding
import LogFormat
import Simulation
import Synchronization
import Vocabulary

@testable import LogStore
@testable import ObjectStores

/// A log that grows, and can be cut at its front.
struct ArchivedLog {
    static let cluster = ClusterID(high: 1, low: 2)
    static let owner = ArchiveOwner(cluster: cluster, timeline: .first)

    var engine: LogEngine<SimulatedDisk>
    var frames: [Frame] = []
    private var builder = FrameBuilder(cluster: cluster)
    private var ticket: UInt64 = 0

    init() throws {
        let identity = LogIdentity(
            cluster: ArchivedLog.cluster, node: NodeID("n1")!, storage: StorageID(high: 3, low: 4))
        let options = LogOptions(
            segmentSize: .kibibytes(4), firstSegmentSize: .kibibytes(4), indexInterval: ByteCount(512),
            preparesInline: true)
        (engine, _) = try LogEngine.open(
            SimulatedDisk(), identity: identity, isNew: true, options: options, now: Timestamp(microseconds: 5))
    }

    var last: LogIndex { frames.last?.header.lastIndex ?? .zero }

    mutating func append(_ count: Int, entries: Int = 3, size: Int = 40, term: UInt64 = 1) throws {
        for _ in 0..<count {
            builder.begin()
            for entry in 0..<entries {
                let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ entry &+ frames.count) }
                builder.appendEntry(bytes.rawBytes)
            }
            let header = frames.last?.header
            let frame = builder.seal(
                kind: .entries, term: Term(term), firstIndex: last.next,
                timestamp: Timestamp(microseconds: 1_000_000 * UInt64(1 + frames.count)),
                previousTerm: header?.term ?? .zero, previousChecksum: header?.checksum ?? 0)
            frames.append(frame)
            try order(.append(frame, commitIndex: last))
        }
    }

    mutating func release(before index: LogIndex) throws { try order(.release(before: index)) }

    private mutating func order(_ action: LogOrder.Action) throws {
        ticket += 1
        _ = try engine.write([LogOrder(ticket: WriteTicket(ticket), action)])
        try engine.sync()
    }

    func shipper(
        to store: any ObjectStore, term: UInt64 = 1, owner: ArchiveOwner = ArchivedLog.owner,
        terms: ShippingTerms = ArchivedLog.terms, known: LogIndex = .zero
    ) -> LogShipper<SimulatedDisk> {
        LogShipper(
            owner, term: Term(term), known: known, reader: engine.reader(), store: store, terms: terms)
    }

    /// Small enough that a few frames are a run.
    static var terms: ShippingTerms {
        var terms = ShippingTerms()
        terms.runSize = ByteCount(2000)
        terms.objectMax = ByteCount(4000)
        return terms
    }

    var target: ShippingTarget { ShippingTarget(index: last, digest: Digest(high: 7, low: last.rawValue)) }
}

extension LogShipper {
    /// Steps until the archive has everything, at most `limit` times; what each step has made.
    mutating func shipAll(
        _ target: ShippingTarget, at now: Instant = Instant(nanoseconds: 0), limit: Int = 100
    ) throws(ArchiveError) -> [ShippingOutcome] {
        var outcomes: [ShippingOutcome] = []
        for _ in 0..<limit where archived != target.index || isDue(at: now) {
            outcomes.append(try step(target, at: now))
        }
        return outcomes
    }
}

/// Passes calls on, but for those that a script refuses.
final class FaultyObjects: ObjectStore {
    enum Fault { case refuse, loseAnswer }

    let location = "faulty://"
    let objects = MemoryObjects(pageSize: 3)
    private let script: Mutex<[Fault?]>
    private let puts = Mutex<[String]>([])

    /// - Parameter script: what happens to the first puts, one after the other.
    init(_ script: [Fault?] = []) { self.script = Mutex(script) }

    var names: [String] { puts.withLock { $0 } }

    func put(_ key: ObjectKey, _ bytes: [UInt8]) throws(ObjectStoreError) -> PutOutcome {
        puts.withLock { $0.append(key.text) }
        let fault = script.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        let failure = ObjectStoreError(.put, key.text, .timeout, "scripted")
        if fault == .refuse { throw failure }
        let outcome = try objects.put(key, bytes)
        if fault == .loseAnswer { throw failure }
        return outcome
    }

    func get(_ key: ObjectKey, _ range: Range<Int>?) throws(ObjectStoreError) -> [UInt8] {
        try objects.get(key, range)
    }
    func list(_ prefix: String, after key: ObjectKey?) throws(ObjectStoreError) -> ObjectPage {
        try objects.list(prefix, after: key)
    }
    func delete(_ key: ObjectKey) throws(ObjectStoreError) { try objects.delete(key) }
}
