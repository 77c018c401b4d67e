// Reading old segments again, a step at a time, so that damage is found while other copies exist.

public import LogFormat
public import Vocabulary

/// Passes over the sealed segments: all that the log is in, but the one being written. Synchronous, without a clock;
/// each step reads little, so that its caller decides how fast it goes. For one thread; the writer may go on meanwhile.
///
/// 1. What is demanded of a header and of a record is what recovery demands, by the same code.
/// 2. Nothing is called damage that was seen once only, or that is no part of the log any more.
/// 3. Behind damage the pass goes on with the next segment, from what its header says.
public struct LogScrub<Disk: Storage>: Sendable {
    public enum Progress: Hashable, Sendable {
        /// So many bytes were read and are good.
        case read(ByteCount)
        case damage(LogDamage)
        /// The pass is over: what is left of the log up to this segment was read in it, or told as damage. The next
        /// step begins another pass.
        case ended(through: UInt64)
    }

    /// Bytes that one read of the disk fetches.
    public static var window: Int { 256 << 10 }

    private let disk: Disk
    private let map: LogMap
    private let identity: LogIdentity
    /// The newest segment that this pass is done with.
    private var done: UInt64 = 0
    /// The log up to the place that is read next; nil where it begins anew with a segment's header.
    private var chain: LogChain?
    /// The segment that `chain` stands in, behind its header; 0 for none.
    private var entered: UInt64 = 0
    private var window: SegmentWindow<Disk>?

    /// What is read next, and where it ends: where the segment behind it begins.
    private struct Target: Sendable {
        var segment: LogMap.Segment
        var end: LSN
        var highestIndex: LogIndex
    }

    /// What does not look as it should, once.
    private enum Suspicion: Error {
        case damage(DamageKind, offset: Int)
        case refused(StorageError)

        init(_ error: StorageError) {
            self = error.reason == .missing ? .damage(.missingSegment, offset: 0) : .refused(error)
        }
    }

    init(disk: Disk, map: LogMap, identity: LogIdentity) {
        self.disk = disk
        self.map = map
        self.identity = identity
    }

    /// Begins a new pass with the next step.
    public mutating func restart() {
        done = 0
        chain = nil
        entered = 0
        window = nil
    }

    /// Goes on by about `limit` bytes: at least one record, at most to the end of a segment.
    ///
    /// - Throws: what the disk said when it refused twice to give a place; the next step goes on behind that segment.
    public mutating func step(_ limit: ByteCount) throws(StorageError) -> Progress {
        guard let target = nextTarget else {
            let through = done
            restart()
            return .ended(through: through)
        }
        let isWithin = entered == target.segment.sequence
        let isNext = entered == done && target.segment.sequence == done + 1
        if !isWithin, !isNext {
            // What was read last was released meanwhile: the chain does not lead here.
            chain = nil
            window = nil
        }
        do throws(Suspicion) {
            return .read(ByteCount(try read(target, limit.rawValue)))
        } catch { return try lookAgain(at: target, limit.rawValue) }
    }

    private var nextTarget: Target? {
        map.withState { [done] state in
            let segments = state.segments
            guard let position = segments.firstIndex(where: { $0.sequence > done }), position + 1 < segments.count
            else {
                return nil
            }
            return Target(
                segment: segments[position], end: segments[position + 1].base, highestIndex: state.lastIndex)
        }
    }

    // MARK: Reading

    private mutating func read(_ target: Target, _ limit: Int) throws(Suspicion) -> Int {
        try enter(target.segment)
        guard var chain, var window else { throw .damage(.missingSegment, offset: 0) }
        let outcome = LogScrub.walk(&chain, &window, to: target.end, base: target.segment.base, limit)
        self.chain = chain
        self.window = window
        let bytes = try outcome.get()
        if chain.next == target.end { leave(target.segment.sequence) }
        return bytes
    }

    /// Opens the segment, from the device, and takes up the chain at its header.
    private mutating func enter(_ segment: LogMap.Segment) throws(Suspicion) {
        if entered == segment.sequence, window != nil { return }
        let finding: SegmentHeader.Finding
        do throws(StorageError) {
            var fresh = try SegmentWindow(
                disk: disk, name: SegmentName.text(segment.sequence), step: LogScrub.window)
            disk.forget(fresh.file)
            finding = try fresh.header()
            window = fresh
        } catch { throw Suspicion(error) }
        if entered == segment.sequence { return }
        if let kind = begin(with: finding, of: segment) { throw .damage(kind, offset: 0) }
        entered = segment.sequence
    }

    /// What is wrong with a header, if something is.
    private mutating func begin(with finding: SegmentHeader.Finding, of segment: LogMap.Segment) -> DamageKind? {
        switch finding {
        case .header(let header):
            guard header.identity == identity, header.sequence == segment.sequence, header.base == segment.base,
                header.start.last.index == segment.previousIndex
            else { return .misplacedBlock }
            var next = chain ?? LogChain(header)
            if chain != nil, !next.enter(header) { return .brokenChain }
            chain = next
            return nil
        case .invalid(let kind): return kind
        case .unused: return .gap
        case .short: return .badLength
        case .newer: return .failedRecovery
        }
    }

    private static func walk(
        _ chain: inout LogChain, _ window: inout SegmentWindow<Disk>, to end: LSN, base: LSN, _ limit: Int
    ) -> Result<Int, Suspicion> {
        var bytes = 0
        while chain.next < end, bytes < limit {
            let place = Int(chain.next.rawValue - base.rawValue)
            do throws(StorageError) {
                switch try window.advance(&chain, base: base) {
                case .record(let record): bytes += record.recordLength
                case .nothing: return .failure(.damage(.gap, offset: place))
                case .invalid(let kind): return .failure(.damage(kind, offset: place))
                case .newer: return .failure(.damage(.failedRecovery, offset: place))
                }
            } catch { return .failure(Suspicion(error)) }
        }
        guard chain.next <= end else {
            return .failure(.damage(.brokenChain, offset: Int(end.rawValue - base.rawValue)))
        }
        return .success(bytes)
    }

    /// The segment is read. What it has in memory is given back: others need it more.
    private mutating func leave(_ sequence: UInt64) {
        if let window { disk.forget(window.file) }
        window = nil
        done = sequence
    }

    // MARK: The second look

    /// Reads a suspicious place anew, from the device. A segment that was released meanwhile is nobody's any more, and
    /// may be the next one already.
    private mutating func lookAgain(at target: Target, _ limit: Int) throws(StorageError) -> Progress {
        window = nil
        let suspicion: Suspicion
        do throws(Suspicion) {
            return .read(ByteCount(try read(target, limit)))
        } catch { suspicion = error }
        let segment = target.segment
        let isIn = entered == segment.sequence
        let lastIndex = isIn ? chain?.last.index ?? segment.previousIndex : segment.previousIndex
        let isPart = map.withState { $0.segments.contains(segment) }
        leave(segment.sequence)
        chain = nil
        entered = 0
        guard isPart else { return .read(.zero) }
        switch suspicion {
        case .refused(let error): throw error
        case .damage(let kind, let offset):
            return .damage(
                LogDamage(
                    kind: kind, file: SegmentName.text(segment.sequence), offset: offset,
                    lsn: LSN(segment.base.rawValue + UInt64(offset)), firstIndex: lastIndex.next,
                    highestIndex: target.highestIndex))
        }
    }
}
