// A pipe from a helper program, collected until it ends.

import CSystem
import Glibc
import Vocabulary

/// A pipe whose writing end goes to a program and whose reading end is collected here.
struct Pipe: ~Copyable {
    private var reading: Int32
    private(set) var writing: Int32
    private(set) var bytes: [UInt8] = []

    init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard trireme_pipe(&ends) == 0 else { throw SystemError("pipe", "") }
        reading = ends[0]
        writing = ends[1]
    }

    deinit {
        if reading >= 0 { _ = close(reading) }
        if writing >= 0 { _ = close(writing) }
    }

    /// So that the end comes when the program closes its own.
    mutating func closeWriting() {
        _ = close(writing)
        writing = -1
    }

    /// Reads both until both end. False when the deadline passed before.
    static func collect(_ a: inout Pipe, _ b: inout Pipe, max: Int, until deadline: Instant?) -> Bool {
        while a.reading >= 0 || b.reading >= 0 {
            var waits = [a.reading, b.reading].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard let timeout = PollTimeout.milliseconds(until: deadline) else { return false }
            _ = poll(&waits, 2, timeout)
            if waits[0].revents != 0 { a.readSome(max: max) }
            if waits[1].revents != 0 { b.readSome(max: max) }
        }
        return true
    }

    private mutating func readSome(max: Int) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(reading, &buffer, buffer.count)
        if count > 0 {
            bytes += buffer.prefix(Swift.min(count, max - bytes.count))
        } else if count == 0 || !wasInterrupted {
            _ = close(reading)
            reading = -1
        }
    }
}

/// A deadline as poll(2) takes it.
enum PollTimeout {
    /// Rounded up; -1 for none. Nil when the deadline has passed.
    static func milliseconds(until deadline: Instant?) -> Int32? {
        guard let deadline else { return -1 }
        let rest = (deadline - MonotonicClock.now()).inNanoseconds
        return rest <= 0 ? nil : Int32(clamping: (rest + 999_999) / 1_000_000)
    }
}
