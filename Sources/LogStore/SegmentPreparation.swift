// Making the next segment ready before it is needed, so that a roll costs nothing.

import ByteCoding
import LogFormat
public import Vocabulary

/// What is to be done on the disk, apart from the log's own writing: by a thread of its own, or in between.
public struct SegmentPreparation: Hashable, Sendable {
    /// The segment to make; nil when one is ready.
    public let sequence: UInt64?
    public let size: ByteCount
    /// Space on the disk that must be left when it is made.
    let reserve: ByteCount
    /// Segments that are no longer part of the log: one to be used again, and others to be removed before it, in order.
    let recycled: UInt64?
    let removed: [UInt64]

    /// The bytes in front of a recycled file that are overwritten, so that its old header is gone.
    private static let headerArea = 4096

    /// Does it. Every byte of the new file was written and is on stable storage before it gets its name: measured, a
    /// sync into such a file takes half the time of one into space that was only reserved.
    ///
    /// May be repeated after an error.
    public func run<Disk: Storage>(on disk: Disk) throws(StorageError) -> PreparedSegment<Disk>? {
        // Before a file is made, since they may be what fills the disk; and before a younger one is changed.
        for old in removed { try SegmentPreparation.remove(old, on: disk) }
        guard let sequence else { return nil }
        let file: Disk.Handle
        if let old = try recycle(as: sequence, on: disk) { file = old } else { file = try make(sequence, on: disk) }
        return PreparedSegment(sequence: sequence, file: file, size: try disk.size(of: file))
    }

    private func make<Disk: Storage>(_ sequence: UInt64, on disk: Disk) throws(StorageError) -> Disk.Handle {
        let name = SegmentName.text(sequence) + SegmentName.unfinished
        if try disk.list().contains(name) { try disk.remove(name) }
        try SegmentPreparation.checkSpace(for: size, leaving: reserve, name, on: disk)
        let file = try disk.create(name)
        do throws(StorageError) {
            try disk.extend(file, from: 0, to: size.rawValue)
        } catch {
            // Gives the space back: what cannot be finished must not fill the disk. That the log has no room is told
            // by the first error, whatever comes of this.
            try? disk.remove(name)
            throw error
        }
        try disk.rename(name, to: SegmentName.text(sequence))
        try disk.syncDirectory(nil)
        return file
    }

    /// Removes a segment, if it is still there.
    private static func remove<Disk: Storage>(_ old: UInt64, on disk: Disk) throws(StorageError) {
        do throws(StorageError) { try disk.remove(SegmentName.text(old)) } catch {
            guard error.reason == .missing else { throw error }
        }
        try disk.syncDirectory(nil)
    }

    /// Nil when there is nothing to be used again. Needs no space.
    private func recycle<Disk: Storage>(as sequence: UInt64, on disk: Disk) throws(StorageError) -> Disk.Handle? {
        guard let recycled else { return nil }
        let name = SegmentName.text(recycled)
        let file: Disk.Handle
        do throws(StorageError) { file = try disk.open(name) } catch {
            guard error.reason == .missing else { throw error }
            return nil
        }
        guard try disk.size(of: file) == size.rawValue else {
            try SegmentPreparation.remove(recycled, on: disk)
            return nil
        }
        try disk.fill(file, from: 0, to: min(size.rawValue, SegmentPreparation.headerArea))
        try disk.rename(name, to: SegmentName.text(sequence))
        try disk.syncDirectory(nil)
        return file
    }

    /// Makes a whole segment with a header and one state record, in place of what has its name. `chain` stands at its
    /// first record.
    static func makeBegun<Disk: Storage>(
        _ header: SegmentHeader, chain: inout LogChain, state: LogState, size: ByteCount, on disk: Disk
    ) throws(StorageError) {
        var bytes: [UInt8] = []
        header.encode(into: &bytes)
        chain.write(state, into: &bytes)
        let name = SegmentName.text(header.sequence) + SegmentName.unfinished
        if try disk.list().contains(name) { try disk.remove(name) }
        let file = try disk.create(name)
        try disk.write(bytes.rawBytes, at: 0, of: file)
        try disk.extend(file, from: bytes.count, to: max(size.rawValue, bytes.count))
        try disk.rename(name, to: SegmentName.text(header.sequence))
        try disk.syncDirectory(nil)
    }

    static func checkSpace<Disk: Storage>(
        for size: ByteCount, leaving reserve: ByteCount, _ name: String, on disk: Disk
    ) throws(StorageError) {
        let free = try disk.freeSpace()
        guard free < size + reserve else { return }
        throw StorageError(
            operation: .create, file: name, reason: .noSpace,
            text: "it needs \(size), \(free) are free, and \(reserve) of them are the reserve",
            remedy: .operate("free space on this file system, or lower `log.reserve`"))
    }
}

/// A segment that waits to be begun.
public struct PreparedSegment<Disk: Storage>: Sendable {
    let sequence: UInt64
    let file: Disk.Handle
    var size: Int
}
