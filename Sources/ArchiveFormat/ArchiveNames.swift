// The names of an archive's objects: where they are, and what of them a list of names tells already.

public import Vocabulary

/// Names are made here and matched here; nothing that an object says is ever joined to a name.
public enum ArchiveNames {
    /// All objects of a cluster are below this.
    public static func root(of cluster: ClusterID) -> String { "\(cluster)/" }
    public static func readme(of cluster: ClusterID) -> String { root(of: cluster) + "README.txt" }

    /// Marks of packs that nobody refers to.
    public static func garbage(of cluster: ClusterID) -> String { root(of: cluster) + "garbage/" }

    /// What came of trying restores.
    public static func verifications(of cluster: ClusterID) -> String { root(of: cluster) + "verifications/" }

    /// What came of rehearsing disasters.
    public static func drills(of cluster: ClusterID) -> String { root(of: cluster) + "drills/" }

    static let end = ".zst"

    /// 20 digits, so that names are in the order of numbers.
    static func digits(_ number: UInt64) -> String {
        let text = String(number)
        return String(repeating: "0", count: 20 - text.utf8.count) + text
    }

    /// Nil unless it is exactly what `digits` gives, for a number that is one.
    static func number(_ text: Substring) -> UInt64? {
        guard text.utf8.count == 20, let number = UInt64(text), digits(number) == text,
            number <= ArchiveHeader.numberMax
        else { return nil }
        return number
    }
}

/// The name of a timeline, as a part of names: `1`, or `2-0f3c9a7e` with the first half of its mark's first word.
public struct TimelineName: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let number: UInt64
    /// Eight hexadecimal digits; empty for the first timeline.
    public let mark: String

    public init(_ timeline: Timeline) {
        number = timeline.number
        let words = timeline.description.split(separator: "-")
        mark = words.count == 2 ? String(words[1]) : ""
    }

    /// Nil when it is no such name.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let number = UInt64(parts[0]), String(number) == parts[0], number > 0,
            number <= ArchiveHeader.numberMax
        else { return nil }
        let mark = parts.count == 2 ? String(parts[1]) : ""
        guard (number == 1) == mark.isEmpty, mark.isEmpty || mark.utf8.count == 8 && Hex.bytes(of: mark) != nil else {
            return nil
        }
        self.number = number
        self.mark = mark
        guard description == text else { return nil }
    }

    public static func < (a: TimelineName, b: TimelineName) -> Bool {
        a.number != b.number ? a.number < b.number : a.mark < b.mark
    }

    public var description: String { mark.isEmpty ? "\(number)" : "\(number)-\(mark)" }
}

/// The name of a run: `<cluster>/log/<timeline>/<first>-<last>-<time of the last entry>-t<term>.<run or tail>.zst`.
public struct RunName: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let cluster: ClusterID
    public let timeline: TimelineName
    public let first: LogIndex
    public let last: LogIndex
    public let lastTime: Timestamp
    public let term: Term
    /// A tail is small, and removed when a run holds what is in it.
    public let isTail: Bool

    public init(
        cluster: ClusterID, timeline: TimelineName, first: LogIndex, last: LogIndex, lastTime: Timestamp, term: Term,
        isTail: Bool
    ) {
        self.cluster = cluster
        self.timeline = timeline
        self.first = first
        self.last = last
        self.lastTime = lastTime
        self.term = term
        self.isTail = isTail
    }

    public static func folder(_ cluster: ClusterID) -> String { ArchiveNames.root(of: cluster) + "log/" }
    public static func folder(_ cluster: ClusterID, _ timeline: TimelineName) -> String {
        folder(cluster) + "\(timeline)/"
    }

    public var description: String {
        let digits = ArchiveNames.digits
        return RunName.folder(cluster, timeline) + digits(first.rawValue) + "-" + digits(last.rawValue) + "-"
            + TimeText.compact(lastTime) + "-t\(term)." + (isTail ? "tail" : "run") + ArchiveNames.end
    }

    /// Nil when the text is not exactly such a name.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[1] == "log", let cluster = ClusterID(hex: parts[0]),
            let timeline = TimelineName(parts[2])
        else { return nil }
        let words = parts[3].split(separator: ".", omittingEmptySubsequences: false)
        // The time has a point of its own.
        guard words.count == 4, words[2] == "tail" || words[2] == "run", "." + words[3] == ArchiveNames.end else {
            return nil
        }
        let fields = (words[0] + "." + words[1]).split(separator: "-", omittingEmptySubsequences: false)
        guard fields.count == 4, fields[3].first == "t", let term = UInt64(fields[3].dropFirst()),
            let first = ArchiveNames.number(fields[0]), let last = ArchiveNames.number(fields[1]),
            let time = TimeText.compact(fields[2])
        else { return nil }
        self.init(
            cluster: cluster, timeline: timeline, first: LogIndex(first), last: LogIndex(last), lastTime: time,
            term: Term(term), isTail: words[2] == "tail")
        // One form only.
        guard first >= 1, first <= last, term >= 1, description == text else { return nil }
    }

    /// Whether the object is what its name says.
    public func fits(_ header: ArchiveHeader) -> Bool {
        guard case .run(let run) = header.contents else { return false }
        return header.owner.cluster == cluster && TimelineName(header.owner.timeline) == timeline && run.first == first
            && run.last == last && run.lastTime == lastTime && header.term == term
    }

    public static func < (a: RunName, b: RunName) -> Bool {
        a.description.utf8.lexicographicallyPrecedes(b.description.utf8)
    }
}

