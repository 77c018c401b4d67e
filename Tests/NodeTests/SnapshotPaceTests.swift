// How long the writer of snapshots rests while the node works.

import Testing
import Vocabulary

@testable import Node

@Suite struct SnapshotPaceTests {
    private let began = Instant(nanoseconds: 5_000_000_000)
    private let step = Duration.milliseconds(3)

    /// The rest behind a step of `step`, with work since the one before.
    private func rest(logged: Int, due: Int) -> Duration {
        let pace = SnapshotPace()
        var steps = SnapshotPace.Steps(pace)
        pace.noteWork(logged: ByteCount(logged), due: ByteCount(due))
        steps.took(step, endedAt: began + step)
        return steps.next - (began + step)
    }

    @Test func `a node at work gives a twentieth of a core, a fifth from a quarter on, and all of it from half way`() {
        for due in [256 << 20, 1000] {
            for logged in [0, 1, due / 4 - 1] { #expect(rest(logged: logged, due: due) == .milliseconds(3 * 19)) }
            for logged in [due / 4, due / 2 - 1] { #expect(rest(logged: logged, due: due) == .milliseconds(3 * 4)) }
            for logged in [due / 2, due, due * 100] { #expect(rest(logged: logged, due: due) == .zero) }
        }
    }

    @Test func `the share is what the log of the newest turn says, for the step that is under way`() {
        let pace = SnapshotPace()
        var steps = SnapshotPace.Steps(pace)
        let parts = [(logged: 0, rests: 19), (30, 4), (60, 0), (0, 19)]
        for (logged, rests) in parts {
            // The loop turns more than once while a step is taken.
            pace.noteWork(logged: ByteCount(99), due: ByteCount(100))
            pace.noteWork(logged: ByteCount(logged), due: ByteCount(100))
            steps.took(step, endedAt: began + step)
            #expect(steps.next == began + step + .milliseconds(3 * rests))
        }
    }

    @Test func `there is a rest behind a step only when the loop has worked since the one before`() {
        let pace = SnapshotPace()
        var steps = SnapshotPace.Steps(pace)
        #expect(steps.next <= began)
        steps.took(step, endedAt: began + step)
        #expect(steps.next == began + step)
        pace.noteWork(logged: .zero, due: .mebibytes(1))
        steps.took(step, endedAt: began + step)
        #expect(steps.next == began + step * 20)
        steps.took(step, endedAt: began + step)
        #expect(steps.next == began + step)
    }

    @Test func `each writer sees the work since its own last step`() {
        let pace = SnapshotPace()
        pace.noteWork(logged: .zero, due: .mebibytes(1))
        var first = SnapshotPace.Steps(pace)
        first.took(step, endedAt: began + step)
        #expect(first.next == began + step * 20)
        var second = SnapshotPace.Steps(pace)
        second.took(step, endedAt: began + step)
        #expect(second.next == began + step * 20)
    }
}
