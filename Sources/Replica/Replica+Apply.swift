// Committed entries become state, in order, once.

import ByteCoding
import Consensus
import Keyspace
import LogFormat
import PeerProtocol
import RESP
import Vocabulary

extension Replica {
    /// Applies what is committed and in memory, up to a bound per call; asks the log for what is not in memory.
    mutating func applyCommitted(at now: Moment, into effects: inout ReplicaEffects) {
        var bytes = 0
        while failure == nil, condition.isSound, appliedIndex < raft.commitIndex, bytes < options.applyBytesPerStep {
            guard let frame = cache.frame(at: appliedIndex.next) else {
                readFromDisk(
                    .apply, from: appliedIndex.next, byteLimit: options.applyBytesPerStep, into: &effects)
                return
            }
            bytes += frame.bytes.count
            apply(frame, at: now, into: &effects)
        }
    }

    /// Applies what was read back of the log, as far as it is what is to be applied next. What follows it is read
    /// meanwhile.
    mutating func apply(_ run: FrameRun, at now: Moment, into effects: inout ReplicaEffects) {
        if let last = run.frames.last?.header.lastIndex, last < raft.commitIndex, cache.frame(at: last.next) == nil {
            readFromDisk(.apply, from: last.next, byteLimit: options.applyBytesPerStep, into: &effects)
        }
        // Up to where frames are to be applied one by one, and up to where they have been warmed.
        var (alone, warmed) = (0, 0)
        var position = 0
        while position < run.frames.count {
            if position >= alone {
                let (end, isApplied) = applyInParts(run, from: position, at: now, into: &effects)
                alone = max(end, position + 1)
                if isApplied {
                    position = end
                    continue
                }
            }
            apply(run, position, warmed: &warmed, at: now, into: &effects)
            position += 1
        }
    }

    /// Applies one frame of a run, if it is the next.
    private mutating func apply(
        _ run: FrameRun, _ position: Int, warmed: inout Int, at now: Moment, into effects: inout ReplicaEffects
    ) {
        let header = run.frames[position].header
        guard header.firstIndex == appliedIndex.next, header.lastIndex <= raft.commitIndex, mayApply else { return }
        if position >= warmed { warmed = warm(run, from: position) }
        let isWarm = position < warmed
        begin(header)
        do throws(FrameError) {
            try run.withPayload(at: position) { payload throws(FrameError) in
                try apply(payload, of: header, isWarm: isWarm, at: now, into: &effects)
            }
        } catch { Replica.unreadable(header, error) }
        finish(header, size: run.frames[position].range.count, at: now, into: &effects)
    }

    /// Has the keyspace fetch what the next frames will touch, if they are small and their entries lie there as they
    /// are: many cache misses at once instead of one behind the other. Returns the position behind them.
    private mutating func warm(_ run: FrameRun, from first: Int) -> Int {
        group.removeAll(keepingCapacity: true)
        var position = first
        while position < run.frames.count, group.count < Keyspace.warmMax {
            let (header, range) = (run.frames[position].header, run.frames[position].range)
            guard header.kind == .entries, header.codec == .plain, Int(header.count) <= Keyspace.warmMax - group.count
            else { break }
            let payload = range.lowerBound + FrameHeader.byteCount
            var cursor = EntryCursor(header)
            let bytes = run.bytes.rawBytes.extracting(payload..<range.upperBound)
            while let entry = try? cursor.next(in: bytes) {
                group.append(payload + entry.lowerBound..<payload + entry.upperBound)
            }
            position += 1
        }
        if !group.isEmpty { keyspace.warm(run.bytes.rawBytes, entries: group) }
        return position
    }

    mutating func apply(_ frame: Frame, at now: Moment, into effects: inout ReplicaEffects) {
        guard mayApply else { return }
        let header = frame.header
        begin(header)
        do throws(FrameError) {
            try frame.withPayload { payload throws(FrameError) in
                try apply(payload, of: header, isWarm: false, at: now, into: &effects)
            }
        } catch { Replica.unreadable(header, error) }
        finish(header, size: frame.bytes.count, at: now, into: &effects)
    }

    var mayApply: Bool { failure == nil && condition.isSound }

    mutating func begin(_ header: FrameHeader) {
        precondition(
            header.firstIndex == appliedIndex.next, "frame at \(header.firstIndex) applied behind \(appliedIndex)")
        precondition(header.lastIndex <= raft.commitIndex, "frame at \(header.lastIndex) is not committed")
        changes.begin(at: header.firstIndex)
    }

