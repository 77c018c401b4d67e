// Shipping: whatever fails and whoever leads, the archive has the log without a gap, and no object twice.

import ArchiveFormat
import LogFormat
import ObjectStores
import Testing
import Vocabulary

@testable import ArchiveStore

@Suite struct LogShipperTests {
    private let now = Instant(nanoseconds: 1)

    /// The frames that the archive gives back, checked; from the first object on, each where the last one ends.
    private func archived(
        _ store: any ObjectStore, through last: LogIndex, timelines: [TimelineName] = [TimelineName(.first)]
    ) throws -> [Frame] {
        let items = try timelines.flatMap { try RunCatalogue.read(store, ArchivedLog.cluster, $0).items }
        let all = RunCatalogue(items.map { ObjectListing(key: ObjectKey($0.name.description)!, size: $0.size) })
        var frames: [Frame] = []
        for item in all.path(behind: .zero, through: last) {
            let object = try ArchiveObject(try store.fetch(item.name.description))
            #expect(item.name.fits(object.header))
            let run = try LogRun(object, limit: .mebibytes(64))
            for position in run.frames.frames.indices {
                let frame = run.frames.frame(at: position)
                if frame.header.firstIndex > frames.last?.header.lastIndex ?? .zero { frames.append(frame) }
            }
        }
        return frames
    }

    @Test func `what is shipped comes back frame by frame`() throws {
        let store = MemoryObjects(pageSize: 2)
        var log = try ArchivedLog()
        var shipper = log.shipper(to: store)
        for _ in 0..<30 {
            try log.append(2)
            _ = try shipper.shipAll(log.target)
            #expect(shipper.archived == log.last)
            #expect(try archived(store, through: log.last) == log.frames)
        }
    }

    @Test func `tails become runs, and go when the run is there`() throws {
        let store = MemoryObjects()
        var log = try ArchivedLog()
        var shipper = log.shipper(to: store)
        for _ in 0..<40 {
            try log.append(1)
            _ = try shipper.shipAll(log.target)
        }
        let names = try RunCatalogue.read(store, ArchivedLog.cluster, TimelineName(.first)).items.map(\.name)
        #expect(names.contains { !$0.isTail })
        #expect(names.count < 20)
        #expect(try archived(store, through: log.last) == log.frames)
    }

    @Test func `a tail that is too large for one run with those before it becomes part of two`() throws {
        let store = MemoryObjects()
        var log = try ArchivedLog()
        var shipper = log.shipper(to: store)
        try log.append(1)
        _ = try shipper.shipAll(log.target)
        // What has waited for the archive: more than one object holds.
        try log.append(60)
        _ = try shipper.shipAll(log.target)
        #expect(try archived(store, through: log.last) == log.frames)
        let names = try RunCatalogue.read(store, ArchivedLog.cluster, TimelineName(.first)).items.map(\.name)
        #expect(names.filter(\.isTail).count <= 1)
    }

    @Test func `old tails become a run, however small`() throws {
        let store = MemoryObjects()
        var log = try ArchivedLog()
        var shipper = log.shipper(to: store)
        for _ in 0..<3 {
            try log.append(1)
            _ = try shipper.shipAll(log.target, at: now)
        }
        let later = now + ArchivedLog.terms.runAge
        #expect(shipper.isDue(at: later))
        _ = try shipper.shipAll(log.target, at: later)
        let names = try RunCatalogue.read(store, ArchivedLog.cluster, TimelineName(.first)).items.map(\.name)
        #expect(names.map(\.isTail) == [false])
        #expect(try archived(store, through: log.last) == log.frames)
    }

    @Test func `an object whose answer was lost is not made again under another name`() throws {
        for fault in [FaultyObjects.Fault.refuse, .loseAnswer] {
            let store = FaultyObjects([nil, fault, fault])
            var log = try ArchivedLog()
            var shipper = log.shipper(to: store)
            try log.append(1)
            _ = try shipper.shipAll(log.target)
            try log.append(1)
            #expect(throws: ArchiveError.self) { try shipper.step(log.target, at: now) }
            // What came meanwhile waits for the next object.
            try log.append(1)
            #expect(throws: ArchiveError.self) { try shipper.step(log.target, at: now) }
            _ = try shipper.shipAll(log.target)
            let tried = Array(store.names.filter { $0.contains("/log/") }.dropFirst())
            #expect(tried[0] == tried[1] && tried[1] == tried[2] && tried[2] != tried[3])
            #expect(try archived(store.objects, through: log.last) == log.frames)
        }
    }

