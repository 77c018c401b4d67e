// Holds messages back until what they speak of is durable.

import Vocabulary

/// A term or a vote may be told to others only after its ballot record is synced: a node that forgets it in a crash
/// would vote twice. Messages wait here for their ticket, first in, first out; at most one of each kind to each peer,
/// since a newer one of a kind supersedes the older.
struct DurabilityGate: Hashable, Sendable {
    private struct Held: Hashable, Sendable {
        var ticket: WriteTicket
        var message: Message
        var to: NodeID
    }

    private var held: [Held] = []

    var isEmpty: Bool { held.isEmpty }

    mutating func hold(_ message: Message, to peer: NodeID, until ticket: WriteTicket) {
        held.removeAll { $0.to == peer && $0.message.body.kind == message.body.kind }
        held.append(Held(ticket: ticket, message: message, to: peer))
    }

    mutating func release(through ticket: WriteTicket, into out: inout [Directive]) {
        while let first = held.first, first.ticket <= ticket {
            out.append(.send(first.message, to: first.to))
            held.removeFirst()
        }
    }

    /// Forgets everything: a new term has begun, and the old one's messages would be ignored.
    mutating func clear() { held.removeAll(keepingCapacity: true) }
}

extension Message.Body {
    /// The kind of message, without its content.
    enum Kind: Hashable, Sendable {
        case preVote, preVoteReply, vote, voteReply, append, heartbeat, progress, timeoutNow
    }

    var kind: Kind {
        switch self {
        case .preVote: .preVote
        case .preVoteReply: .preVoteReply
        case .vote: .vote
        case .voteReply: .voteReply
        case .append: .append
        case .heartbeat: .heartbeat
        case .progress: .progress
        case .timeoutNow: .timeoutNow
        }
    }
}
