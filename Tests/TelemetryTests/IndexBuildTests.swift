// Ends of builds, told from looks at the indexes.

import Telemetry
import Testing
import Vocabulary

struct IndexBuildTests {
    private static let start = Instant(nanoseconds: 1_000_000_000)

    private static func at(_ milliseconds: Int64) -> Instant { start + .milliseconds(milliseconds) }

    private static func index(
        _ name: String, isReady: Bool, isBeingBuilt: Bool, entries: Int = 5, rebuilds: UInt64 = 0
    ) -> IndexStatus {
        var index = IndexStatus(name: name)
        index.isReady = isReady
        index.isBeingBuilt = isBeingBuilt
        index.records = 100
        index.rebuilds = rebuilds
        index.fields = [IndexStatus.Field(name: "f", form: "text", entries: entries, skipped: 0)]
        return index
    }

    @Test func `one index after the other is built, and each takes its own time`() {
        var watch = IndexBuildWatch()
        let (a, b) = (
            Self.index("a", isReady: false, isBeingBuilt: true), Self.index("b", isReady: false, isBeingBuilt: true)
        )
        #expect(watch.look(at: [a, b], began: Self.at(0), now: Self.at(1)).isEmpty)
        #expect(watch.isBusy)
        let done = Self.index("a", isReady: true, isBeingBuilt: false)
        let first = watch.look(at: [done, b], began: Self.at(100), now: Self.at(200))
        #expect(first == [IndexBuild(index: "a", records: 100, took: .milliseconds(200), before: nil, after: 5)])
        #expect(first[0].perSecond == 500)
        let second = watch.look(
            at: [done, Self.index("b", isReady: true, isBeingBuilt: false)], began: Self.at(300), now: Self.at(400))
        #expect(second.map(\.index) == ["b"] && second[0].took == .milliseconds(300))
        #expect(!watch.isBusy)
    }

    @Test func `a rebuild tells what was found before and after`() {
        var watch = IndexBuildWatch()
        _ = watch.look(at: [Self.index("a", isReady: true, isBeingBuilt: false)], began: Self.at(0), now: Self.at(0))
        _ = watch.look(at: [Self.index("a", isReady: true, isBeingBuilt: true)], began: Self.at(10), now: Self.at(11))
        var rebuilt = Self.index("a", isReady: true, isBeingBuilt: false, entries: 9, rebuilds: 1)
        rebuilt.exchange = IndexStatus.Exchange(before: 7, after: 8)
        let builds = watch.look(at: [rebuilt], began: Self.at(50), now: Self.at(60))
        #expect(builds == [IndexBuild(index: "a", records: 100, took: .milliseconds(50), before: 7, after: 8)])
        #expect(watch.look(at: [rebuilt], began: Self.at(70), now: Self.at(80)).isEmpty)
    }

    @Test func `what was made and built between two looks is told`() {
        var watch = IndexBuildWatch()
        let index = Self.index("a", isReady: true, isBeingBuilt: false)
        #expect(watch.look(at: [index], began: Self.at(0), now: Self.at(0)).map(\.index) == ["a"])
        #expect(watch.look(at: [], began: Self.at(1), now: Self.at(1)).isEmpty)
    }
}
