// The entry with which a timeline begins: it makes one node the only member, in a term that nobody was elected in.

import ByteCoding
import Consensus
import LogFormat
public import LogStore
import PeerProtocol
public import Vocabulary

/// A configuration that no leader has proposed. No majority of the one before it takes part, so nothing that Raft
/// promises spans this entry: what the log held up to here counts from now on, committed or not, and what only others
/// held does not. The timeline keeps those others away (decision 0013).
public enum TimelineStart {
    /// Writes it to the end of a log that was opened just now.
    ///
    /// - Parameters:
    ///   - recovered: what opening the log has found.
    ///   - time: of the newest entry that the log's snapshot holds; the log's last is looked up.
    ///   - now: the wall clock's time.
    /// - Returns: what the log is after that.
    public static func write<Disk: Storage>(
        to engine: inout LogEngine<Disk>, _ recovered: RecoveredLog, after time: Timestamp, at now: Timestamp
    ) throws(LogError) -> RecoveredLog {
        guard let voters = VoterSet([recovered.identity.node]) else { preconditionFailure("one node can vote") }
        var last = time
        if recovered.last.index >= recovered.firstIndex {
            var reader = engine.reader()
            let header = try reader.readFrames(from: recovered.last.index, byteLimit: .zero).first?.header
            if let header { last = max(last, header.timestamp.advanced(by: Int(header.count) - 1)) }
        }
        var builder = FrameBuilder(cluster: recovered.identity.cluster)
        builder.appendEntry(ConfigurationCoding.encode(Configuration(voters: voters)).rawBytes)
        let frame = builder.seal(
            kind: .membership, term: max(recovered.state.term, recovered.last.term).next,
            firstIndex: recovered.last.index.next, timestamp: max(now, last.advanced(by: 1)),
            previousTerm: recovered.last.term, previousChecksum: recovered.lastChecksum)
        return try engine.beginTimeline(recovered, with: frame)
    }
}
