// Judges the archive by its objects: what is in it was committed, is whole, and leads to everything that was reported.

import ArchiveFormat
import ArchiveRestore
import ArchiveStore
import LogFormat
import ObjectStores
import Vocabulary

/// At every moment the archive restores to a prefix of the committed log, and to the last entry that a leader was told
/// to be there.
struct ArchiveJudge {
    /// The newest entry that a store's answer has vouched for.
    var claimed = LogIndex.zero
    /// What leaders have told to be missing.
    var holes: [ClosedRange<LogIndex>] = []
    /// Where a leader whose memory was changed by a nemesis has said what the state is.
    var doubts: Set<LogIndex> = []
    /// Objects that were compared with the log: they do not change.
    private var known: [ObjectKey: Int] = [:]

    /// Compares the objects that are new with the log as it is committed now.
    mutating func judgeObjects(
        in store: MemoryObjects, _ log: LogJudge, _ states: StateJudge
    ) throws(Violation) {
        let listing: [ObjectListing]
        do throws(ObjectStoreError) { listing = try store.listAll("") } catch { throw Violation(.archive, "\(error)") }
        for item in listing where known[item.key] == nil {
            known[item.key] = item.size
            guard let name = RunName(item.key.text) else { continue }
            let run: LogRun
            do throws(ArchiveError) { run = try ArchivedRun.fetch(name, from: store) } catch {
                throw Violation(.archive, "\(error)")
            }
            try judge(run, name, log, states)
        }
    }

    /// Whether objects that are there hold all of a range.
    func covers(_ range: ClosedRange<LogIndex>) -> Bool {
        let items = known.compactMap { key, size in RunName(key.text).map { RunCatalogue.Item(name: $0, size: size) } }
        return RunCatalogue(items).intervals.contains {
            $0.lowerBound <= range.lowerBound && $0.upperBound >= range.upperBound
        }
    }

    private func judge(_ run: LogRun, _ name: RunName, _ log: LogJudge, _ states: StateJudge) throws(Violation) {
        for place in run.frames.frames {
            let last = place.header.lastIndex
            guard let frame = log.committedFrame(holding: last), frame.header.lastIndex == last else {
                throw Violation(.archive, "\(name) has \(last), which is not committed")
            }
            guard frame.header.checksum == place.header.checksum, frame.header.term == place.header.term else {
                throw Violation(.archive, "\(name) has another frame at \(last) than was committed")
            }
        }
        for known in run.digests where !doubts.contains(known.index) {
            if let digest = states.digest(at: known.index), digest != known.digest {
                throw Violation(.archive, "\(name) says the digest at \(known.index) is \(known.digest), not \(digest)")
            }
        }
    }

    /// Looks at the whole of the archive.
    ///
    /// - Parameter replays: verifies every object, and restores the state in memory.
    mutating func judge(
        _ store: MemoryObjects, _ log: LogJudge, _ states: StateJudge, replays: Bool = false
    ) throws(Violation) {
        try judgeObjects(in: store, log, states)
        guard claimed > .zero else { return }
        do {
            let view = try ArchiveView(store, cluster: World.cluster)
            var verify = try ArchiveVerify(view, isQuick: !replays)
            let verdict = try verify.run()
            // A chain that was begun anew does not go on from what was hidden from its leader, or has landed since.
            let damage = verdict.damages.first { holes.isEmpty || $0.kind != .brokenChain }
            if let damage { throw Violation(.archive, "up to \(claimed) was reported: \(damage)") }
            try judgeReach(view, states, replays: replays)
        } catch let violation as Violation {
            throw violation
        } catch { throw Violation(.archive, "up to \(claimed) was reported: \(error)") }
    }

    private func judgeReach(_ view: ArchiveView, _ states: StateJudge, replays: Bool) throws(RestoreError) {
        let end = view.runs.values.map(\.last).max() ?? .zero
        // Where a chain was begun anew, what lies before counts as done: nobody can ship it any more.
        guard end >= claimed || holes.contains(where: { $0.contains(claimed) }) else {
            throw .archive(.behind(archived: claimed, last: end))
        }
        // Behind a hole only a backup leads further.
        guard holes.isEmpty else { return }
        let plan = try RestorePlan(.latest, in: view)
        guard replays, plan.end >= claimed else { return }
        do throws(RestoreError) {
            let (index, digest) = try plan.replayLog()
            guard index == plan.end else { throw .archive(.behind(archived: plan.end, last: index)) }
            if let known = states.digest(at: index), known != digest {
                throw .otherDigest(at: index, expected: known, found: digest, said: "the nodes")
            }
        } catch {
            // What a changed leader has certified, a restore does not believe.
            if case .otherDigest(let index, _, _, _) = error, doubts.contains(index) { return }
            throw error
        }
    }
}
