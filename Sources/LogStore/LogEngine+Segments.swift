// One segment after the other: ending the current one, beginning the next, and what is to be prepared or to go.

import LogFormat
import Vocabulary

extension LogEngine {
    /// Ends the current segment, synced, and begins the prepared one in the buffer.
    mutating func roll() throws(StorageError) {
        try flush()
        try disk.sync(current.file)
        precondition(!spares.isEmpty, "a segment is begun that nobody has prepared")
        let next = spares.removeFirst()
        let header = chain.successor(sequence: next.sequence)
        current = OpenSegment(sequence: next.sequence, file: next.file, base: header.base, size: next.size, offset: 0)
        segmentCount += 1
        header.encode(into: &buffer)
        notes.append(.segment(header, size: next.size))
        let follows = chain.enter(header)
        precondition(follows, "segment \(next.sequence) does not follow LSN \(header.base)")
        chain.write(chain.state, into: &buffer)
    }

    /// Makes sure that the prepared segment takes an order of `size` bytes. Returns its room for orders.
    mutating func readyNext(for size: Int) throws(LogError) -> Int {
        let needed = LogEngine.opening + size + options.lastRoom
        do throws(StorageError) {
            if spares.isEmpty, options.preparesInline { try prepareInline() }
            guard var next = spares.first else { throw noRoomError }
            if next.size < needed {
                try SegmentPreparation.checkSpace(
                    for: ByteCount(needed - next.size), leaving: options.reserve, SegmentName.text(next.sequence),
                    on: disk)
                try disk.extend(next.file, from: next.size, to: needed)
                next.size = needed
                spares[0] = next
            }
            return next.size - LogEngine.opening
        } catch {
            if error.reason == .noSpace { throw .noRoom(needed: ByteCount(size), left: roomLeft) }
            hasFailed = true
            throw error.operation == .sync ? .syncFailed(error) : .storage(error)
        }
    }

    var noRoomError: StorageError {
        StorageError(
            operation: .create, file: SegmentName.text(current.sequence + 1), reason: .noSpace,
            text: "not prepared yet", remedy: .retry("writing goes on once it is"))
    }

    // MARK: Preparing

    /// The next thing to do about segments, nil when there is nothing. Its result goes to `adopt`, or to `putBack`.
    ///
    /// Of what was given up, a file of the usual size is used again when a segment is wanted; those before it, and all
    /// when none is wanted, are removed.
    public mutating func takePreparation() -> SegmentPreparation? {
        let isWanted = spares.count < options.spareSegments
        guard isWanted || !retired.isEmpty else { return nil }
        hasRetired = false
        let size = options.segmentSize.rawValue
        let fitting = isWanted ? retired.firstIndex { $0.size == size } : nil
        leaving = Array(fitting.map { retired[...$0] } ?? retired[...])
        retired.removeFirst(leaving.count)
        let removed = fitting == nil ? leaving : leaving.dropLast()
        return SegmentPreparation(
            sequence: isWanted ? nextSpare : nil, size: options.segmentSize, reserve: options.reserve,
            recycled: fitting == nil ? nil : leaving.last?.sequence, removed: removed.map(\.sequence))
    }

    /// Takes what came of a preparation. A segment that is not the next in line is ignored.
    public mutating func adopt(_ segment: PreparedSegment<Disk>?) {
        leaving = []
        if let segment, segment.sequence == nextSpare { spares.append(segment) }
        noteIdleBytes()
    }

    /// A preparation has failed: what it should have removed is to go with the next one. Some of it may be gone.
    public mutating func putBack() {
        retired = leaving + retired
        leaving = []
    }

    mutating func prepareInline() throws(StorageError) {
        guard let order = takePreparation() else { return }
        do throws(StorageError) { adopt(try order.run(on: disk)) } catch {
            putBack()
            throw error
        }
    }

    /// The number of the segment to be prepared next. The same before and after the first spare one is begun.
    private var nextSpare: UInt64 { current.sequence + UInt64(spares.count) + 1 }

    /// What files take that are not in use: ready, or given up.
    var idleBytes: Int {
        spares.reduce(0) { $0 + $1.size } + retired.reduce(0) { $0 + $1.size } + leaving.reduce(0) { $0 + $1.size }
    }

    func noteIdleBytes() { map.withState { [idleBytes] in $0.idleBytes = idleBytes } }
}

/// A segment that is no part of the log any more, and whose file is still there.
struct RetiredSegment: Hashable, Sendable {
    var sequence: UInt64
    var size: Int
}
