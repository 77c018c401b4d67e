// What a message must look like before it is acted upon: bounds and chains.

import Vocabulary

extension Message {
    /// No cluster counts so far; beyond it, arithmetic could overflow.
    private static let numberMax: UInt64 = 1 << 62

    /// Every number in it is one that a cluster can reach.
    var isPlausible: Bool {
        func fits(_ numbers: UInt64...) -> Bool { numbers.allSatisfy { $0 < Message.numberMax } }
        guard fits(term.rawValue) else { return false }
        switch body {
        case .preVote(let candidacy), .vote(let candidacy):
            return term > .zero && fits(candidacy.last.term.rawValue, candidacy.last.index.rawValue)
        case .append(let append):
            return fits(append.previous.index.rawValue, append.commitIndex.rawValue, append.end.index.rawValue)
        case .heartbeat(let commitIndex, _, _):
            return fits(commitIndex.rawValue)
        case .progress(let report):
            return fits(report.matchIndex.rawValue, report.resendFrom?.rawValue ?? 0)
        case .preVoteReply, .voteReply, .timeoutNow:
            return true
        }
    }
}

extension Message.Append {
    /// Where the first frame connects.
    var begin: FrameEnd { FrameEnd(position: previous, checksum: previousChecksum) }
    /// Where the last frame ends.
    var end: FrameEnd { frames.last?.end ?? begin }

    /// The frames follow each other from `begin`, none empty, in terms that do not decrease and end at `term`.
    func isChain(until term: Term) -> Bool {
        var reached = begin
        for frame in frames {
            guard frame.firstIndex > .zero, frame.lastIndex >= frame.firstIndex, (0...1 << 40).contains(frame.size),
                frame.previous == reached, frame.term >= reached.position.term
            else { return false }
            reached = frame.end
        }
        return reached.position.term <= term && areConfigurationsInPlace
    }

    /// Each configuration is an entry of the frames, and they ascend.
    private var areConfigurationsInPlace: Bool {
        var reached = begin.index
        for change in configurations {
            guard change.index > reached, change.index <= end.index else { return false }
            reached = change.index
        }
        return true
    }
}

extension Message.Body {
    /// Said to a leader or a candidate, because it asked.
    var isAnswer: Bool {
        switch self {
        case .preVoteReply, .voteReply, .progress: true
        case .preVote, .vote, .append, .heartbeat, .timeoutNow: false
        }
    }
}
