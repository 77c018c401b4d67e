// Which entries of a run a restore takes: up to its target, exact to the entry.

import ArchiveFormat
import ByteCoding
import LogFormat
import Vocabulary

struct RunCutter: Sendable {
    private let target: RestoreTarget
    private let cluster: ClusterID

    init(_ target: RestoreTarget, _ cluster: ClusterID) {
        self.target = target
        self.cluster = cluster
    }

    /// What is wanted of a run, and what is behind the target if that lies within it.
    struct Part {
        var head: FrameRun
        var tail: FrameRun?
    }

    func cut(_ run: LogRun) throws(RestoreError) -> Part {
        guard let target = last(in: run.frames), target < run.facts.last else { return Part(head: run.frames) }
        let (head, tail) = try part(run.frames, behind: target)
        return Part(head: head, tail: tail)
    }

    /// Applies what is wanted of a run, which is given back, and proves the state by what is behind it.
    func take(_ run: LogRun, _ state: inout RestoredState) throws(RestoreError) -> FrameRun {
        let part = try cut(run)
        guard let tail = part.tail else {
            try state.take(part.head, run.digests)
            return part.head
        }
        let end = part.head.frames.last?.header.lastIndex ?? .zero
        try state.take(part.head, run.digests.filter { $0.index <= end })
        try state.goBeyond(tail, run.digests)
        return part.head
    }

    /// The last entry of a run that is wanted; nil when none is.
    func last(in run: FrameRun) -> LogIndex? {
        switch target {
        case .latest: return run.frames.last?.header.lastIndex
        case .backup: return nil
        case .index(let index): return run.frames.last.map { min(index, $0.header.lastIndex) }
        case .time(let time):
            guard let first = run.frames.first?.header else { return nil }
            var last = first.firstIndex.previous
            for place in run.frames where place.header.timestamp <= time {
                let behind = Int(clamping: time.rawValue - place.header.timestamp.rawValue)
                last = place.header.firstIndex + min(behind, Int(place.header.count) - 1)
            }
            return last
        }
    }

    func part(
        _ run: FrameRun, behind index: LogIndex
    ) throws(RestoreError) -> (head: FrameRun, tail: FrameRun) {
        var (head, tail) = (FrameRun(), FrameRun())
        for position in run.frames.indices {
            let header = run.frames[position].header
            let frame = run.frame(at: position)
            if header.lastIndex <= index {
                head.append(header, bytes: frame.bytes.rawBytes)
            } else if header.firstIndex > index {
                tail.append(header, bytes: frame.bytes.rawBytes)
            } else {
                do throws(FrameError) {
                    let cut = try FrameCut(frame, behind: index, cluster: cluster)
                    head.append(cut.head.header, bytes: cut.head.bytes.rawBytes)
                    tail.append(cut.tail.header, bytes: cut.tail.bytes.rawBytes)
                } catch { throw .archive(.object("the frame at \(header.firstIndex)", .damaged(.brokenChain, at: 0))) }
            }
        }
        return (head, tail)
    }
}
