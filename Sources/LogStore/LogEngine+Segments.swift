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
        notes.append(.segment(header))
        let follows = chain.enter(header)
        precondition(follows, "segment \(next.sequence) does not follow LSN \(header.base)")
        chain.write(chain.state, into: &buffer)
    }

    /// Makes sure that the prepared segment takes an order of `size` bytes. Returns its room for orders.
    mutating func readyNext(for size: Int) throws(LogError) -> Int {
        let needed = LogEngine.opening + size
        do throws(StorageError) {
            if spares.isEmpty, options.preparesInline, let order = takePreparation() {
                adopt(try order.run(on: disk))
            }
            guard var next = spares.first else { throw noRoomError }
            if next.size < needed {
                try SegmentPreparation.checkSpace(
                    for: ByteCount(needed - next.size), leaving: options.reserve, SegmentName.text(next.sequence),
                    on: disk)
                try SegmentPreparation.fill(next.file, from: next.size, to: needed, on: disk)
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

    /// The next thing to do about segments, nil when there is nothing. Its result goes to `adopt`; when it fails, ask
    /// again. What a release gave up is named once: what then stays behind goes when the log is opened next.
    public mutating func takePreparation() -> SegmentPreparation? {
        let isWanted = spares.count < options.spareSegments
        guard isWanted || !retired.isEmpty else { return nil }
        var old = retired[...]
        retired = []
        let recycled = isWanted ? old.popFirst() : nil
        return SegmentPreparation(
            sequence: isWanted ? nextSpare : nil, size: options.segmentSize, reserve: options.reserve,
            recycled: recycled, removed: Array(old))
    }

    /// Takes a prepared segment. One that is not the next in line is ignored.
    public mutating func adopt(_ segment: PreparedSegment<Disk>?) {
        guard let segment, segment.sequence == nextSpare else { return }
        spares.append(segment)
    }

    /// The number of the segment to be prepared next. The same before and after the first spare one is begun.
    var nextSpare: UInt64 { current.sequence + UInt64(spares.count) + 1 }
}
