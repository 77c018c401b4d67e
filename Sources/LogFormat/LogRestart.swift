// Where a log begins anew: behind a state that is kept elsewhere.

import ByteCoding
public import Vocabulary

/// The body of a restart record: everything before it is given up, the log goes on behind `position`, whose state is on
/// stable storage as a snapshot.
///
/// It holds the newest state of the log too, with the start moved, and counts as one. So one checksum covers all that
/// changes: a crash leaves the log as it was, or the new beginning.
public struct LogRestart: Hashable, Sendable {
    public static let byteCount = LogState.byteCount + 24
    /// Inclusive, of index and term: headers of segments refuse more.
    static let numberMax = SegmentHeader.numberMax

    public let state: LogState
    /// The last entry that the snapshot covers, and the checksum of the frame that ends with it.
    public let position: LogPosition
    public let checksum: UInt32

    public init(state: LogState, position: LogPosition, checksum: UInt32) {
        self.state = state
        self.position = position
        self.checksum = checksum
    }

    /// Whether a log can begin behind this position at all.
    public static func isPossible(at position: LogPosition) -> Bool {
        (1...numberMax).contains(position.index.rawValue) && (1...numberMax).contains(position.term.rawValue)
    }

    func encode(into bytes: inout [UInt8]) {
        state.encode(into: &bytes)
        bytes.append(littleEndian: position.index.rawValue)
        bytes.append(littleEndian: position.term.rawValue)
        bytes.append(littleEndian: checksum)
        bytes.append(littleEndian: UInt32(0))
    }

    /// Nil when the bytes are no restart.
    public init?(body bytes: RawSpan) {
        guard bytes.byteCount == LogRestart.byteCount,
            let state = LogState(body: bytes.extracting(0..<LogState.byteCount))
        else { return nil }
        self.state = state
        position = LogPosition(term: Term(bytes.little(at: 56)), index: LogIndex(bytes.little(at: 48)))
        checksum = bytes.little(at: 64)
        guard LogRestart.isPossible(at: position) else { return nil }
    }
}
