// Everything that happened in a run, as one hash and, when asked for, as text.

/// Two runs are the same when their hashes are: every event goes into it with its time and its outcome.
public struct Trace: Sendable {
    /// FNV-1a over words instead of bytes, with a shift for the high bits (Fowler, Noll and Vo, 1991).
    public private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    public private(set) var events: UInt64 = 0
    /// The newest lines, when `keeps` is not zero.
    public private(set) var lines: [String] = []
    private let keeps: Int

    /// - Parameter keeps: how many lines of text to keep; none costs nothing.
    public init(keeps: Int = 0) { self.keeps = keeps }

    /// What happened, when, and up to four numbers of it.
    mutating func note(_ what: What, _ time: Int64, _ a: UInt64, _ b: UInt64 = 0, _ c: UInt64 = 0, _ d: UInt64 = 0) {
        mix(what.rawValue ^ UInt64(time) << 4)
        mix(a)
        mix(b)
        mix(c)
        mix(d)
        events += 1
    }

    enum What: UInt64 {
        case start = 1
        case crash, role, sync, arrival, connection, fault, turn, reply
    }

    mutating func mix(_ word: UInt64) {
        hash = (hash ^ word) &* 0x0000_0100_0000_01B3
        hash ^= hash >> 29
    }

    mutating func mix(_ bytes: [UInt8]) {
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    }

    mutating func say(at time: Int64, _ text: @autoclosure () -> String) {
        guard keeps > 0 else { return }
        if lines.count >= 2 * keeps { lines.removeFirst(keeps) }
        lines.append("\(Milliseconds(time)) \(text())")
    }
}
