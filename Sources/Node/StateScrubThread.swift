// Takes the digests of the records in memory anew, now and then, on a thread of its own.

import Keyspace
import Platform
import Vocabulary

/// Asks the loop for a state when a pass is due, and proves it while it stands still. A state costs nothing to hold
/// still but copies of what is changed meanwhile.
final class StateScrubThread: Sendable {
    enum Letter: Sendable {
        /// A pass is due: `post` a state.
        case due
        /// A pass over the state of this index is over. `damage`: the first that it found.
        case ended(LogIndex, took: Duration, damage: StateDamage?)
    }

    /// Records between two looks at whether the thread is to end.
    private static let step = 4096

    private let states: WorkQueue<KeyspaceImage>
    private let thread: WorkerThread

    /// - Parameter interval: the pause between two passes; zero for none at all.
    init(interval: Duration, report: @escaping @Sendable (Letter) -> Void) throws(SystemError) {
        let states = WorkQueue<KeyspaceImage>()
        self.states = states
        thread = try WorkerThread.start(name: "state-scrub", yields: true) {
            var pass: StateScrubPass?
            var taken: [KeyspaceImage] = []
            var dueAt: Instant? = interval > .zero ? MonotonicClock.now() + interval : nil
            // While a pass is under way, a look and no wait.
            while states.takeAll(into: &taken, waitUntil: pass == nil ? dueAt : MonotonicClock.now()) {
                if let image = taken.popLast() { pass = StateScrubPass(image) }
                taken.removeAll()
                let now = MonotonicClock.now()
                if let ended = pass?.step(StateScrubThread.step, at: now) {
                    pass = nil
                    dueAt = interval > .zero ? now + interval : nil
                    report(ended)
                } else if pass == nil, let due = dueAt, now >= due {
                    // The state that this asks for sets the next.
                    dueAt = nil
                    report(.due)
                }
            }
        }
    }

    func post(_ state: KeyspaceImage) { states.post(state) }

    func stop() {
        states.close()
        thread.join()
    }
}

private struct StateScrubPass {
    private var proof: StateProof
    private let since = MonotonicClock.now()

    init(_ image: KeyspaceImage) { proof = StateProof(of: image) }

    /// Goes on by about so many records. Not nil when the pass is over.
    mutating func step(_ records: Int, at now: Instant) -> StateScrubThread.Letter? {
        let damage = proof.step(records)
        guard proof.isThrough || damage != nil else { return nil }
        return .ended(proof.index, took: now - since, damage: damage)
    }
}
