// Storage in a directory of a file system.

public import Platform
public import Vocabulary

public struct DirectoryStorage: Storage {
    public let path: String
    private let syncs: SyncThread?

    /// The directory has to exist.
    ///
    /// - Parameter syncs: for a directory that nobody relies on yet: files are synced there, by and by, and all that
    ///   was written is on stable storage once that thread is through.
    public init(path: String, syncs: SyncThread? = nil) {
        self.path = path
        self.syncs = syncs
    }

    /// An open file, shared by whoever holds the handle.
    public final class Handle: Sendable {
        fileprivate let file: File
        fileprivate init(_ file: consuming File) { self.file = file }
    }

    public func list() throws(StorageError) -> [String] {
        do { return try FileSystem.listDirectory(path) } catch { throw StorageError(.list, path, error) }
    }

    public func open(_ name: String) throws(StorageError) -> Handle {
        do { return Handle(try File.open(full(name), mode: .readWrite)) } catch {
            throw StorageError(.open, full(name), error)
        }
    }

    public func create(_ name: String) throws(StorageError) -> Handle {
        do { return Handle(try File.open(full(name), mode: .create)) } catch {
            throw StorageError(.create, full(name), error)
        }
    }

    public func size(of file: Handle) throws(StorageError) -> Int {
        do { return try file.file.size } catch { throw StorageError(.size, file.file.path, error) }
    }

    public func read(
        _ count: Int, at offset: Int, of file: Handle, into bytes: inout [UInt8]
    ) throws(StorageError) {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: count))
        // The buffer is the array's own part behind `start`, and is used inside of this call only.
        let outcome: Result<Int, SystemError> = unsafe bytes.withUnsafeMutableBytes { buffer in
            let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[start...])
            do throws(SystemError) { return .success(unsafe try file.file.pread(into: part, at: offset)) } catch {
                return .failure(error)
            }
        }
        switch outcome {
        case .success(let filled): bytes.removeLast(count - filled)
        case .failure(let error): throw StorageError(.read, file.file.path, error)
        }
    }

    public func write(_ bytes: RawSpan, at offset: Int, of file: Handle) throws(StorageError) {
        do { try file.file.pwriteAll(bytes, at: offset) } catch { throw StorageError(.write, file.file.path, error) }
    }

    public func sync(_ file: Handle) throws(StorageError) {
        if let syncs { return syncs.post { () throws(SystemError) in try file.file.synchronizeData() } }
        do { try file.file.synchronizeData() } catch { throw StorageError(.sync, file.file.path, error) }
    }

    public func rename(_ old: String, to new: String) throws(StorageError) {
        do { try FileSystem.rename(full(old), to: full(new)) } catch { throw StorageError(.rename, full(old), error) }
    }

    public func remove(_ name: String) throws(StorageError) {
        do { try FileSystem.remove(full(name)) } catch { throw StorageError(.remove, full(name), error) }
    }

    public func makeDirectory(_ name: String) throws(StorageError) {
        do { try FileSystem.makeDirectory(full(name), intermediate: true) } catch {
            throw StorageError(.makeDirectory, full(name), error)
        }
    }

    public func syncDirectory(_ name: String?) throws(StorageError) {
        let directory = name.map(full) ?? path
        do { try FileSystem.syncDirectory(directory) } catch { throw StorageError(.syncDirectory, directory, error) }
    }

    public func freeSpace() throws(StorageError) -> ByteCount {
        do { return ByteCount(try FileSystem.freeSpace(path).free) } catch {
            throw StorageError(.freeSpace, path, error)
        }
    }

    public func link(_ name: String, as copy: String) throws(StorageError) {
        do { try FileSystem.link(full(name), as: full(copy)) } catch {
            // Not every file system has links.
            guard !error.isOutOfSpace, !error.isMissing else { throw StorageError(.create, full(copy), error) }
            try self.copy(name, to: copy)
        }
    }

    /// Where syncs come later a hole will do: what belongs there is written once then.
    public func extend(_ file: Handle, from offset: Int, to end: Int) throws(StorageError) {
        guard syncs != nil else { return try fill(file, from: offset, to: end) }
        do { try file.file.truncate(to: end) } catch { throw StorageError(.write, file.file.path, error) }
    }

    public func forget(_ file: Handle) { file.file.forgetCached(from: 0, count: 0) }

    private func full(_ name: String) -> String { path + "/" + name }
}

extension StorageError {
    init(_ operation: Operation, _ path: String, _ error: SystemError) {
        let reason: Reason =
            error.isOutOfSpace ? .noSpace : error.isMissing ? .missing : error.isDenied ? .denied : .failed
        self.init(operation: operation, file: path, reason: reason, text: error.reason, remedy: error.remedy)
    }
}
