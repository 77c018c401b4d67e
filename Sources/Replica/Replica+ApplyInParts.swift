// Entries read back from the log, carried out in parts at once: a replay is as fast as all cores, not as one.

import Keyspace
import LogFormat
import Vocabulary

extension Replica {
    /// Applies the frames from `first` on in parts, as far as each of their entries is about one key, if they are many
    /// enough. Returns where such frames end, and whether they were applied.
    mutating func applyInParts(
        _ run: FrameRun, from first: Int, at now: Moment, into effects: inout ReplicaEffects
    ) -> (end: Int, isApplied: Bool) {
        guard mayApply, writes.isEmpty, keyspace.isDivisible, var entries = partitioned else { return (first, false) }
        // Nobody else holds its buffers meanwhile.
        partitioned = nil
        defer {
            entries.removeAll()
            partitioned = entries
        }
        let end = gather(run, from: first, into: &entries)
        guard entries.count >= options.partitionedEntriesMin else { return (end, false) }
        keyspace.apply(&entries, on: options.partitionRunner)
        figures.appliedInParts += UInt64(entries.count)
        finish(run, first..<end, entries, at: now, into: &effects)
        return (end, true)
    }

    /// Takes the frames that may be applied together, and returns where they end.
    private func gather(_ run: FrameRun, from first: Int, into entries: inout PartitionedEntries) -> Int {
        var position = first
        var next = appliedIndex.next
        while position < run.frames.count {
            let header = run.frames[position].header
            guard header.kind == .entries, header.firstIndex == next, header.lastIndex <= raft.commitIndex else {
                break
            }
            let before = entries.count
            guard add(run, position, to: &entries) else {
                entries.removeLast(entries.count - before)
                break
            }
            position += 1
            next = header.lastIndex.next
            // The digest there is wanted.
            if header.lastIndex == awaitedIndex { break }
        }
        return position
    }

    /// Adds the entries of a frame. False when there is one that must be applied by itself.
    private func add(_ run: FrameRun, _ position: Int, to entries: inout PartitionedEntries) -> Bool {
        let header = run.frames[position].header
        do throws(FrameError) {
            return try run.withPayload(at: position) { payload throws(FrameError) in
                var cursor = EntryCursor(header)
                var index = header.firstIndex
                var time = header.timestamp
                while let range = try cursor.next(in: payload) {
                    guard entries.add(payload.extracting(range), at: time, index: index) else { return false }
                    index = index.next
                    time = time.advanced(by: 1)
                }
                return true
            }
        } catch { Replica.unreadable(header, error) }
    }

    /// Notes what the entries changed, and that their frames are applied.
    private mutating func finish(
        _ run: FrameRun, _ range: Range<Int>, _ entries: borrowing PartitionedEntries, at now: Moment,
        into effects: inout ReplicaEffects
    ) {
        var index = appliedIndex.next
        changes.begin(at: index)
        entries.forEachNote { notes in
            changes.note(index, notes)
            index = index.next
        }
        for position in range {
            let header = run.frames[position].header
            begin(header)
            figures.applied += UInt64(header.count)
            finish(header, size: run.frames[position].range.count, at: now, into: &effects)
        }
    }
}
