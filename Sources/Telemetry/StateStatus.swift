// Whether the state that a node serves is the one that the cluster agreed on.

import JSON
public import Vocabulary

/// The condition of one node's records, by the digests that replicas compare at markers in the log.
public struct StateStatus: Sendable, Equatable {
    public enum Condition: String, Sendable, CaseIterable {
        /// Equal to the others' at every marker so far.
        case sound
        /// There is none yet: what this node has on disk does not make one, and it waits for a snapshot.
        case missing
        /// It differed from the agreed one. The node serves nothing from it any more.
        case diverged
        /// What is in memory is not what was written to it. The node serves nothing from it any more.
        case damaged
        /// It is being made again, from a snapshot and the log behind it.
        case rebuilding
    }

    /// Where it differed.
    public struct Divergence: Sendable, Equatable {
        public var index: LogIndex
        public var own: Digest
        public var agreed: Digest

        public init(index: LogIndex, own: Digest, agreed: Digest) {
            self.index = index
            self.own = own
            self.agreed = agreed
        }
    }

    public var condition = Condition.sound
    /// What is wrong, and who has to do what: sentences for people. Empty while it is sound.
    public var text = ""
    public var remedy = ""
    /// Stays while the state is being rebuilt.
    public var divergence: Divergence?
    /// Markers at which this node compared its digest since its start, and of those the newest.
    public var compared: UInt64 = 0
    public var comparedIndex: LogIndex?

    public init() {}

    /// Any condition but `sound`.
    public init(_ condition: Condition, text: String, remedy: String, divergence: Divergence? = nil) {
        self.condition = condition
        self.text = text
        self.remedy = remedy
        self.divergence = divergence
    }

    public var isSound: Bool { condition == .sound }

    /// Why the node cannot serve; nil when the state is sound.
    public var unreadyReason: UnreadyReason? {
        isSound ? nil : .quarantined(why: text, remedy: .automatic(remedy))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("condition", condition.rawValue)
            writer.member("message", isSound ? nil : text)
            writer.member("remedy", isSound ? nil : remedy)
            writer.member("diverged_at_index", divergence?.index.rawValue)
            writer.member("own_digest", divergence?.own.description)
            writer.member("agreed_digest", divergence?.agreed.description)
            writer.member("compared", compared)
            writer.member("compared_index", comparedIndex?.rawValue)
        }
    }
}
