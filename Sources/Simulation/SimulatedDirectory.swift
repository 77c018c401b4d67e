// A directory below that of a simulated disk: its own names, and the same machine.

import LogStore
import Vocabulary

/// Shares space, power and failing calls with the disk that it is on.
struct SimulatedDirectory: Storage {
    let disk: SimulatedDisk
    let name: String

    func path(of file: String) -> String { name + "/" + file }

    /// The names of this directory's files, in order.
    func list() throws(StorageError) -> [String] { try disk.list(below: name) }

    func open(_ file: String) throws(StorageError) -> SimulatedDisk.Handle { try disk.open(path(of: file)) }

    func create(_ file: String) throws(StorageError) -> SimulatedDisk.Handle { try disk.create(path(of: file)) }

    func size(of file: SimulatedDisk.Handle) throws(StorageError) -> Int { try disk.size(of: file) }

    func read(
        _ count: Int, at offset: Int, of file: SimulatedDisk.Handle, into bytes: inout [UInt8]
    ) throws(StorageError) {
        try disk.read(count, at: offset, of: file, into: &bytes)
    }

    func write(_ bytes: RawSpan, at offset: Int, of file: SimulatedDisk.Handle) throws(StorageError) {
        try disk.write(bytes, at: offset, of: file)
    }

    func sync(_ file: SimulatedDisk.Handle) throws(StorageError) { try disk.sync(file) }

    func rename(_ old: String, to new: String) throws(StorageError) {
        try disk.rename(path(of: old), to: path(of: new))
    }

    func remove(_ file: String) throws(StorageError) { try disk.remove(path(of: file)) }

    func makeDirectory(_ file: String) throws(StorageError) { try disk.makeDirectory(path(of: file)) }

    func syncDirectory(_ file: String?) throws(StorageError) {
        try disk.syncDirectory(file.map { path(of: $0) } ?? name)
    }

    func freeSpace() throws(StorageError) -> ByteCount { try disk.freeSpace() }

    func link(_ file: String, as copy: String) throws(StorageError) {
        try disk.link(path(of: file), as: path(of: copy))
    }
}
