// Who the members are, as a start finds it in the log, whatever else the log went through.

import ByteCoding
import Consensus
import Keyspace
import LogFormat
import LogStore
import PeerProtocol
import Replica
import ReplicaLog
import Simulation
import Testing
import Vocabulary

struct ConfigurationRecoveryTests {
    /// A log being written, and what it has of members: the naive twin.
    private struct Book {
        var engine: LogEngine<SimulatedDisk>
        var builder = FrameBuilder(cluster: ConfigurationRecoveryTests.cluster)
        var ends = [FrameEnd.zero]
        var changes: [ConfigurationChange] = []
        var ticket = WriteTicket.zero

        var last: FrameEnd { ends[ends.count - 1] }

        mutating func order(_ action: LogOrder.Action) throws(LogError) {
            ticket = ticket.next
            var written = 0
            while written < 1 {
                written += try engine.write([LogOrder(ticket: ticket, action)], from: 0)
                try engine.sync()
            }
        }

        mutating func append(
            _ kind: FrameKind, _ entries: [[UInt8]], term: UInt64 = 1, commit: UInt64 = 0
        ) throws(LogError) {
            builder.begin()
            for entry in entries { builder.appendEntry(entry.rawBytes) }
            let frame = builder.seal(
                kind: kind, term: Term(term), firstIndex: last.position.index.next,
                timestamp: Timestamp(microseconds: 1000 + last.position.index.rawValue),
                previousTerm: last.position.term, previousChecksum: last.checksum)
            ends.append(FrameSummary(frame).end)
            try order(.append(frame, commitIndex: LogIndex(commit)))
        }

        mutating func appendOther(_ count: Int = 1) throws(LogError) {
            for _ in 0..<count { try append(.entries, [[1, 2, 3]]) }
        }

        mutating func change(_ configuration: Configuration, behind address: MemberAddresses? = nil) throws(LogError) {
            let entry = ConfigurationCoding.encode(configuration)
            try append(.membership, address.map { [MemberBook.encode([$0]), entry] } ?? [entry])
            changes.append(ConfigurationChange(index: last.position.index, configuration: configuration))
        }

        mutating func cut(from index: LogIndex) throws(LogError) {
            ends.removeAll { $0.position.index >= index }
            changes.removeAll { $0.index >= index }
            try order(.truncate(from: index))
        }

        mutating func restart(at end: FrameEnd) throws(LogError) {
            ends = [end]
            changes = []
            try order(.restart(at: end.position, checksum: end.checksum))
        }
    }

    private static let cluster = ClusterID(high: 1, low: 2)
    private static let options = LogOptions(
        segmentSize: .kibibytes(4), firstSegmentSize: .kibibytes(4), indexInterval: ByteCount(512),
        preparesInline: true)
    private let disk = SimulatedDisk()

    private func nodes(_ numbers: Int...) throws -> [NodeID] {
        try numbers.map { try #require(NodeID("n\($0)")) }
    }

    private func configuration(
        _ voters: [NodeID], _ outgoing: [NodeID]? = nil, learners: [NodeID] = []
    ) throws
        -> Configuration
    {
        try #require(Configuration(voters: voters, outgoing: outgoing, learners: learners))
    }

    private func open(isNew: Bool) throws -> (engine: LogEngine<SimulatedDisk>, recovered: RecoveredLog) {
        let identity = LogIdentity(
            cluster: Self.cluster, node: try nodes(1)[0], storage: StorageID(high: 3, low: 4))
        let opened = try LogEngine.open(
            disk, identity: identity, isNew: isNew, options: Self.options, now: Timestamp(microseconds: 5))
        return (opened.0, opened.1)
    }

    private func start(_ origin: ReplicaStart.Origin = .nothing) throws -> ReplicaStart {
        let (engine, recovered) = try open(isNew: false)
        return try ReplicaStart(
            recovered, configuration: try configuration(try nodes(1)), reader: engine.reader(), origin: origin)
    }

    /// Three founders, a learner, the joint configuration that replaces one of them by it; then the log goes on.
    private func write() throws -> Book {
        var book = Book(engine: try open(isNew: true).engine)
        try book.append(.leaderStart, [])
        try book.append(.membership, [MemberRegistry.encode([(try nodes(1)[0], StorageID(high: 3, low: 4))])])
        try book.appendOther(150)
        let address = MemberAddresses(node: try nodes(4)[0], peer: "n4.example:7000", client: "n4.example:6379")
        try book.change(try configuration(try nodes(1, 2, 3), learners: try nodes(4)), behind: address)
        try book.appendOther(150)
        try book.change(try configuration(try nodes(1, 2, 4), try nodes(1, 2, 3)))
        return book
    }

    @Test func `a start in the middle of a change knows every configuration of the log`() throws {
        let book = try write()
        #expect(book.changes.count == 2)
        // The one with an address in front of it stands at its frame's second entry.
        #expect(book.changes[0].index == LogIndex(154))
        #expect(try start().restored.configurations == book.changes)
    }

    @Test func `what was cut does not count, and what came after it does`() throws {
        var book = try write()
        try book.cut(from: book.changes[1].index)
        #expect(try start().restored.configurations == book.changes)
        try book.append(.leaderStart, [], term: 2)
        try book.append(
            .membership, [ConfigurationCoding.encode(try configuration(try nodes(1, 2, 3)))], term: 2)
        let expected = ConfigurationChange(
            index: book.last.position.index, configuration: try configuration(try nodes(1, 2, 3)))
        #expect(try start().restored.configurations == book.changes + [expected])
    }

    @Test func `a log that begins behind a snapshot has the snapshot's members, then its own`() throws {
        var book = try write()
        let end = FrameEnd(position: LogPosition(term: Term(1), index: LogIndex(1000)), checksum: 77)
        let held = try configuration(try nodes(1, 2), learners: try nodes(5))
        try book.restart(at: end)
        try book.appendOther()
        try book.change(try configuration(try nodes(1, 2, 5), try nodes(1, 2)))
        let state = ReplicatedState(
            cluster: Self.cluster, keyspace: Keyspace(of: Self.cluster), registry: MemberRegistry(),
            addresses: MemberBook(), configuration: held, end: end, timestamp: Timestamp(microseconds: 9))
        let stored = StoredSnapshots(newest: end, oldest: end.index)
        let found = try start(.state(state, stored)).restored.configurations
        #expect(found == [ConfigurationChange(index: end.index, configuration: held)] + book.changes)
    }

    @Test func `members that a snapshot covers are the snapshot's`() throws {
        let book = try write()
        let end = book.ends[200]
        let held = try configuration(try nodes(1, 2, 3), learners: try nodes(4))
        let state = ReplicatedState(
            cluster: Self.cluster, keyspace: Keyspace(of: Self.cluster), registry: MemberRegistry(),
            addresses: MemberBook(), configuration: held, end: end, timestamp: Timestamp(microseconds: 9))
        let found = try start(.state(state, StoredSnapshots(newest: end, oldest: end.index))).restored.configurations
        #expect(found.map(\.index) == [end.index, book.changes[1].index])
        #expect(found.map(\.configuration) == [held, book.changes[1].configuration])
    }
}
