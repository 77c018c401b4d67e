// Reading packs in large steps: one window per pack, so that chunks of several packs in turn cost no more reads.

import ByteCoding
import LogStore
import SnapshotFormat
import Vocabulary

/// Opens packs as they are asked for, and checks whose they are. For one thread.
struct PackReader<Disk: Storage> {
    let disk: Disk
    let cluster: ClusterID
    private var windows: [PackWindow<Disk>] = []
    /// The bytes that were read from the disk.
    private(set) var bytesRead = 0
    private var readsDevice = false

    init(disk: Disk, cluster: ClusterID) {
        self.disk = disk
        self.cluster = cluster
    }

    /// Calls `body` with `count` bytes from `offset` on.
    ///
    /// - Parameter ahead: asked when they are not in memory: how many bytes are worth to be read from there on.
    mutating func withBytes<Value>(
        of pack: PackNumber, at offset: Int, count: Int, subject: SnapshotDamage.Subject?, ahead: () -> Int,
        _ body: (RawSpan) throws(SnapshotError) -> Value
    ) throws(SnapshotError) -> Value {
        let position = try window(of: pack)
        if !windows[position].holds(offset, count) {
            let wanted = max(count, ahead())
            do throws(StorageError) { try windows[position].load(wanted, at: offset, from: disk) } catch {
                throw .storage(error)
            }
            bytesRead += windows[position].bytes.count
        }
        guard windows[position].holds(offset, count) else {
            throw .damaged(
                SnapshotDamage(
                    kind: .truncated, file: SnapshotName.pack(pack),
                    offset: windows[position].start + windows[position].bytes.count, subject: subject))
        }
        return try windows[position].withBytes(offset, count, body)
    }

    /// Reads from now on come from the device: packs are opened anew, and what the system has of them in memory goes.
    mutating func forget() {
        windows = []
        readsDevice = true
    }

    /// The size of a pack's file.
    mutating func size(of pack: PackNumber) throws(SnapshotError) -> Int {
        let file = windows[try window(of: pack)].file
        do throws(StorageError) { return try disk.size(of: file) } catch { throw .storage(error) }
    }

    private mutating func window(of pack: PackNumber) throws(SnapshotError) -> Int {
        if let position = windows.firstIndex(where: { $0.number == pack }) { return position }
        let file = try PackReader.open(pack, of: cluster, on: disk)
        if readsDevice { disk.forget(file) }
        windows.append(PackWindow(number: pack, file: file))
        return windows.count - 1
    }

    /// Opens a pack whose header says that it is this one.
    static func open(_ pack: PackNumber, of cluster: ClusterID, on disk: Disk) throws(SnapshotError) -> Disk.Handle {
        let name = SnapshotName.pack(pack)
        var bytes: [UInt8] = []
        let file: Disk.Handle
        do throws(StorageError) {
            file = try disk.open(name)
            try disk.read(PackHeader.byteCount, at: 0, of: file, into: &bytes)
        } catch {
            guard error.reason == .missing else { throw .storage(error) }
            throw .damaged(SnapshotDamage(kind: .missingFile, file: name, offset: 0, subject: nil))
        }
        do throws(SnapshotFault) {
            let header = try PackHeader.decode(bytes.rawBytes)
            guard header.cluster == cluster, header.number == pack else { throw .damaged(.misplaced, at: 16) }
        } catch { throw SnapshotError(error, file: name, offset: 0, subject: nil) }
        return file
    }
}

/// An open pack, and the part of it that is in memory.
struct PackWindow<Disk: Storage> {
    /// What a window keeps of its memory when it is loaded anew.
    private static var keptMax: Int { 4 << 20 }

    let number: PackNumber
    let file: Disk.Handle
    private(set) var bytes: [UInt8] = []
    /// Where in the file `bytes` begins.
    private(set) var start = 0

    init(number: PackNumber, file: Disk.Handle) {
        self.number = number
        self.file = file
    }

    func holds(_ offset: Int, _ count: Int) -> Bool {
        offset >= start && offset - start <= bytes.count && count <= bytes.count - (offset - start)
    }

    /// Calls `body` with bytes that it holds.
    func withBytes<Value>(
        _ offset: Int, _ count: Int, _ body: (RawSpan) throws(SnapshotError) -> Value
    ) throws(SnapshotError) -> Value {
        let span = bytes.rawBytes
        return try body(span.extracting(offset - start..<offset - start + count))
    }

    mutating func load(_ count: Int, at offset: Int, from disk: Disk) throws(StorageError) {
        bytes.removeAll(keepingCapacity: bytes.capacity <= PackWindow.keptMax)
        start = offset
        try disk.read(count, at: offset, of: file, into: &bytes)
    }
}
