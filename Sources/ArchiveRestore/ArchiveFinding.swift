// One thing that a verification has to say of an archive: what, of which object, and what to do.

public import Vocabulary

public struct ArchiveFinding: Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// An object that another one needs, or the log goes on behind, is gone.
        case missing
        /// An object is not what was written under its name.
        case damaged
        /// An object is whole, and does not go on where the one before it ends.
        case brokenChain = "broken-chain"
        /// Two objects have different entries at the same index.
        case contradiction
        /// Written by a newer release, or with a key that is not here.
        case unreadable
        /// The log was begun anew: what lies before was released before it was shipped.
        case hole
        /// Nobody refers to an object any more, or yet.
        case leftover
        /// A name that no release writes.
        case unknownName = "unknown-name"
    }

    public let kind: Kind
    /// The object's name. Of a gap the object behind it.
    public let object: String
    public let text: String
    public let remedy: Remedy

    public init(_ kind: Kind, _ object: String, _ text: String, remedy: Remedy? = nil) {
        self.kind = kind
        self.object = object
        self.text = text
        self.remedy = remedy ?? ArchiveFinding.remedy(for: kind)
    }

    /// Whether something that can be restored is less than it should be. The others are worth knowing.
    public var isDamage: Bool {
        switch kind {
        case .missing, .damaged, .brokenChain, .contradiction, .unreadable: true
        case .hole, .leftover, .unknownName: false
        }
    }

    public var description: String { "\(kind.rawValue): \(object): \(text)" }

    private static func remedy(for kind: Kind) -> Remedy {
        switch kind {
        case .missing, .damaged:
            .operate(
                "put the object back from a copy of the archive or an older version in the bucket; if there is none, "
                    + "remove what is there, and make a new backup: what is behind that can be restored")
        case .brokenChain, .contradiction:
            .operate("see who else writes to this archive; keep both objects, and make a new backup")
        case .unreadable: .operate("use the release that wrote it or a newer one, with its keys")
        case .hole: .operate("make a backup behind it: from there on everything can be restored")
        case .leftover: .automatic("it costs room only: an interrupted backup's, or one that is being made now")
        case .unknownName: .operate("remove it, if nobody knows what it is for")
        }
    }
}

/// What a verification came to.
public struct ArchiveVerdict: Sendable {
    /// Objects that were read, and bytes; with a quick one those that were looked at.
    public var objects = 0
    public var bytes = 0
    /// Of the log.
    public var runs = 0
    public var entries = 0
    public var backups = 0
    /// Backups of which everything is there.
    public var goodBackups = 0
    /// Of each timeline: entries whose objects are whole and follow each other.
    public var ranges: [(timeline: String, range: ClosedRange<LogIndex>)] = []
    public var findings: [ArchiveFinding] = []
    /// Contents were not read: only names and fronts.
    public var isQuick = false

    public init() {}

    public var damages: [ArchiveFinding] { findings.filter(\.isDamage) }
    public var isWhole: Bool { damages.isEmpty }
}
