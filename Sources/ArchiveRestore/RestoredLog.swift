// The log of a restored directory: what the archive has behind the backup, frame by frame, ending at the target.

import Consensus
import LogFormat
import LogStore
import Vocabulary

/// Written in a directory that nobody else uses yet; on stable storage after `finish`.
struct RestoredLog {
    private var engine: LogEngine<DirectoryStorage>
    private var orders: [LogOrder] = []
    private var bytes = 0
    private var ticket = WriteTicket.zero
    private(set) var last: LogIndex

    /// Bytes that are gathered for one write.
    private static let batchSize = 4 << 20

    /// - Parameter base: the end of the backup's state; nil begins with the first entry.
    init(_ engine: LogEngine<DirectoryStorage>, behind base: FrameEnd?) throws(RestoreError) {
        self.engine = engine
        last = base?.index ?? .zero
        guard let base else { return }
        try order(.restart(at: base.position, checksum: base.checksum), size: 0)
        try flush()
    }

    /// Appends the frames that are behind the log's end.
    mutating func append(_ run: FrameRun) throws(RestoreError) {
        for position in run.frames.indices {
            let header = run.frames[position].header
            guard header.lastIndex > last else { continue }
            precondition(header.firstIndex == last.next, "a frame at \(header.firstIndex) behind \(last)")
            // Everything in an archive is committed.
            try order(.append(run.frame(at: position), commitIndex: last), size: header.frameLength)
            last = header.lastIndex
        }
    }

    private mutating func order(_ action: LogOrder.Action, size: Int) throws(RestoreError) {
        ticket = ticket.next
        orders.append(LogOrder(ticket: ticket, action))
        bytes += size
        if bytes >= RestoredLog.batchSize { try flush() }
    }

    private mutating func flush() throws(RestoreError) {
        var done = 0
        do throws(LogError) {
            while done < orders.count {
                done += try engine.write(orders, from: done)
                try engine.sync()
            }
        } catch { throw .log(error) }
        orders.removeAll(keepingCapacity: true)
        bytes = 0
    }

    /// Of what is written by then.
    var reader: LogReader<DirectoryStorage> { engine.reader() }

    mutating func finish() throws(RestoreError) { try flush() }
}
