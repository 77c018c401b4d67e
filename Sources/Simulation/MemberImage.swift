// Who takes part, as an entry of the log says it: a judge's own reading of the table in docs/formats/log.md.

import ByteCoding
import LogFormat
import Vocabulary

/// Voters, while they change those of before as well, and those that do not vote.
struct MemberImage: Hashable, Sendable {
    let voters: [NodeID]
    /// Empty unless the voters are just changing.
    let outgoing: [NodeID]
    let learners: [NodeID]

    init(voters: [NodeID], outgoing: [NodeID] = [], learners: [NodeID] = []) {
        self.voters = voters
        self.outgoing = outgoing
        self.learners = learners
    }

    /// Nil when the entry says something else: zero and one are what a configuration begins with.
    init?(_ entry: [UInt8]) {
        guard entry.starts(with: [0, 1]) else { return nil }
        var rest = entry.dropFirst(2)
        var lists: [[NodeID]] = []
        for _ in 0..<3 {
            guard let list = MemberImage.list(&rest) else { return nil }
            lists.append(list)
        }
        guard rest.isEmpty else { return nil }
        self.init(voters: lists[0], outgoing: lists[1], learners: lists[2])
    }

    private static func list(_ bytes: inout ArraySlice<UInt8>) -> [NodeID]? {
        guard let count = bytes.popFirst().map(Int.init), bytes.count >= 16 * count else { return nil }
        var nodes: [NodeID] = []
        for _ in 0..<count {
            guard let node = NodeID(high: word(&bytes), low: word(&bytes)) else { return nil }
            nodes.append(node)
        }
        return nodes
    }

    private static func word(_ bytes: inout ArraySlice<UInt8>) -> UInt64 {
        defer { bytes.removeFirst(8) }
        return bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// What a frame makes of the membership; nil when it leaves it as it is.
    static func found(in frame: Frame) -> (index: LogIndex, members: MemberImage)? {
        guard frame.header.kind == .membership else { return nil }
        var found: (LogIndex, MemberImage)?
        try? frame.withPayload { payload throws(FrameError) in
            var cursor = EntryCursor(frame.header)
            var index = frame.header.firstIndex
            while let range = try cursor.next(in: payload) {
                if let members = MemberImage([UInt8](payload.extracting(range))) { found = (index, members) }
                index = index.next
            }
        }
        return found
    }

    var isJoint: Bool { !outgoing.isEmpty }
    var all: [NodeID] { Set(voters + outgoing + learners).sorted() }
    func isVoter(_ node: NodeID) -> Bool { voters.contains(node) || outgoing.contains(node) }
    func isMember(_ node: NodeID) -> Bool { isVoter(node) || learners.contains(node) }

    /// How many of the voters may be lost, whichever these are.
    var tolerance: Int { sets.map { ($0.count - 1) / 2 }.min() ?? 0 }

    /// Whether a majority agrees, and one of the voters of before as well.
    func isQuorum(_ agrees: (NodeID) -> Bool) -> Bool { sets.allSatisfy { 2 * $0.count(where: agrees) > $0.count } }

    private var sets: [[NodeID]] { isJoint ? [voters, outgoing] : [voters] }

    /// Whether the log may go on from these members to others: voters change by way of both sets only.
    func mayBecome(_ next: MemberImage) -> Bool {
        if next.voters == voters, next.outgoing == outgoing { return true }
        return isJoint ? next.voters == voters && !next.isJoint : next.outgoing == voters
    }
}

extension MemberImage: CustomStringConvertible {
    var description: String {
        let before = isJoint ? " and \(names(outgoing))" : ""
        return names(voters) + before + (learners.isEmpty ? "" : " with \(names(learners))")
    }

    private func names(_ nodes: [NodeID]) -> String { nodes.map(\.description).joined(separator: ",") }
}
