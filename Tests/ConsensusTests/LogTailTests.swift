// The log's tail against a naive twin that forgets nothing, and appends against all small logs.

import Testing
import Vocabulary

@testable import Consensus

/// Frames for tests: chained, with a checksum that tells content apart.
func chain(after end: FrameEnd, _ terms: [UInt64], length: UInt64 = 1, salt: UInt32 = 0) -> [FrameSummary] {
    var end = end
    return terms.map { term in
        let frame = FrameSummary(
            term: Term(term), firstIndex: end.index.next, lastIndex: LogIndex(end.index.rawValue + length),
            checksum: (end.checksum &* 31 &+ UInt32(truncatingIfNeeded: term) &+ salt) &* 2_654_435_761 &+ 1,
            previousTerm: end.position.term, previousChecksum: end.checksum, size: 10)
        end = frame.end
        return frame
    }
}

struct LogTailTests {
    @Test func `the tail answers like a log that forgets nothing`() {
        for seed in 0..<80 as Range<UInt64> {
            var random = TestRandom(seed)
            var tail = LogTail(restored: .nothing)
            var frames: [(frame: FrameSummary, ticket: UInt64)] = []
            var ticket: UInt64 = 0
            var persisted: UInt64 = 0
            var persistedIndex = LogIndex.zero
            for _ in 0..<80 {
                switch random.below(5) {
                case 0, 1:
                    ticket += 1
                    let term = max(1, tail.last.position.term.rawValue + (random.chance(20) ? 1 : 0))
                    let length = 1 + UInt64(random.below(3))
                    let frame = chain(after: tail.last, [term], length: length, salt: UInt32(ticket))[0]
                    tail.append(frame, ticket: WriteTicket(ticket))
                    frames.append((frame, ticket))
                case 2:
                    persisted = min(ticket, persisted + UInt64(random.below(4)))
                    tail.persist(through: WriteTicket(persisted))
                    for (frame, ticket) in frames where ticket <= persisted && frame.lastIndex > persistedIndex {
                        persistedIndex = frame.lastIndex
                    }
                case 3:
                    let open = frames.filter { $0.frame.lastIndex > tail.commit.index }
                    guard !open.isEmpty else { continue }
                    tail.commit(open[random.below(open.count)].frame.end)
                default:
                    let open = frames.filter { $0.frame.lastIndex > tail.commit.index }
                    guard !open.isEmpty, random.chance(30) else { continue }
                    let cut = open[random.below(open.count)].frame.firstIndex
                    tail.truncate(from: cut)
                    frames.removeAll { $0.frame.firstIndex >= cut }
                    persistedIndex = min(persistedIndex, cut.previous)
                    ticket += 1
                }
                tail.checkInvariants()
                compare(tail, frames.map(\.frame), persistedIndex)
            }
        }
    }

    private func compare(_ tail: LogTail, _ frames: [FrameSummary], _ persistedIndex: LogIndex) {
        #expect(tail.last == frames.last?.end ?? .zero)
        #expect(tail.persistedIndex == persistedIndex)
        let floor = min(tail.commit.index, persistedIndex)
        for index in floor.rawValue...tail.last.index.rawValue + 1 {
            let index = LogIndex(index)
            #expect(tail.end(at: index) == ([FrameEnd.zero] + frames.map(\.end)).first { $0.index == index })
            let below = ([FrameEnd.zero] + frames.map(\.end)).last { $0.index <= index }
            #expect(tail.end(atOrBelow: index) == below)
            let start = frames.first { $0.firstIndex == index && $0.lastIndex > floor }
            #expect(tail.frame(startingAt: index) == start)
        }
        #expect(tail.frameCount == frames.count { $0.lastIndex > floor })
        #expect(tail.bytes == tail.frameCount * 10)
    }

    /// All logs of up to four frames with terms that do not decrease.
    private static let logs: [[UInt64]] = {
        var logs: [[UInt64]] = [[]]
        for length in 1...4 {
            QuorumTests.forAll(length: length, base: 3) { terms in
                let log = terms.map { UInt64($0 + 1) }
                if log == log.sorted() { logs.append(log) }
            }
        }
        return logs
    }()

    @Test func `after an append that connects the log is the leader's up to its end`() {
        for leader in LogTailTests.logs {
            let theirs = chain(after: .zero, leader)
            for follower in LogTailTests.logs {
                let ours = chain(after: .zero, follower)
                let common = zip(ours, theirs).prefix { $0 == $1 }.count
                for committed in 0...common {
                    for from in 0...theirs.count {
                        for to in from...theirs.count { check(ours, theirs, committed, from, to, common) }
                    }
                }
            }
        }
    }