/// The name of a part of a pack: `<cluster>/packs/<pack>-t<term>-<timeline>/<offset>.pack.zst`.
public struct PieceName: Hashable, Sendable, CustomStringConvertible {
    public let pack: PackFolder
    public let offset: Int

    public init(pack: PackFolder, offset: Int) {
        self.pack = pack
        self.offset = offset
    }

    public var description: String {
        "\(pack)" + ArchiveNames.digits(UInt64(offset)) + ".pack" + ArchiveNames.end
    }

    /// Nil when the text is not exactly such a name.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 4, let pack = PackFolder(parts[0], parts[1], parts[2]),
            let offset = ArchiveNames.number(parts[3].prefix(20))
        else { return nil }
        self.init(pack: pack, offset: Int(offset))
        guard description == text else { return nil }
    }

    /// Whether the object is what its name says.
    public func fits(_ header: ArchiveHeader) -> Bool {
        guard case .piece(let piece) = header.contents else { return false }
        return header.owner.cluster == pack.cluster && TimelineName(header.owner.timeline) == pack.timeline
            && header.term == pack.term && piece.pack == pack.number && piece.offset == offset
    }
}

/// Where the parts of a pack are. A pack is of one leader's term, so that no two write to one.
public struct PackFolder: Hashable, Sendable, CustomStringConvertible {
    public let cluster: ClusterID
    public let number: UInt64
    public let term: Term
    public let timeline: TimelineName

    public init(cluster: ClusterID, number: UInt64, term: Term, timeline: TimelineName) {
        self.cluster = cluster
        self.number = number
        self.term = term
        self.timeline = timeline
    }

    public static func all(of cluster: ClusterID) -> String { ArchiveNames.root(of: cluster) + "packs/" }

    /// What stands between the two last slashes.
    public var name: String { ArchiveNames.digits(number) + "-t\(term)-\(timeline)" }
    public var description: String { PackFolder.all(of: cluster) + name + "/" }

    /// By its own name, below the cluster's.
    public init?(_ name: some StringProtocol, of cluster: ClusterID) {
        let fields = name.split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3, let number = ArchiveNames.number(Substring(fields[0])), fields[1].first == "t",
            let term = UInt64(fields[1].dropFirst()), term >= 1, let timeline = TimelineName(fields[2])
        else { return nil }
        self.init(cluster: cluster, number: number, term: Term(term), timeline: timeline)
        guard self.name == name else { return nil }
    }

    init?(_ cluster: Substring, _ folder: Substring, _ name: Substring) {
        guard folder == "packs", let cluster = ClusterID(hex: cluster) else { return nil }
        self.init(name, of: cluster)
    }
}

/// The name of a backup: the time of its newest entry to the second, its timeline, its log index. As text in the order
/// of time.
public struct BackupID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let text: String
    /// To the second, rounded down.
    public let time: Timestamp
    public let index: LogIndex
    public let timeline: TimelineName

    public init(time: Timestamp, timeline: TimelineName, index: LogIndex) {
        self.time = Timestamp(rawValue: time.rawValue / 1_000_000 * 1_000_000)
        self.index = index
        self.timeline = timeline
        let mark = timeline.mark.isEmpty ? "" : "." + timeline.mark
        text = TimeText.seconds(time) + "-\(timeline.number)\(mark)-\(index)"
    }

    /// Nil when it is no such name.
    public init?(_ text: some StringProtocol) {
        let fields = text.split(separator: "-", omittingEmptySubsequences: false)
        guard fields.count == 3, let time = TimeText.seconds(fields[0]), let index = UInt64(fields[2]), index >= 1,
            index <= ArchiveHeader.numberMax,
            let timeline = TimelineName(String(fields[1].map { $0 == "." ? "-" : $0 }))
        else { return nil }
        self.init(time: time, timeline: timeline, index: LogIndex(index))
        guard self.text == text else { return nil }
    }

    public static func folder(_ cluster: ClusterID) -> String { ArchiveNames.root(of: cluster) + "backups/" }
    /// What makes the backup one: written last.
    public func manifest(of cluster: ClusterID) -> String { BackupID.folder(cluster) + text + "/manifest.json" }
    /// The snapshot's own manifest (`docs/formats/snapshot.md`).
    public func state(of cluster: ClusterID) -> String { BackupID.folder(cluster) + text + "/state.manifest" }

    /// While it is there, the backup is not removed.
    public func pin(of cluster: ClusterID) -> String { BackupID.folder(cluster) + text + "/pinned" }

    public static func < (a: BackupID, b: BackupID) -> Bool { a.text < b.text }
    public var description: String { text }
}
