// One open file: positioned reads and writes, syncs, and space that was written before it is needed.

import Glibc

/// An open file, closed when it goes out of scope, or by `close`, which tells what the kernel says to that.
///
/// Not copyable: who holds it, owns the descriptor. Calls are made again when a signal interrupts them.
public struct File: ~Copyable, Sendable {
    public enum Mode: Hashable, Sendable {
        case readOnly
        case readWrite
        /// Makes the file, readable by its owner only, and fails when something has that name already.
        case create
        /// As `readWrite`, and makes the file when it is missing.
        case openOrCreate

        var flags: Int32 {
            switch self {
            case .readOnly: O_RDONLY
            case .readWrite: O_RDWR
            case .create: O_RDWR | O_CREAT | O_EXCL
            case .openOrCreate: O_RDWR | O_CREAT
            }
        }
    }

    public let path: String
    /// -1 once closed.
    private var descriptor: Int32

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { if descriptor >= 0 { _ = Glibc.close(descriptor) } }

    /// Opens a file (open(2) with O_CLOEXEC and O_NOFOLLOW: a symbolic link in its place is refused).
    ///
    /// A file that was made is on stable storage only after `synchronize` and `FileSystem.syncDirectory`.
    public static func open(
        _ path: String, mode: Mode, permissions: UInt32 = 0o600
    ) throws(SystemError) -> File {
        while true {
            let descriptor = Glibc.open(path, mode.flags | O_CLOEXEC | O_NOFOLLOW, permissions)
            if descriptor >= 0 { return File(path: path, descriptor: descriptor) }
            if !wasInterrupted { throw SystemError("open", path) }
        }
    }

    /// Reads into the whole buffer from `offset` on (pread).
    /// - Returns: the bytes read: fewer than the buffer's size only at the file's end.
    public borrowing func pread(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemError) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        var done = 0
        while done < buffer.count {
            let count = Glibc.pread(descriptor, base + done, buffer.count - done, off_t(offset + done))
            if count == 0 { break }
            if count > 0 { done += count } else if !wasInterrupted { throw SystemError("pread", path) }
        }
        return done
    }

    /// At most `count` bytes from `offset` on; fewer only at the file's end.
    public borrowing func read(_ count: Int, at offset: Int) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let filled: Result<Int, SystemError> = bytes.withUnsafeMutableBytes { buffer in
            do throws(SystemError) { return .success(try pread(into: buffer, at: offset)) } catch {
                return .failure(error)
            }
        }
        bytes.removeLast(count - (try filled.get()))
        return bytes
    }

    /// Writes all of `bytes` at `offset` (pwrite). After an error any part of them may have been written.
    public borrowing func pwriteAll(_ bytes: RawSpan, at offset: Int) throws(SystemError) {
        let failure: SystemError? = bytes.withUnsafeBytes { failureOfWriting($0, at: offset) }
        if let failure { throw failure }
    }

    private borrowing func failureOfWriting(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> SystemError? {
        guard let base = bytes.baseAddress else { return nil }
        var done = 0
        while done < bytes.count {
            let count = pwrite(descriptor, base + done, bytes.count - done, off_t(offset + done))
            // No file takes nothing without an error; asking it again might be for ever.
            if count == 0 { return SystemError(call: "pwrite", errno: EIO, subject: path) }
            if count > 0 { done += count } else if !wasInterrupted { return SystemError("pwrite", path) }
        }
        return nil
    }

    /// Brings the contents to stable storage, and of the rest what is needed to read them back (fdatasync).
    ///
    /// An error means that what was written since the last sync may be gone, whatever a later sync says: never repeat
    /// it on the same data.
    public borrowing func synchronizeData() throws(SystemError) {
        while fdatasync(descriptor) != 0 { if !wasInterrupted { throw SystemError("fdatasync", path) } }
    }

    /// Brings contents and attributes to stable storage (fsync). As for errors, see `synchronizeData`.
    public borrowing func synchronize() throws(SystemError) {
        while fsync(descriptor) != 0 { if !wasInterrupted { throw SystemError("fsync", path) } }
    }

    /// Cuts or extends the file to `size` bytes (ftruncate).
    public borrowing func truncate(to size: Int) throws(SystemError) {
        while ftruncate(descriptor, off_t(size)) != 0 { if !wasInterrupted { throw SystemError("ftruncate", path) } }
    }

    /// The file's size in bytes.
    public var size: Int {
        borrowing get throws(SystemError) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw SystemError("fstat", path) }
            return Int(status.st_size)
        }
    }

    /// The step of `preallocate`, in bytes.
    public static let preallocationStep = 1 << 20

    /// Writes zeros from `offset` to `size` and syncs them, so that later writes in there change neither the file's
    /// size nor its extents, which makes each `fdatasync` about twice as fast as after fallocate(2).
    public borrowing func preallocate(from offset: Int = 0, to size: Int) throws(SystemError) {
        let zeros = [UInt8](repeating: 0, count: min(File.preallocationStep, max(0, size - offset)))
        var position = offset
        while position < size {
            let count = min(zeros.count, size - position)
            try pwriteAll(zeros.span.bytes.extracting(0..<count), at: position)
            position += count
        }
        try synchronizeData()
    }

    /// Takes the lock of this file for this process, until the file is closed (flock with LOCK_EX | LOCK_NB).
    /// - Returns: false when another process, or another opening in this one, has it.
    public borrowing func tryLock() throws(SystemError) -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            if !wasInterrupted { throw SystemError("flock", path) }
        }
        return true
    }

    /// Tells the kernel that these bytes will not be read again soon (POSIX_FADV_DONTNEED): archived segments should
    /// not push better things out of memory, and what is read to be checked should come from the device.
    /// A count of 0 means all up to the file's end.
    public borrowing func forgetCached(from offset: Int, count: Int) {
        _ = posix_fadvise(descriptor, off_t(offset), off_t(count), POSIX_FADV_DONTNEED)
    }

    /// Closes the file. An error tells of earlier writes that failed; the descriptor is gone all the same.
    public consuming func close() throws(SystemError) {
        let closing = descriptor
        descriptor = -1
        if Glibc.close(closing) != 0, !wasInterrupted { throw SystemError("close", path) }
    }
}
