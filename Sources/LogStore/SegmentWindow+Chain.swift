// The next record of a segment and of the log's chain in one step: what recovery and scrub demand alike.

import LogFormat
import Vocabulary

extension SegmentWindow {
    /// What stands where the chain goes on.
    enum Advance: Hashable, Sendable {
        /// The record that follows; the chain stands behind it.
        case record(RecordHeader)
        /// Zeros, or the file's end.
        case nothing
        case invalid(DamageKind)
        /// A whole record of a newer release.
        case newer(found: Int, supported: Int)
    }

    /// Reads the record at the end of `chain` and moves the chain on, if it follows. `base` is the segment's.
    mutating func advance(_ chain: inout LogChain, base: LSN) throws(StorageError) -> Advance {
        let place = Int(chain.next.rawValue - base.rawValue)
        switch try record(at: place, expected: chain.next, seed: chain.seed) {
        case .record(let header, let body):
            let span = bytes.rawBytes.extracting(body)
            if let version = LogChain.newerVersion(of: header, body: span) {
                return .newer(found: version.found, supported: version.supported)
            }
            return chain.accept(header, body: span).map { .invalid($0) } ?? .record(header)
        case .invalid(let kind): return .invalid(kind)
        case .nothing, .needs: return .nothing
        }
    }
}