    @Test func `the next leader goes on where the archive ends`() throws {
        let store = MemoryObjects()
        var log = try ArchivedLog()
        for term in 1...6 {
            try log.append(3, term: UInt64(term))
            var shipper = log.shipper(to: store, term: UInt64(term))
            let outcomes = try shipper.shipAll(log.target)
            #expect(outcomes.allSatisfy { $0.hole == nil })
            #expect(try archived(store, through: log.last) == log.frames)
        }
        // Tails of the leaders before became runs.
        let names = try RunCatalogue.read(store, ArchivedLog.cluster, TimelineName(.first)).items.map(\.name)
        #expect(names.filter(\.isTail).count < 6)
    }

    @Test func `what a deposed leader ships late does no harm`() throws {
        let store = MemoryObjects()
        var log = try ArchivedLog()
        try log.append(4)
        var old = log.shipper(to: store, term: 1)
        _ = try old.shipAll(log.target)
        try log.append(1)
        var new = log.shipper(to: store, term: 2)
        _ = try new.step(log.target, at: now)
        // The old one knows of the same entries, and ships them beside the new one.
        _ = try old.shipAll(log.target)
        try log.append(5, term: 2)
        _ = try new.shipAll(log.target)
        #expect(try archived(store, through: log.last) == log.frames)
    }

