// The note beside damaged files: what was found, and what became of the log.

public import LogFormat
public import Vocabulary

/// `quarantine/<time>-report.txt`: lines of `name: value`, and sentences for people. Names and values are stable, so
/// that a node that starts again in the middle of its repair can say what it is repairing.
public struct QuarantineReport: Hashable, Sendable {
    public var kind: DamageKind
    public var file: String
    public var offset: Int
    public var lsn: LSN
    public var firstIndex: LogIndex
    public var highestIndex: LogIndex
    /// The node does not vote before it has all entries up to here again.
    public var fence: LogIndex
    public var isBallotUncertain: Bool
    /// The damaged files as they were found, as `quarantine/<time>-wal-….seg`.
    public var copies: [String]

    static let ending = "-report.txt"

    init(_ damage: LogDamage, fenced: LogState, copies: [String]) {
        kind = damage.kind
        file = damage.file
        offset = damage.offset
        lsn = damage.lsn
        firstIndex = damage.firstIndex
        highestIndex = damage.highestIndex
        fence = fenced.fence ?? .zero
        isBallotUncertain = fenced.isBallotUncertain
        self.copies = copies
    }

    public var damage: LogDamage {
        LogDamage(
            kind: kind, file: file, offset: offset, lsn: lsn, firstIndex: firstIndex, highestIndex: highestIndex)
    }

    public var text: String {
        let votes =
            isBallotUncertain
            ? "The damage may hide a vote, so only terms above every one met later are safe to vote in."
            : "Its term and vote are known."
        let lines =
            [
                "kind: \(kind.rawValue)", "file: \(file)", "offset: \(offset)", "lsn: \(lsn.rawValue)",
                "first index affected: \(firstIndex)", "highest index seen: \(highestIndex)", "fence: \(fence)",
                "vote known: \(isBallotUncertain ? "no" : "yes")",
                "The log was ended before the damage. The node neither votes nor counts for a quorum until it has all",
                "entries up to \(fence) again. \(votes)", "The files as they were found:",
            ] + copies
        return lines.joined(separator: "\n") + "\n"
    }

    /// Nil when the text is no report, or one that was cut short.
    public init?(_ text: String) {
        var values: [String: String] = [:]
        var copies: [String] = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix(SegmentName.quarantine + "/") {
                copies.append(String(line))
            } else if let colon = line.firstIndex(of: ":") {
                values[String(line[..<colon])] = String(line[line.index(after: colon)...].drop { $0 == " " })
            }
        }
        func number(_ name: String) -> UInt64? { values[name].flatMap { UInt64($0) } }
        guard let kind = values["kind"].flatMap(DamageKind.init), let file = values["file"],
            let offset = number("offset"), let lsn = number("lsn"), let first = number("first index affected"),
            let highest = number("highest index seen"), let fence = number("fence"), let vote = values["vote known"]
        else { return nil }
        self.kind = kind
        self.file = file
        self.offset = Int(clamping: offset)
        self.lsn = LSN(lsn)
        firstIndex = LogIndex(first)
        highestIndex = LogIndex(highest)
        self.fence = LogIndex(fence)
        isBallotUncertain = vote == "no"
        self.copies = copies
    }
}
