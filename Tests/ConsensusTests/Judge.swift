// Judges a cluster from outside by what its nodes do and what is on their disks, never by what they claim.

import Testing
import Vocabulary

@testable import Consensus

/// Election safety, one vote per term, nothing spoken of before it is durable, log matching, leader completeness,
/// durability of what is committed, and reads that see all that was committed before them.
struct Judge {
    private var leaders: [Term: NodeID] = [:]
    private var votes: [[UInt64]: NodeID] = [:]
    /// Every frame that some node has committed, in order.
    private(set) var committed: [FrameSummary] = []
    private var commitOf: [NodeID: LogIndex] = [:]
    private var reads: [NodeID: [ReadRound: LogIndex]] = [:]
    private(set) var readsConfirmed = 0
    private(set) var elections = 0
    /// The newest configuration that was committed, if one was.
    private(set) var configuration: Configuration?
    private(set) var configurationsCommitted = 0
    private(set) var anomalies: [Anomaly] = []
    var findings: [String] = []
    /// False to find out what comes of a cluster that changes voters in one step.
    var watchesSteps = true

    var committedIndex: LogIndex { committed.last?.lastIndex ?? .zero }

    mutating func restarted(_ node: SimulatedNode) {
        commitOf[node.id] = node.raft?.commitIndex
        // A scene may begin with history on disk.
        let known = node.raft?.commitIndex ?? .zero
        committed += node.log.filter { $0.firstIndex > committedIndex && $0.lastIndex <= known }
        reads[node.id] = [:]
    }

    mutating func asked(_ round: ReadRound, at node: NodeID, mustSee index: LogIndex) {
        guard round > .zero else { return }
        let earlier = reads[node]?[round] ?? .zero
        reads[node, default: [:]][round] = max(earlier, index)
    }

    mutating func hears(_ directive: Directive, from node: SimulatedNode, in nodes: [SimulatedNode]) {
        switch directive {
        case .send(let message, let peer): judgeSpeech(message, to: peer, of: node)
        case .becameLeader: judgeLeader(node)
        case .commit(let index): judgeCommit(index, of: node, in: nodes)
        case .readConfirmed(let round, let index):
            expect(index <= commitOf[node.id] ?? .zero, "\(node.id) answers reads at \(index), which is not committed")
            judgeRead(round, index, at: node.id)
        case .truncate(let index, _):
            expect(index > commitOf[node.id] ?? .zero, "\(node.id) cut \(index), which it had committed")
        case .restartLog(let end, _):
            expect(end.index > commitOf[node.id] ?? .zero, "\(node.id) restarts at \(end), which it had committed")
            expect(committed.contains { $0.end == end }, "\(node.id) restarts at \(end), which is not committed")
            commitOf[node.id] = end.index
        case .anomaly(let anomaly): anomalies.append(anomaly)
        default: break
        }
    }

    private mutating func expect(_ condition: Bool, _ finding: @autoclosure () -> String) {
        if !condition { findings.append(finding()) }
    }

    /// A vote counts from when it is spoken of: one that was only ordered to disk may be lost with the process.
    private mutating func judgeVote(_ term: Term, for vote: NodeID, of node: NodeID) {
        let key = [node.high, node.low, term.rawValue]
        expect(votes[key] ?? vote == vote, "\(node) voted twice in term \(term)")
        votes[key] = vote
    }

    private mutating func judgeSpeech(_ message: Message, to peer: NodeID, of node: SimulatedNode) {
        if case .preVote = message.body { return }
        expect(message.term <= node.disk.term, "\(node.id) speaks of term \(message.term) before it is durable")
        switch message.body {
        case .vote:
            judgeVote(message.term, for: node.id, of: node.id)
            expect(node.disk.votedFor == node.id, "\(node.id) campaigns before its vote is durable")
        case .voteReply(granted: true):
            judgeVote(message.term, for: peer, of: node.id)
            guard message.term == node.disk.term else { return }
            expect(node.disk.votedFor == peer, "\(node.id) grants a vote that is not durable")
        case .progress(let report):
            let match = report.matchIndex
            expect(match <= node.disk.lastIndex, "\(node.id) acknowledges \(match), has \(node.disk.lastIndex)")
        default: break
        }
    }

    private mutating func judgeLeader(_ node: SimulatedNode) {
        guard let term = node.raft?.term else { return }
        elections += 1
        expect(leaders[term] ?? node.id == node.id, "two leaders in term \(term)")
        leaders[term] = node.id
        let known = Set(node.log)
        let begin = node.disk.snapshot?.end.index ?? .zero
        for frame in committed where frame.lastIndex > begin && !known.contains(frame) {
            findings.append("leader \(node.id) of term \(term) lacks committed \(frame.firstIndex)")
        }
    }

    private mutating func judgeCommit(_ index: LogIndex, of node: SimulatedNode, in nodes: [SimulatedNode]) {
        let before = commitOf[node.id] ?? .zero
        expect(index > before, "\(node.id) committed \(index) after \(before)")
        commitOf[node.id] = index
        for frame in node.log where frame.lastIndex > before && frame.lastIndex <= index {
            if let same = committed.first(where: { $0.lastIndex >= frame.lastIndex }) {
                expect(same == frame, "\(node.id) committed another frame at \(frame.lastIndex)")
            } else {
                expect(frame.firstIndex == committedIndex.next, "a hole before committed \(frame.firstIndex)")
                committed.append(frame)
                // What damage took may have been counted; its node is fenced.
                let copies = nodes.filter { $0.disk.has(frame) || $0.disk.isBallotUncertain }.map(\.id)
                let counts = node.raft?.configuration ?? node.configuration
                expect(counts.hasQuorum(where: copies.contains), "\(frame.firstIndex) committed with \(copies)")
                if let next = node.membership[frame] { judgeStep(to: next, from: node.configuration) }
            }
        }
    }

    /// Voters change by way of a joint configuration only.
    private mutating func judgeStep(to next: Configuration, from initial: Configuration) {
        let before = configuration ?? initial
        let isStep =
            next.voters == before.voters || next.outgoing == before.voters && !before.isJoint
        expect(isStep || !watchesSteps, "from \(before) to \(next)")
        configuration = next
        configurationsCommitted += 1
    }

    private mutating func judgeRead(_ round: ReadRound, _ index: LogIndex, at node: NodeID) {
        for (asked, mustSee) in reads[node] ?? [:] where asked <= round {
            expect(index >= mustSee, "read of round \(asked.rawValue) at \(node) sees \(index), not \(mustSee)")
            readsConfirmed += 1
            reads[node]?[asked] = nil
        }
    }
}