    @Test func `a log that was released too early leaves a hole that is told`() throws {
        let store = MemoryObjects()
        var log = try ArchivedLog()
        var shipper = log.shipper(to: store)
        try log.append(3)
        _ = try shipper.shipAll(log.target)
        let archived = log.last
        try log.append(60)
        try log.release(before: LogIndex(100))
        var reader = log.engine.reader()
        let first = reader.bounds.first
        #expect(first > archived.next)
        _ = try reader.readFrames(from: first, byteLimit: .zero)
        #expect(throws: ArchiveError.hole(from: archived.next, to: first.previous)) {
            try shipper.step(log.target, at: now)
        }
        // A list may be of a moment ago.
        let short = ArchiveError.listedShort(known: first.previous, listed: archived)
        #expect(throws: short) { try shipper.step(log.target, at: now) }
        let outcomes = try shipper.shipAll(log.target, at: now + .seconds(6))
        #expect(outcomes.compactMap(\.hole) == [archived.next...first.previous])
        let catalogue = try RunCatalogue.read(store, ArchivedLog.cluster, TimelineName(.first))
        #expect(catalogue.intervals == [LogIndex(1)...archived, first...log.last])
    }

    @Test func `a new timeline goes on behind what it has in common with the one before`() throws {
        let store = MemoryObjects()
        var log = try ArchivedLog()
        try log.append(20)
        var first = log.shipper(to: store)
        _ = try first.shipAll(log.target)
        // The first timeline goes on without the node that the second begins with.
        var other = try ArchivedLog()
        try other.append(20)
        try other.append(5, size: 41)
        var lost = other.shipper(to: store, term: 2)
        _ = try lost.shipAll(other.target)
        let timeline = Timeline.first.next { 0x1234_5678_9ABC_DEF0 }
        try log.append(7, term: 9)
        let owner = ArchiveOwner(cluster: ArchivedLog.cluster, timeline: timeline)
        var next = log.shipper(to: store, term: 9, owner: owner)
        let outcomes = try next.shipAll(log.target)
        #expect(outcomes.allSatisfy { $0.hole == nil })
        let own = try RunCatalogue.read(store, ArchivedLog.cluster, TimelineName(timeline)).items
        let start = try #require(own.first?.name.first)
        #expect(start > LogIndex(1) && start <= LogIndex(61))
        let before = try archived(store, through: start.previous)
        #expect(before == log.frames.filter { $0.header.lastIndex < start })
    }

    @Test func `a run of another timeline takes no tail's place`() throws {
        let store = MemoryObjects()
        var other = try ArchivedLog()
        try other.append(60)
        var lost = other.shipper(to: store)
        _ = try lost.shipAll(other.target)
        // Restored to the past: the new timeline's entries are others, at indexes that the first one's runs have too.
        var log = try ArchivedLog()
        try log.append(20)
        try log.append(1, term: 9)
        let timeline = Timeline.first.next { 0x1234_5678_9ABC_DEF0 }
        let owner = ArchiveOwner(cluster: ArchivedLog.cluster, timeline: timeline)
        var next = log.shipper(to: store, term: 9, owner: owner)
        _ = try next.shipAll(log.target)
        let tails = try RunCatalogue.read(store, ArchivedLog.cluster, TimelineName(timeline)).items.map(\.name)
        #expect(tails.contains { $0.isTail })
        var again = log.shipper(to: store, term: 10, owner: owner)
        _ = try again.shipAll(log.target)
        let left = try RunCatalogue.read(store, ArchivedLog.cluster, TimelineName(timeline)).items.map(\.name)
        #expect(left == tails)
    }

    @Test func `what is archived and not listed yet is waited for before a hole is told`() throws {
        var log = try ArchivedLog()
        try log.append(60)
        let store = MemoryObjects()
        var first = log.shipper(to: store)
        _ = try first.shipAll(log.target)
        try log.release(before: LogIndex(150))
        let hidden = try store.listAll("").map(\.key)
        let held = try hidden.map { ($0, try store.get($0)) }
        for key in hidden { try store.delete(key) }
        try log.append(5, term: 2)
        var next = log.shipper(to: store, term: 2, known: LogIndex(180))
        let begin = Instant(nanoseconds: 0)
        #expect(throws: ArchiveError.listedShort(known: LogIndex(180), listed: .zero)) {
            try next.step(log.target, at: begin)
        }
        for (key, bytes) in held { _ = try store.put(key, bytes) }
        let outcomes = try next.shipAll(log.target)
        #expect(outcomes.allSatisfy { $0.hole == nil })
        #expect(
            try RunCatalogue.read(store, ArchivedLog.cluster, TimelineName(.first)).intervals == [
                LogIndex(1)...log.last
            ])

        // Objects that stay away are gone.
        for key in try store.listAll("").map(\.key) { try store.delete(key) }
        var last = log.shipper(to: store, term: 3, known: log.last)
        #expect(throws: ArchiveError.self) { try last.step(log.target, at: begin) }
        let found = try last.step(log.target, at: begin + .seconds(60))
        #expect(found.hole != nil)
    }

    @Test func `a leader that lacks what the archive has ships nothing`() throws {
        let store = MemoryObjects()
        var log = try ArchivedLog()
        try log.append(10)
        var shipper = log.shipper(to: store)
        _ = try shipper.shipAll(log.target)
        var short = try ArchivedLog()
        try short.append(5)
        var behind = short.shipper(to: store, term: 2)
        #expect(throws: ArchiveError.behind(archived: log.last, last: short.last)) {
            try behind.step(short.target, at: now)
        }
    }

    @Test func `a run ends with the digest that the leader had`() throws {
        let store = MemoryObjects()
        var log = try ArchivedLog()
        var shipper = log.shipper(to: store)
        try log.append(1)
        _ = try shipper.shipAll(log.target)
        let item = try #require(try RunCatalogue.read(store, ArchivedLog.cluster, TimelineName(.first)).items.first)
        let run = try LogRun(try ArchiveObject(try store.fetch(item.name.description)), limit: .mebibytes(1))
        #expect(run.digests == [CertifiedDigest(index: log.last, digest: log.target.digest)])
    }

    @Test func `a run says of the tails that it is made of what they said, whoever shipped them`() throws {
        let store = MemoryObjects()
        var log = try ArchivedLog()
        var known: [LogIndex] = []
        for term in 1...8 {
            var shipper = log.shipper(to: store, term: UInt64(term))
            for _ in 0..<3 {
                try log.append(1, term: UInt64(term))
                _ = try shipper.shipAll(log.target)
                known.append(log.last)
            }
        }
        let items = try RunCatalogue.read(store, ArchivedLog.cluster, TimelineName(.first)).items
        #expect(items.contains { !$0.name.isTail })
        let found = try items.flatMap { item in
            try LogRun(try ArchiveObject(try store.fetch(item.name.description)), limit: .mebibytes(1)).digests
        }
        #expect(found == known.map { CertifiedDigest(index: $0, digest: Digest(high: 7, low: $0.rawValue)) })
    }
}
