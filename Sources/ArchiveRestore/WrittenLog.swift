// The log of a restored directory once it is written, and what has to be known of it before it is replayed.

import ArchiveFormat
import Keyspace
import LogFormat
import LogStore
import Vocabulary

struct WrittenLog {
    private let node: NodeID
    /// The keys that it is about, also behind the target.
    private(set) var touched: TouchedKeys
    /// The storage id that the log knows the node by.
    private(set) var storage: StorageID?
    private var last: LogIndex
    /// What fetching it took.
    var times = FetchTimes()
    /// The digests that the archive has of it, in their order.
    private var digests: [CertifiedDigest] = []
    /// What is behind the target up to a known digest.
    private var beyond: FrameRun?

    private static var readSize: ByteCount { .mebibytes(16) }

    /// - Parameters:
    ///   - base: the last index before it.
    ///   - entries: as many as it will have at most.
    init(of cluster: ClusterID, node: NodeID, storage: StorageID?, behind base: LogIndex, entries: Int) {
        self.node = node
        self.storage = storage
        last = base
        touched = TouchedKeys(of: cluster, entries: entries)
    }

    /// Notes a run of which `part` was written.
    mutating func note(_ run: LogRun, _ part: RunCutter.Part) throws(RestoreError) {
        note(part.head)
        if let end = part.head.frames.last?.header.lastIndex { last = max(last, end) }
        for known in run.digests where known.index > digests.last?.index ?? .zero { digests.append(known) }
        guard let tail = part.tail else { return }
        note(tail)
        beyond = tail
    }

    private mutating func note(_ run: FrameRun) {
        if storage == nil { storage = RestoredState.registered(node, in: run) }
        for position in run.frames.indices where run.frames[position].header.kind == .entries {
            let header = run.frames[position].header
            do throws(FrameError) {
                try run.withPayload(at: position) { payload throws(FrameError) in
                    var cursor = EntryCursor(header)
                    while let range = try cursor.next(in: payload) { touched.add(payload.extracting(range)) }
                }
            } catch { preconditionFailure("the frame at \(header.firstIndex) can not be read: \(error)") }
        }
    }

    /// Replays it on the state before it, up to the target, and as far behind that as proves it.
    func replay(
        _ reader: LogReader<DirectoryStorage>, on state: inout RestoredState,
        progress: (LogIndex) throws(RestoreError) -> Void
    ) throws(RestoreError) {
        var (reader, run) = (reader, FrameRun())
        var known = digests[...]
        while state.index < last {
            do throws(LogError) {
                try reader.readRun(from: state.index.next, byteLimit: WrittenLog.readSize, into: &run)
            } catch { throw .log(error) }
            let end = run.frames.last?.header.lastIndex ?? .zero
            precondition(end > state.index, "the log that was written ends at \(state.index), not at \(last)")
            let passed = known.prefix { $0.index <= end }
            try state.take(run, Array(passed))
            known = known.dropFirst(passed.count)
            try progress(state.index)
        }
        _ = state.conclude()
        if let beyond { try state.goBeyond(beyond, Array(known)) }
    }
}
