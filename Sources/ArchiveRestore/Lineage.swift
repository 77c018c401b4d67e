// A timeline with those that it goes back to, as one log.

public import ArchiveFormat
public import ArchiveStore
public import Vocabulary

/// The objects that lead to a timeline's end, from it and its ancestors. A timeline goes on behind the object of an
/// earlier one that ends where its own first object begins, with the same chain: that is proof that both have the same
/// entries up to there.
public struct Lineage: Sendable {
    public struct Branch: Hashable, Sendable {
        public let timeline: TimelineName
        /// The last entry that belongs to the line; nil for the newest branch.
        public let through: LogIndex?
    }

    /// Newest first.
    public let branches: [Branch]
    public let runs: RunCatalogue

    public init(of timeline: TimelineName, in view: ArchiveView) throws(RestoreError) {
        var branches = [Branch(timeline: timeline, through: nil)]
        var items = view.runs[timeline]?.items ?? []
        var current = timeline
        while let first = view.runs[current]?.items.first?.name, first.first > LogIndex(1) {
            guard case .run(let facts) = try view.header(of: first).contents, facts.chain != .origin,
                let parent = try Lineage.parent(of: facts.start, before: current, in: view)
            else { break }
            let through = facts.first.previous
            branches.append(Branch(timeline: parent, through: through))
            items += (view.runs[parent]?.items ?? []).filter { $0.name.last <= through }
            current = parent
        }
        self.branches = branches
        runs = RunCatalogue(items)
    }

    /// The timeline that has an object which ends with this chain.
    private static func parent(
        of end: ChainEnd, before timeline: TimelineName, in view: ArchiveView
    ) throws(RestoreError) -> TimelineName? {
        for candidate in view.timelines.filter({ $0 < timeline }).reversed() {
            let ending = (view.runs[candidate]?.items ?? []).map(\.name).filter { $0.last == end.position.index }
            for name in ending {
                let run = try archived { () throws(ArchiveError) in try ArchivedRun.fetch(name, from: view.store) }
                if run.end == end { return candidate }
            }
        }
        return nil
    }

    /// Whether a backup is of this line.
    public func holds(_ backup: BackupID) -> Bool {
        branches.contains { $0.timeline == backup.timeline && backup.index <= $0.through ?? backup.index }
    }

    /// What can be restored: from the log's first entry or from a backup on, as far as the log goes on without a gap.
    public func ranges(_ backups: BackupCatalogue) -> [RestorableRange] {
        var ranges: [RestorableRange] = []
        let starts = [nil] + backups.ids.filter(holds).sorted { $0.index < $1.index }.map { Optional($0) }
        for start in starts {
            let begin = start?.index ?? .zero
            let last = runs.path(behind: begin, through: LogIndex(.max >> 2)).last?.name
            guard start != nil || last != nil else { continue }
            let end = last?.last ?? begin
            let time = last?.lastTime ?? start?.time ?? .zero
            if let known = ranges.last, known.last >= end { continue }
            let firstTime = start?.time
            let timeline = branches[0].timeline
            if let known = ranges.last, known.last >= begin {
                ranges[ranges.count - 1] = RestorableRange(
                    timeline: timeline, first: known.first, last: end, firstTime: known.firstTime, lastTime: time)
            } else {
                ranges.append(
                    RestorableRange(
                        timeline: timeline, first: max(begin, LogIndex(1)), last: end, firstTime: firstTime,
                        lastTime: time))
            }
        }
        return ranges
    }
}
