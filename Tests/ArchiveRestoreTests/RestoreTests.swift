// Restores: exact to the entry, proven, and never at the cost of what is there.

import ArchiveFormat
import ArchiveStore
import ByteCoding
import LogStore
import ObjectStores
import Platform
import Replica
import ReplicaSnapshots
import SnapshotFormat
import SnapshotStore
import Testing
import Vocabulary

@testable import ArchiveRestore

/// A directory that goes with the test.
final class Scratch: Sendable {
    let path: String

    init() throws { path = try FileSystem.makeTemporaryDirectory(prefix: "trireme-restore") }
    deinit { try? FileSystem.removeTree(path) }
}

struct RestoreTests {
    private let scratch: Scratch
    private var data: String { scratch.path + "/data" }

    init() throws { scratch = try Scratch() }

    private func restore(
        _ target: RestoreTarget, from store: any ObjectStore, timeline: String? = nil
    ) throws -> RestoreReport {
        let view = try ArchiveView(store, cluster: nil)
        let plan = try RestorePlan(target, timeline: timeline, in: view)
        var order = RestoreOrder(directory: data, node: History.node)
        // Small, so that logs have several.
        order.segmentSize = .kibibytes(4)
        order.workers = 2
        var restore = Restore(plan, order) { _ in }
        return try restore.run()
    }

    /// What a start of the node would go on from.
    static func state(of path: String) throws -> Point {
        let directory = try DataDirectory.open(path, cluster: History.cluster, node: History.node)
        let options = LogOptions(
            segmentSize: .kibibytes(4), firstSegmentSize: .kibibytes(4), preparesInline: true)
        let (engine, recovered) = try directory.openLog(at: path + "/log", options: options)
        #expect(recovered.verdict == .clean && directory.isBeginningTimeline)
        let disk = DirectoryStorage(path: path + "/snapshots")
        let catalogue = try SnapshotCatalogue.open(disk, cluster: History.cluster)
        #expect(catalogue.findings.isEmpty)
        var reader = engine.reader()
        let finding = try StateSearch.run(catalogue.snapshots, recovered, reader: &reader) {
            manifest throws(StateError) in try StateLoad.run(manifest, on: disk)
        } skipped: { manifest, error in Issue.record("\(manifest.index): \(String(describing: error))") }
        var replay: LogReplay
        var next = LogIndex(1)
        switch finding {
        case .nothing: replay = LogReplay(of: .init(of: History.cluster))
        case .state(let state, let restarts):
            #expect(!restarts)
            replay = LogReplay(of: state.keyspace)
            next = state.index.next
        case .missing(_, let why): throw Refusal(why: why)
        }
        let last = recovered.last
        var time = Timestamp.zero
        if last.index >= next {
            try replay.run(from: next, through: last.index, reader: &reader)
            let frame = try #require(try reader.readFrames(from: last.index, byteLimit: .zero).first)
            time = frame.header.timestamp.advanced(by: Int(frame.header.count) - 1)
        }
        return Point(position: last, time: time, digest: replay.keyspace.digest, records: replay.keyspace.count)
    }

    struct Refusal: Error { var why: String }

    private func clear() throws {
        for name in try FileSystem.listDirectory(scratch.path) { try FileSystem.removeTree(scratch.path + "/" + name) }
    }

    private func expect(_ report: RestoreReport, _ point: Point, sourceLocation: SourceLocation = #_sourceLocation) {
        let found = Point(
            position: report.position, time: report.time, digest: report.digest, records: report.records)
        #expect(found == point, sourceLocation: sourceLocation)
    }

    @Test func `every index is restored as it was, from whichever backup`() throws {
        let history = try History.usual(MemoryObjects(pageSize: 7))
        var bases: Set<String> = []
        for index in 1...Int(history.last.rawValue) {
            let report = try restore(.index(LogIndex(UInt64(index))), from: history.store)
            expect(report, history.points[index])
            bases.insert(report.backup?.text ?? "none")
            var found = try Self.state(of: data)
            if found.time == .zero { found.time = history.points[index].time }
            #expect(found == history.points[index])
            try clear()
        }
        #expect(bases.count == 4)
    }
}
