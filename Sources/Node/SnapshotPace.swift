// How much of a core snapshots take while the node is at work: a share; all of it when there is nothing else to do.

import Synchronization
import Vocabulary

/// Between the loop, which notes that it works, and the thread that writes snapshots, which then rests between its
/// steps.
///
/// A thread of low priority would not do: the sockets of a killed process are closed when its last thread has died, and
/// such a thread dies late on a busy machine, so that the peers would learn late that it is gone.
final class SnapshotPace: Sendable {
    private let turns = Atomic<UInt64>(0)
    /// How long a rest is, in times of the step before it.
    private let rest = Atomic<Int>(0)

    /// Entries were applied. A quarter of the way to the next snapshot the writer hurries, and half way it rests no
    /// more: the log must not grow without bound because a snapshot takes its time.
    ///
    /// - Parameters:
    ///   - logged: bytes of log since the snapshot was cut.
    ///   - due: how many call for the next.
    func noteWork(logged: ByteCount, due: ByteCount) {
        let (logged, due) = (logged.rawValue, due.rawValue)
        rest.store(logged < due / 4 ? 19 : logged < due / 2 ? 4 : 0, ordering: .relaxed)
        turns.wrappingAdd(1, ordering: .relaxed)
    }

    /// The writer's side: when it may take its next step.
    struct Steps: ~Copyable {
        private let pace: SnapshotPace
        private var seen: UInt64 = 0
        private(set) var next = Instant(nanoseconds: 0)

        init(_ pace: SnapshotPace) { self.pace = pace }

        /// A step has ended, which took so much processor time: not what it waited for the disk, or a slow one would
        /// make it rest for minutes. There is a rest if the loop has worked since the last one ended.
        mutating func took(_ work: Duration, endedAt ended: Instant) {
            let turns = pace.turns.load(ordering: .relaxed)
            let rest = turns == seen ? 0 : pace.rest.load(ordering: .relaxed)
            next = ended + .nanoseconds(work.inNanoseconds * Int64(rest))
            seen = turns
        }
    }
}
