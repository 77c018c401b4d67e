// A log applied outside of a cluster gives the state that the replica had that wrote it.

import ByteCoding
import Keyspace
import LogFormat
import LogStore
import RESP
import Simulation
import Testing
import Vocabulary

import ReplicaSnapshots

struct LogReplayTests {
    private static let identity = LogIdentity(
        cluster: Rig.cluster, node: Rig.leader, storage: StorageID(high: 7, low: 8))

    @Test func `the state at any frame's end is the one that the commands made`() throws {
        let disk = SimulatedDisk()
        var (engine, _) = try LogEngine.open(
            disk, identity: Self.identity, isNew: true, options: LogOptions(preparesInline: true), now: .zero)
        var builder = FrameBuilder(cluster: Rig.cluster)
        var twin = Keyspace(of: Rig.cluster)
        var reply = ReplyWriter(version: .two)
        var digests: [Digest] = [twin.digest]
        var last = (index: LogIndex.zero, checksum: UInt32(0))
        for number in 0..<40 {
            builder.begin()
            var entries: [[UInt8]] = []
            for entry in 0...(number % 3) {
                let words = ["k\(number % 7)", "f\(entry)", "v\(number)"]
                entries.append(EntryCoding.encoded(.hset, words.map { Array($0.utf8) }))
            }
            for entry in entries { builder.appendEntry(entry.rawBytes) }
            let time = Timestamp(microseconds: UInt64(1000 + 10 * number))
            let frame = builder.seal(
                kind: .entries, term: Term(1), firstIndex: last.index.next, timestamp: time,
                previousTerm: number == 0 ? .zero : Term(1), previousChecksum: last.checksum)
            for (position, entry) in entries.enumerated() {
                twin.apply(
                    entry.rawBytes, at: time.advanced(by: position),
                    index: LogIndex(frame.header.firstIndex.rawValue + UInt64(position)), reply: &reply)
                digests.append(twin.digest)
            }
            last = (frame.header.lastIndex, frame.header.checksum)
            _ = try engine.write([LogOrder(ticket: .zero, .append(frame, commitIndex: .zero))])
            try engine.sync()
        }
        let view = try LogView(of: disk, identity: Self.identity)
        var reader = view.reader()
        var replay = LogReplay(of: Keyspace(of: Rig.cluster))
        // The end of a frame of three entries, and then all of it.
        try replay.run(from: LogIndex(1), through: LogIndex(6), reader: &reader)
        #expect(replay.entries == 6 && replay.keyspace.digest == digests[6])
        try replay.run(from: LogIndex(7), through: last.index, reader: &reader)
        #expect(replay.entries == Int(last.index.rawValue))
        #expect(replay.finish().digest == twin.digest)
    }
}
