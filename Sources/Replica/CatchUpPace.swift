// How fast a leader reads its log for followers that are far behind, while clients are served.

import Vocabulary

/// A limit of bytes per second, for all followers together, on what is read back from the log for them. What is still
/// in memory is sent without one: whoever needs that is nearly level.
///
/// A follower that is sent a gigabyte as fast as it takes it makes everybody wait who shares a disk, a network or a
/// processor with it or with its leader. Without clients to be felt by there is no limit, also when clients wait for
/// that very follower because nothing can be committed without it. And there is always more than clients write, or it
/// would never arrive.
struct CatchUpPace: Sendable {
    /// The limit in relation to what clients write.
    static let lead = 8
    /// When nobody was answered for so long, nobody is held up.
    static let idleAfter = Duration.milliseconds(100)
    /// Bytes are let go in portions of this time, and so much may be made up for when a turn came late.
    static let grain = Duration.milliseconds(4)
    /// No portion is smaller.
    static let portionMin = 16 << 10

    /// Bytes per second, however little clients write.
    private let rateMin: Int
    private var servedAt: Instant?
    private var written = ByteRate()
    private var opensAt = Instant(nanoseconds: 0)
    /// When somebody who was told to wait may go on; nil when nobody waits.
    private(set) var awaited: Instant?

    init(rateMin: ByteCount) { self.rateMin = rateMin.rawValue }

    /// Clients were answered.
    mutating func served(at now: Instant) { servedAt = now }

    /// So much was put into the log for clients.
    mutating func wrote(_ bytes: Int, at now: Instant) { written.add(bytes, at: now) }

    /// Another look at all followers begins: nobody waits yet.
    mutating func beginTurn() { awaited = nil }

    /// How many bytes may be read for a follower now; nil when it has to wait until `awaited`.
    mutating func portion(at now: Instant) -> Int? {
        guard isLimited(at: now) else { return .max }
        guard opensAt <= now else {
            awaited = opensAt
            return nil
        }
        return max(CatchUpPace.portionMin, Int(Int64(rate(at: now)) * CatchUpPace.grain.inNanoseconds / 1_000_000_000))
    }

    /// So much was read and sent.
    mutating func sent(_ bytes: Int, at now: Instant) {
        guard isLimited(at: now) else { return }
        let takes = Duration.nanoseconds(Int64(bytes) * 1_000_000_000 / Int64(rate(at: now)))
        guard opensAt < now else { return opensAt = opensAt + takes }
        let late = min(now - opensAt, CatchUpPace.grain)
        opensAt = now + max(.zero, takes - late)
    }

    private func isLimited(at now: Instant) -> Bool { servedAt.map { now - $0 <= CatchUpPace.idleAfter } ?? false }

    private func rate(at now: Instant) -> Int { max(rateMin, CatchUpPace.lead * written.perSecond(at: now)) }
}

/// Bytes in a second: those of the last whole one or of the present one, whichever are more.
struct ByteRate: Sendable {
    private var start = Instant(nanoseconds: 0)
    private var present = 0
    private var last = 0

    mutating func add(_ bytes: Int, at now: Instant) {
        let age = now - start
        if age >= .seconds(1) {
            last = age < .seconds(2) ? present : 0
            present = 0
            start = now
        }
        present += bytes
    }

    func perSecond(at now: Instant) -> Int {
        let age = now - start
        if age >= .seconds(2) { return 0 }
        return age >= .seconds(1) ? present : max(present, last)
    }
}
