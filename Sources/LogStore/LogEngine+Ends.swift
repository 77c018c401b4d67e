// Cutting the log at either end: truncation, release, and a new beginning behind a snapshot.

import LogFormat
public import Vocabulary

extension LogEngine {
    /// Whether the log has the entry at `position`, as the frame that ends with it says (`checksum`), or begins right
    /// behind it: then the log goes on from a snapshot of that position. Else a `.restart` is due, unless the log
    /// begins further behind: then entries are missing in between.
    public func goesOn(from position: LogPosition, checksum: UInt32) throws(LogError) -> Bool {
        if position.index >= last.index { return position == last && checksum == chain.link.lastChecksum }
        var reader = reader()
        let next = position.index.next
        guard next >= reader.bounds.first else { return false }
        guard let header = try reader.readFrames(from: next, byteLimit: .zero).first?.header else { return false }
        return header.firstIndex == next && header.previousTerm == position.term && header.previousChecksum == checksum
    }

    mutating func writeTruncation(from index: LogIndex) throws(StorageError) {
        // The frames to be cut may themselves still be in the buffer.
        try flush()
        var reader = reader()
        guard let cut = try? reader.readFrames(from: index, byteLimit: .zero).first?.header else {
            throw StorageError(
                operation: .read, file: SegmentName.text(current.sequence), reason: .failed,
                text: "the frame at \(index), to be cut, cannot be read back", remedy: .operate("replace the disk"))
        }
        precondition(cut.firstIndex == index, "cut from \(index), inside of the frame at \(cut.firstIndex)")
        notes.append(.truncation(from: index))
        chain.write(
            LogTruncation(from: index, lastTerm: cut.previousTerm, lastChecksum: cut.previousChecksum), into: &buffer)
    }

    /// The record says itself where the log begins now, so no new segment is needed for it: a full disk does not stop
    /// what frees it. What stands before it in its own segment stays until that goes.
    mutating func writeRestart(at position: LogPosition, checksum: UInt32) throws(StorageError) {
        // What is given up may itself still be in the buffer.
        try flush()
        guard let isCovered = try? coversAll(position, checksum) else {
            throw StorageError(
                operation: .read, file: SegmentName.text(current.sequence), reason: .failed,
                text: "the frame behind \(position), to be given up, cannot be read back",
                remedy: .operate("replace the disk"))
        }
        precondition(isCovered, "begin behind \(position), and give up what may be acknowledged up to \(last)")
        var state = chain.state
        isReleasing = true
        state.startSequence = max(state.startSequence, current.sequence)
        notes.append(.restart(at: position.index))
        chain.write(LogRestart(state: state, position: position, checksum: checksum), into: &buffer)
    }

    /// Whether a log that begins anew behind `position` gives up nothing that this node may have acknowledged: nothing
    /// stands behind it, or another history, that was never committed; or the node says that it lacks it (fence).
    private func coversAll(_ position: LogPosition, _ checksum: UInt32) throws(LogError) -> Bool {
        if position.index >= last.index || state.fence ?? .zero >= last.index { return true }
        guard position.index.next >= reader().bounds.first else { return false }
        return try !goesOn(from: position, checksum: checksum)
    }

    mutating func writeRelease(before index: LogIndex) {
        let segments = map.withState { $0.segments }
        let first = segments.last { $0.previousIndex < index }?.sequence ?? 0
        isReleasing = true
        write { $0.startSequence = max($0.startSequence, first) }
    }

    /// The release is on stable storage, so the files may go.
    mutating func finishRelease() {
        guard isReleasing else { return }
        isReleasing = false
        let start = chain.state.startSequence
        let gone = map.withState { $0.release(before: start) }
        guard !gone.isEmpty else { return }
        segmentCount -= gone.count
        retired += gone.map { RetiredSegment(sequence: $0.sequence, size: $0.size) }
        hasRetired = true
        noteIdleBytes()
    }
}