    /// The frame's checksum was verified when it was received or read: this is a bug, and going on would be to guess
    /// what a committed entry says.
    static func unreadable(_ header: FrameHeader, _ error: FrameError) -> Never {
        preconditionFailure("committed frame at \(header.firstIndex) can not be read: \(error)")
    }

    mutating func finish(
        _ header: FrameHeader, size: Int, at now: Moment, into effects: inout ReplicaEffects
    ) {
        guard failure == nil else { return }
        if !keyspace.events.isEmpty { effects.keyEvents.take(&keyspace.events) }
        appliedIndex = header.lastIndex
        if !announcedAddresses.isEmpty { announcedAddresses.removeAll { $0.index <= appliedIndex } }
        appliedEnd = FrameEnd(
            position: LogPosition(term: header.term, index: header.lastIndex), checksum: header.checksum)
        appliedTime = header.timestamp.advanced(by: Int(header.count) - 1)
        noteAwaitedDigest()
        raft.setApplied(appliedIndex)
        schedule.applied(bytes: size)
        observeCommit(of: header, at: now)
        if let marker = passedMarker {
            passedMarker = nil
            pass(marker, at: now, into: &effects)
        }
    }

    private mutating func apply(
        _ payload: RawSpan, of header: FrameHeader, isWarm: Bool, at now: Moment,
        into effects: inout ReplicaEffects
    ) throws(FrameError) {
        if header.kind == .leaderStart, keyspace.waiterCount > 0 {
            keyspace.sendWaitersAway()
            answerServed(into: &effects)
        }
        var cursor = EntryCursor(header)
        var index = header.firstIndex
        var time = header.timestamp
        repeat {
            group.removeAll(keepingCapacity: true)
            while group.count < Keyspace.warmMax, let range = try cursor.next(in: payload) { group.append(range) }
            if header.kind == .entries, !isWarm { keyspace.warm(payload, entries: group) }
            for position in group.indices {
                let entry = payload.extracting(group[position])
                switch header.kind {
                case .entries:
                    apply(entry, at: time, index, at: now, into: &effects)
                    changes.note(index, keyspace.changes)
                case .membership: takeMembers(entry, at: index, header.term, into: &effects)
                case .marker: read(marker: entry, of: header)
                case .leaderStart: break
                }
                index = index.next
                time = time.advanced(by: 1)
            }
            keyspace.settleIndexes()
        } while !group.isEmpty
        figures.applied += UInt64(header.count)
    }

    private mutating func read(marker entry: RawSpan, of header: FrameHeader) {
        guard header.count == 1, let marker = try? Marker.decode(entry) else {
            failure = .unreadableEntry(header.firstIndex, header.term, what: "it is no marker")
            return
        }
        passedMarker = marker
    }

    private mutating func observeCommit(of header: FrameHeader, at now: Moment) {
        guard let frame = framesUnderWay.first else { return }
        guard frame.last <= header.lastIndex else { return }
        figures.commitLatency.record(
            UInt64(max(0, (now.instant - frame.made).inNanoseconds)), times: UInt64(header.count))
        figures.batchEntries.record(UInt64(header.count))
        framesUnderWay.removeFirst()
    }

    /// What was last logged of memory, whether it is applied yet or not.
    public var saysMemoryIsFull: Bool {
        guard let memorySaid, memorySaid.index > appliedIndex else { return keyspace.isMemoryFull }
        return memorySaid.isFull
    }

    /// The leader notices that its memory is full, or no longer, and says so in the log before anything else of this
    /// turn. What it has said counts for it from then on, applied or not.
    mutating func watchMemory(at now: Moment, into effects: inout ReplicaEffects) {
        guard raft.mayPropose else { return }
        let wasFull = saysMemoryIsFull
        let isFull = memoryLimit.isFull(used: keyspace.memory.total, wasFull: wasFull)
        guard isFull != wasFull else { return }
        builder.appendEntry(EntryCoding.memoryFull(isFull).rawBytes)
        seal(.entries, at: now, into: &effects)
        memorySaid = (isFull, raft.lastPosition.index)
        effects.news.append(.memory(isFull: isFull))
    }

    /// The leader notices that a key's time is over and says so in the log: expiry is decided by log time.
    mutating func expire(at now: Moment, into effects: inout ReplicaEffects) {
        guard raft.mayPropose, appliedIndex >= expiryTickAt, let due = keyspace.nextDeadline,
            readTime(now).milliseconds >= due
        else { return }
        let tick = EntryCoding.tick
        builder.appendEntry(tick.rawBytes)
        seal(.entries, at: now, into: &effects)
        expiryTickAt = raft.lastPosition.index
    }
}
