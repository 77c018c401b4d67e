// Frames in a chain, as a leader makes them, for judges that are fed by hand.

import ByteCoding
import Keyspace
import LogFormat
import Vocabulary

@testable import Simulation

struct FrameChain {
    static let cluster = ClusterID(high: 1, low: 2)
    private var builder = FrameBuilder(cluster: FrameChain.cluster)
    var last: Frame?
    private var time: UInt64 = 1_000_000

    /// The next frame, of one entry for each of the values, each of them set under its own key.
    mutating func append(_ values: [String], term: UInt64 = 1) -> Frame {
        append(
            entries: values.enumerated().map { EntryCoding.encoded(.set, [bytes("k\($0)"), bytes($1)]) }, term: term)
    }

    mutating func append(entries: [[UInt8]], kind: FrameKind = .entries, term: UInt64 = 1) -> Frame {
        builder.begin()
        for entry in entries { builder.appendEntry(entry.rawBytes) }
        let frame = builder.seal(
            kind: kind, term: Term(term), firstIndex: last?.header.lastIndex.next ?? LogIndex(1),
            timestamp: Timestamp(microseconds: time), previousTerm: last?.header.term ?? .zero,
            previousChecksum: last?.header.checksum ?? 0)
        time += UInt64(entries.count)
        last = frame
        return frame
    }
}

/// Which judge objects to it; nil when none does.
func objection(_ body: () throws(Violation) -> Void) -> Violation.Judge? {
    do throws(Violation) { try body() } catch { return error.judge }
    return nil
}
