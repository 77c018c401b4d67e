// That every run taken goes on where the one before it ended, whoever shipped it.

import ArchiveFormat
import ArchiveStore
import Consensus
import Replica
import Vocabulary

struct RunChain: Sendable {
    private let base: FrameEnd?
    private var end: ChainEnd?

    /// - Parameter base: the end of the backup's state; nil begins with the first entry.
    init(behind base: FrameEnd?) { self.base = base }

    /// The last entry of the last run that was taken.
    var last: LogIndex { end?.position.index ?? base?.index ?? .zero }

    /// Takes a run that reaches behind the last one.
    mutating func follow(_ run: LogRun, _ name: RunName) throws(RestoreError) {
        guard isNext(run) else { throw .archive(.object(name.description, .damaged(.brokenChain, at: 0))) }
        end = run.end
    }

    private func isNext(_ run: LogRun) -> Bool {
        if run.start.position.index == last {
            if let end { return end == run.start }
            guard let base else { return true }
            return base.position == run.start.position && base.checksum == run.start.checksum
        }
        // It overlaps: the frame that ends there says what the one behind it is chained to.
        let next = run.frames.frames.first { $0.header.firstIndex == last.next }?.header
        return next?.previousChecksum == end?.checksum ?? base?.checksum ?? 0
    }
}
