// Cutting a frame at an entry: a restore is exact to the entry, and a frame holds many.

import ByteCoding
import LogFormat
import Vocabulary

/// The two parts of a frame. Neither has the checksum of the whole: what is chained behind the first part is another
/// history, which is why a restore begins a timeline.
struct FrameCut {
    /// Up to the entry, inclusive.
    let head: Frame
    /// What is behind it.
    let tail: Frame

    /// Traps unless the entry is in the frame and not its last.
    init(_ frame: Frame, behind index: LogIndex, cluster: ClusterID) throws(FrameError) {
        let header = frame.header
        precondition(header.firstIndex <= index && index < header.lastIndex, "index \(index) does not part \(header)")
        let count = index - header.firstIndex + 1
        var front = FrameBuilder(cluster: cluster)
        var back = FrameBuilder(cluster: cluster)
        try frame.withPayload { payload throws(FrameError) in
            var cursor = EntryCursor(header)
            var position = 0
            while let range = try cursor.next(in: payload) {
                if position < count {
                    front.appendEntry(payload.extracting(range))
                } else {
                    back.appendEntry(payload.extracting(range))
                }
                position += 1
            }
        }
        head = front.seal(
            kind: header.kind, term: header.term, firstIndex: header.firstIndex, timestamp: header.timestamp,
            previousTerm: header.previousTerm, previousChecksum: header.previousChecksum)
        tail = back.seal(
            kind: header.kind, term: header.term, firstIndex: index.next,
            timestamp: header.timestamp.advanced(by: count), previousTerm: header.term,
            previousChecksum: head.header.checksum)
    }
}
