// Builds of secondary indexes that have come to their end: what each was, and how fast.

import JSON
public import Vocabulary

/// One build of one index.
public struct IndexBuild: Sendable, Equatable {
    public var index: String
    /// Records that the walk has met.
    public var records: Int
    public var took: Duration
    /// Values that the index found before, if it was in service, and those that it finds now.
    public var before: Int?
    public var after: Int

    public init(index: String, records: Int, took: Duration, before: Int?, after: Int) {
        self.index = index
        self.records = records
        self.took = took
        self.before = before
        self.after = after
    }

    /// Records a second; nil when it was over at once.
    public var perSecond: Double? { took > .zero ? (Double(records) / took.inSeconds * 10).rounded() / 10 : nil }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("records", records)
            writer.member("seconds", took.milliseconds / 1000)
            writer.member("per_second", perSecond)
            writer.member("entries_before", before)
            writer.member("entries", after)
        }
    }
}

/// Tells from what indexes look like, time and again, which builds have ended in between. Indexes are built one after
/// the other, in their order.
public struct IndexBuildWatch: Sendable {
    private struct Watched: Sendable {
        var name: String
        var isReady: Bool
        var isBeingBuilt: Bool
        var rebuilds: UInt64
        /// When it was first seen to be the one that is built.
        var began: Instant?
    }

    private var known: [Watched] = []

    public init() {}

    /// Whether a build was under way at the last look.
    public var isBusy: Bool { known.contains { $0.isBeingBuilt } }

    /// The builds that have ended since the last look.
    ///
    /// - Parameters:
    ///   - indexes: all of them, in their order.
    ///   - began: when what happened since the last look began; what is seen for the first time began then.
    public mutating func look(at indexes: [IndexStatus], began: Instant, now: Instant) -> [IndexBuild] {
        var builds: [IndexBuild] = []
        var next: [Watched] = []
        for index in indexes {
            let old = known.first { $0.name == index.name }
            var watched = Watched(
                name: index.name, isReady: index.isReady, isBeingBuilt: index.isBeingBuilt, rebuilds: index.rebuilds)
            let isFirst = !next.contains { $0.isBeingBuilt }
            watched.began = old?.began ?? (index.isBeingBuilt && isFirst ? began : nil)
            let isNew = index.isReady && !(old?.isReady ?? false)
            let isReplaced = old.map { index.rebuilds > $0.rebuilds } ?? false
            if isNew || isReplaced {
                let exchange = isReplaced ? index.exchange : nil
                builds.append(
                    IndexBuild(
                        index: index.name, records: index.records, took: now - (watched.began ?? began),
                        before: exchange?.before, after: exchange?.after ?? index.entries))
            }
            if !index.isBeingBuilt { watched.began = nil }
            next.append(watched)
        }
        known = next
        return builds
    }
}
