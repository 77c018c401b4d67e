// A log goes on as one node's alone: whatever was in doubt before is in doubt no more.

import ByteCoding
import Consensus
import LogFormat
import LogStore
import PeerProtocol
import Replica
import ReplicaLog
import Simulation
import Testing
import Vocabulary

struct TimelineStartTests {
    private static let cluster = ClusterID(high: 1, low: 2)
    private static let options = LogOptions(
        segmentSize: .kibibytes(4), firstSegmentSize: .kibibytes(4), indexInterval: ByteCount(512),
        preparesInline: true)
    private let disk = SimulatedDisk()
    private let node = NodeID("n1")!

    private func open(isNew: Bool = false) throws -> (engine: LogEngine<SimulatedDisk>, recovered: RecoveredLog) {
        let identity = LogIdentity(cluster: Self.cluster, node: node, storage: StorageID(high: 3, low: 4))
        let opened = try LogEngine.open(
            disk, identity: identity, isNew: isNew, options: Self.options, now: Timestamp(microseconds: 5))
        return (opened.0, opened.1)
    }

    /// A log of three voters in term 4: an entry that is known to be committed, and one that is not. It is fenced, and
    /// its newest ballot is of term 6.
    private func write() throws {
        var engine = try open(isNew: true).engine
        var builder = FrameBuilder(cluster: Self.cluster)
        let three = try #require(Configuration(voters: ["n1", "n2", "n3"].compactMap { NodeID($0) }))
        var frames: [Frame] = []
        for entry in [ConfigurationCoding.encode(three), [1, 2, 3]] {
            builder.begin()
            builder.appendEntry(entry.rawBytes)
            frames.append(
                builder.seal(
                    kind: frames.isEmpty ? .membership : .entries, term: Term(4),
                    firstIndex: LogIndex(UInt64(frames.count) + 1), timestamp: Timestamp(microseconds: 1000),
                    previousTerm: frames.last?.header.term ?? .zero,
                    previousChecksum: frames.last?.header.checksum ?? 0))
        }
        let actions: [LogOrder.Action] = [
            .ballot(term: Term(6), votedFor: NodeID("n2")), .append(frames[0], commitIndex: .zero),
            .append(frames[1], commitIndex: LogIndex(1)), .raiseFence(LogIndex(9)),
        ]
        _ = try engine.write(actions.map { LogOrder(ticket: .zero, $0) })
        try engine.sync()
    }

    private func begin() throws -> RecoveredLog {
        var (engine, recovered) = try open()
        return try TimelineStart.write(to: &engine, recovered, after: .zero, at: Timestamp(microseconds: 2000))
    }

    private func start() throws -> ReplicaStart {
        let (engine, recovered) = try open()
        let listed = try #require(Configuration(voters: ["n1", "n2", "n3"].compactMap { NodeID($0) }))
        return try ReplicaStart(recovered, configuration: listed, reader: engine.reader())
    }

    @Test func `the node alone votes from here on, in a term that is newer than every ballot`() throws {
        try write()
        let begun = try begin()
        #expect(begun.last == LogPosition(term: Term(7), index: LogIndex(3)))
        let start = try start()
        let alone = try #require(Configuration(voters: [node]))
        #expect(start.restored.configurations.last == ConfigurationChange(index: LogIndex(3), configuration: alone))
        #expect(start.restored.term == Term(7))
        #expect(start.restored.fence == nil && !start.restored.isBallotUncertain)
        #expect(start.lastTimestamp == Timestamp(microseconds: 2000))
        #expect(start.restored.commitIndex == LogIndex(1))
    }

    @Test func `what is told of the log is what the next start finds`() throws {
        try write()
        let begun = try begin()
        let found = try open().recovered
        #expect(begun.last == found.last && begun.lastChecksum == found.lastChecksum)
        #expect(begun.uncommitted == found.uncommitted)
        #expect(begun.membershipFrames == found.membershipFrames)
        #expect(begun.state.term == found.state.term && begun.state.fence == found.state.fence)
    }

    @Test func `it leads at once, and what was not committed is`() throws {
        try write()
        _ = try begin()
        let start = try start()
        let now = Instant(nanoseconds: 0)
        var raft = Raft(
            id: node, configuration: start.configuration, options: ConsensusOptions(), restored: start.restored,
            seed: 1, now: now)
        var directives: [Directive] = []
        raft.tick(now: now, into: &directives)
        let tickets = directives.compactMap { if case .persistBallot(_, _, let ticket) = $0 { ticket } else { nil } }
        raft.persisted(try #require(tickets.last), now: now, into: &directives)
        #expect(raft.role == .leader && raft.term == Term(8))
    }

    @Test func `a start that ended before it was noted does it again, and nothing is different`() throws {
        try write()
        _ = try begin()
        _ = try begin()
        let start = try start()
        #expect(start.restored.configurations.last?.configuration == Configuration(voters: [node]))
        #expect(start.restored.term == Term(8) && start.restored.last.position.index == LogIndex(4))
    }
}