    private func check(
        _ ours: [FrameSummary], _ theirs: [FrameSummary], _ committed: Int, _ from: Int, _ to: Int, _ common: Int
    ) {
        let restored = Restored(
            term: Term(9), votedFor: nil, last: ours.last?.end ?? .zero, uncommitted: Array(ours[committed...]))
        var tail = LogTail(restored: restored)
        let begin = from == 0 ? FrameEnd.zero : theirs[from - 1].end
        let append = Message.Append(
            previous: begin.position, previousChecksum: begin.checksum, frames: Array(theirs[from..<to]),
            commitIndex: .zero, round: .zero)
        #expect(append.isChain(until: Term(9)))
        switch tail.place(append, verifiedIndex: LogIndex(UInt64(committed))) {
        case .gap:
            #expect(from > common, "an append at \(from) connects to \(common) equal frames")
        case .divergence(let index, _):
            Issue.record("divergence at \(index), although the leader has all that is committed")
        case .connects(let known, let conflict):
            #expect(from <= max(common, committed))
            if let conflict { tail.truncate(from: conflict) }
            for frame in append.frames[known...] { tail.append(frame, ticket: WriteTicket(1)) }
            for frame in append.frames where frame.lastIndex > tail.commit.index {
                #expect(tail.frame(startingAt: frame.firstIndex) == frame)
            }
            // An append that brings nothing new cuts nothing.
            if to <= common { #expect(tail.last == restored.last && conflict == nil) }
            tail.checkInvariants()
        }
    }

    @Test func `a leader that contradicts what is committed or verified is refused`() {
        let ours = chain(after: .zero, [1, 1, 1])
        let theirs = chain(after: .zero, [1, 2, 2])
        let restored = Restored(term: Term(2), votedFor: nil, last: ours[2].end, uncommitted: [ours[2]])
        let tail = LogTail(restored: restored)
        for from in 0...2 {
            let begin = from == 0 ? FrameEnd.zero : theirs[from - 1].end
            let append = Message.Append(
                previous: begin.position, previousChecksum: begin.checksum, frames: Array(theirs[from...]),
                commitIndex: .zero, round: .zero)
            guard case .divergence = tail.place(append, verifiedIndex: LogIndex(2)) else {
                Issue.record("placed an append from \(from) over what is committed")
                continue
            }
        }
        let rival = chain(after: ours[1].end, [2])
        let append = Message.Append(
            previous: ours[1].end.position, previousChecksum: ours[1].checksum, frames: rival, commitIndex: .zero,
            round: .zero)
        #expect(tail.place(append, verifiedIndex: LogIndex(2)) == .connects(known: 0, conflict: LogIndex(3)))
        guard case .divergence = tail.place(append, verifiedIndex: LogIndex(3)) else {
            Issue.record("placed an append over what this leader had sent itself")
            return
        }
    }

    @Test func `an append that reaches a commit index where the logs differ never connects`() {
        for leader in LogTailTests.logs {
            let theirs = chain(after: .zero, leader)
            for follower in LogTailTests.logs {
                let ours = chain(after: .zero, follower)
                let common = zip(ours, theirs).prefix { $0 == $1 }.count
                guard common < ours.count else { continue }
                for committed in common + 1...ours.count {
                    for from in 0...theirs.count {
                        for to in from...theirs.count where to >= committed {
                            refuse(ours, theirs, committed, from, to)
                        }
                    }
                }
            }
        }
    }

    private func refuse(
        _ ours: [FrameSummary], _ theirs: [FrameSummary], _ committed: Int, _ from: Int, _ to: Int
    ) {
        let restored = Restored(
            term: Term(9), votedFor: nil, last: ours.last?.end ?? .zero, uncommitted: Array(ours[committed...]))
        let tail = LogTail(restored: restored)
        let begin = from == 0 ? FrameEnd.zero : theirs[from - 1].end
        let append = Message.Append(
            previous: begin.position, previousChecksum: begin.checksum, frames: Array(theirs[from..<to]),
            commitIndex: .zero, round: .zero)
        switch tail.place(append, verifiedIndex: tail.commit.index) {
        case .divergence(let index, _): #expect(index <= tail.commit.index)
        case .gap: #expect(begin.index > tail.commit.index)
        case .connects: Issue.record("\(append) connects to \(ours), committed up to \(committed)")
        }
    }

    @Test func `a leader of a later term whose log ends before what is committed here is refused`() {
        let ours = chain(after: .zero, [1, 1, 1, 1])
        let tail = LogTail(restored: Restored(term: Term(2), votedFor: nil, last: ours[3].end, uncommitted: []))
        let theirs = chain(after: ours[0].end, [2])
        let append = Message.Append(
            previous: ours[0].end.position, previousChecksum: ours[0].checksum, frames: theirs, commitIndex: .zero,
            round: .zero)
        #expect(
            tail.place(append, verifiedIndex: LogIndex(4)) == .divergence(LogIndex(2), there: theirs[0].end))
    }

    @Test func `a broken chain is no append`() {
        let frames = chain(after: .zero, [1, 1, 2])
        func isChain(_ frames: [FrameSummary], until term: UInt64 = 2) -> Bool {
            Message.Append(previous: .zero, previousChecksum: 0, frames: frames, commitIndex: .zero, round: .zero)
                .isChain(until: Term(term))
        }
        #expect(isChain(frames))
        #expect(isChain([]))
        #expect(!isChain(frames, until: 1))
        #expect(!isChain([frames[0], frames[2]]))
        #expect(!isChain([frames[1]]))
        let damages: [(inout FrameSummary) -> Void] = [
            { $0.firstIndex = .zero }, { $0.firstIndex = LogIndex(3) }, { $0.lastIndex = LogIndex(1) },
            { $0.term = .zero }, { $0.previousTerm = Term(2) }, { $0.previousChecksum = 7 }, { $0.size = -1 },
        ]
        for damage in damages {
            var broken = frames
            damage(&broken[1])
            #expect(!isChain(broken))
        }
    }
}
