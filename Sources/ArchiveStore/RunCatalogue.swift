// The runs and tails of an archive, by their names.

public import ArchiveFormat
public import ObjectStores
public import Vocabulary

/// What a list of names says of the log. Objects may overlap, where a leader did not know what the one before it had
/// shipped; what they both hold is the same.
public struct RunCatalogue: Sendable {
    public struct Item: Hashable, Sendable {
        public let name: RunName
        /// In bytes, as stored.
        public let size: Int

        public init(name: RunName, size: Int) {
            self.name = name
            self.size = size
        }
    }

    /// By first index; of those with the same, the longest first.
    public let items: [Item]
    /// Names below the same folder that nobody writes.
    public let strangers: [String]

    public init(_ listings: [ObjectListing]) {
        var items: [Item] = []
        var strangers: [String] = []
        for listing in listings {
            guard let name = RunName(listing.key.text) else {
                strangers.append(listing.key.text)
                continue
            }
            items.append(Item(name: name, size: listing.size))
        }
        self.init(items, strangers: strangers)
    }

    public init(_ items: [Item], strangers: [String] = []) {
        self.items = items.sorted { RunCatalogue.isBefore($0.name, $1.name) }
        self.strangers = strangers
    }

    private static func isBefore(_ a: RunName, _ b: RunName) -> Bool {
        if a.first != b.first { return a.first < b.first }
        return a.last != b.last ? a.last > b.last : a < b
    }

    /// Those of one timeline.
    public static func read(
        _ store: any ObjectStore, _ cluster: ClusterID, _ timeline: TimelineName
    ) throws(ArchiveError) -> RunCatalogue {
        RunCatalogue(try store.names(below: RunName.folder(cluster, timeline)))
    }

    /// Those of all timelines.
    public static func readAll(
        _ store: any ObjectStore, _ cluster: ClusterID
    ) throws(ArchiveError) -> [TimelineName: RunCatalogue] {
        let all = RunCatalogue(try store.names(below: RunName.folder(cluster)))
        return Dictionary(grouping: all.items) { $0.name.timeline }.mapValues { RunCatalogue($0) }
    }

    public var last: LogIndex { items.map(\.name.last).max() ?? .zero }

    /// The objects that lead from behind `index` through `target` without a gap, each reaching as far as any can; as
    /// far as there are some.
    public func path(behind index: LogIndex, through target: LogIndex) -> [Item] {
        var path: [Item] = []
        var end = index
        var next = 0
        while end < target {
            var best: Item?
            while next < items.count, items[next].name.first <= end.next {
                if items[next].name.last > best?.name.last ?? end { best = items[next] }
                next += 1
            }
            guard let best else { break }
            path.append(best)
            end = best.name.last
        }
        return path
    }

    /// The ranges that are there without a gap, ascending.
    public var intervals: [ClosedRange<LogIndex>] {
        var found: [ClosedRange<LogIndex>] = []
        for item in items {
            if let current = found.last, item.name.first <= current.upperBound.next {
                found[found.count - 1] = current.lowerBound...max(current.upperBound, item.name.last)
            } else {
                found.append(item.name.first...item.name.last)
            }
        }
        return found
    }

    /// Tails of which a run of the same timeline holds everything: another timeline has other entries there.
    public var superseded: [RunName] {
        let runs = items.map(\.name).filter { !$0.isTail }
        return items.map(\.name).filter { tail in
            tail.isTail
                && runs.contains { $0.timeline == tail.timeline && $0.first <= tail.first && tail.last <= $0.last }
        }
    }

    /// Removes them.
    public static func removeSuperseded(in store: any ObjectStore, of cluster: ClusterID) throws(ArchiveError) {
        for name in RunCatalogue(try store.names(below: RunName.folder(cluster))).superseded {
            try store.remove(name.description)
        }
    }
}
