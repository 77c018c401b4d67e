// Restores: exact to the entry, proven, and never at the cost of what is there.

import ArchiveFormat
import ArchiveStore
import ByteCoding
import Keyspace
import LogStore
import ObjectStores
import Platform
import Replica
import ReplicaSnapshots
import Simulation
import SnapshotFormat
import SnapshotStore
import Synchronization
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

    @discardableResult
    private func restore(
        _ target: RestoreTarget = .latest, from store: any ObjectStore, timeline: String? = nil, replaces: Bool = false
    ) throws -> RestoreReport {
        let view = try ArchiveView(store, cluster: nil)
        let plan = try RestorePlan(target, timeline: timeline, in: view)
        var order = RestoreOrder(directory: data, node: History.node)
        // Small, so that logs have several.
        order.segmentSize = .kibibytes(4)
        order.workers = 2
        order.replacesAnything = replaces
        var restore = Restore(plan, order) { _ in }
        return try restore.run()
    }

    /// What a start of the node would go on from.
    static func state(of path: String) throws -> Point {
        let (position, time, keyspace) = try replayed(of: path)
        return Point(position: position, time: time, digest: keyspace.digest, records: keyspace.count)
    }

    static func replayed(of path: String) throws -> (position: LogPosition, time: Timestamp, keyspace: Keyspace) {
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
            manifest throws(StateError) in
            try StateLoad.run(manifest, on: disk)
        } skipped: { manifest, error in
            Issue.record("\(manifest.index): \(String(describing: error))")
        }
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
        return (last, time, replay.keyspace)
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

    @Test func `a time is restored up to the last entry that is not later, and a plan knows which`() throws {
        let history = try History.usual(MemoryObjects(), seed: 2)
        let first = history.points[1].time.rawValue
        let last = history.points[history.points.count - 1].time.rawValue
        for round in 0..<40 {
            // Times between entries, and those of entries.
            let entry = history.points[1 + history.number(history.points.count - 1)].time
            let between = Timestamp(rawValue: first + UInt64(history.number(Int(last - first))))
            let time = round % 2 == 0 ? entry : between
            let index = history.index(at: time)
            let plan = try RestorePlan(.time(time), in: try ArchiveView(history.store, cluster: nil))
            let end = try plan.exactEnd()
            let point = history.points[Int(index.rawValue)]
            #expect(end == RestoreEnd(position: point.position, time: point.time))
            guard round < 12 else { continue }
            expect(try restore(.time(time), from: history.store), point)
            try clear()
        }
    }

    @Test func `what is outside of the archive's range is refused with its ends`() throws {
        let history = try History.usual(MemoryObjects())
        let last = history.points[history.points.count - 1]
        let targets: [RestoreTarget] = [
            .time(.zero), .time(Timestamp(rawValue: history.points[1].time.rawValue - 1)),
            .time(last.time.advanced(by: 1)), .index(last.position.index.next),
        ]
        for target in targets {
            #expect {
                try restore(target, from: history.store)
            } throws: { error in
                guard let error = error as? RestoreError, case .outOfRange(target, let ranges) = error else {
                    return false
                }
                return error.isRefusal && ranges.map(\.firstTime) == [history.points[1].time]
                    && ranges.map(\.lastTime) == [last.time] && "\(error)".contains("\(last.time)")
            }
        }
        #expect(try FileSystem.listDirectory(scratch.path).isEmpty)
    }

    @Test func `a frame that holds the target is cut behind it`() throws {
        let history = try History.usual(MemoryObjects())
        let frame = try #require(history.frames.last { $0.count >= 3 })
        try restore(.index(frame.firstIndex.next), from: history.store)
        let directory = try DataDirectory.open(data, cluster: History.cluster, node: History.node)
        #expect(directory.identity.storage == History.storage)
        let (engine, recovered) = try directory.openLog(at: data + "/log")
        #expect(recovered.last == LogPosition(term: frame.term, index: frame.firstIndex.next))
        var reader = engine.reader()
        let last = try #require(try reader.readFrames(from: frame.firstIndex, byteLimit: .zero).first)
        #expect(last.header.count == 2 && last.header.previousChecksum == frame.previousChecksum)
    }

    // MARK: What is there already

    /// Every file below a directory, by its path in it.
    private func contents(_ path: String, _ prefix: String = "") throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        for name in try FileSystem.listDirectory(path) {
            let full = path + "/" + name
            if FileSystem.isDirectory(full) {
                found.merge(try contents(full, prefix + name + "/")) { first, _ in first }
            } else {
                found[prefix + name] = try FileSystem.readAll(full, limit: 64 << 20)
            }
        }
        return found
    }

    @Test func `an older directory is renamed, byte for byte`() throws {
        let history = try History.usual(MemoryObjects())
        try restore(.index(LogIndex(60)), from: history.store)
        let before = try contents(data)
        let report = try restore(from: history.store)
        let aside = try #require(report.putAside)
        #expect(aside.hasPrefix(data + ".backup.20"))
        #expect(try contents(aside) == before)
        #expect(try Self.state(of: data) == history.points[history.points.count - 1])
        // The same again is no loss either.
        #expect(try restore(from: history.store).position == report.position)
    }

    @Test func `a directory with newer entries, of another cluster, or that nobody can read is left alone`() throws {
        let history = try History.usual(MemoryObjects())
        func refusal(_ body: () throws -> Void) -> RestoreError? {
            do { try body() } catch { return error as? RestoreError }
            return nil
        }
        try restore(from: history.store)
        let before = try contents(data)
        let attempt = { _ = try restore(.index(LogIndex(60)), from: history.store) }
        #expect(refusal(attempt) == .newerData(path: data, last: history.last, target: LogIndex(60)))
        #expect(refusal(attempt)?.isRefusal == true)
        #expect(refusal(attempt)?.remedy.text.contains("--replace") == true)
        #expect(try contents(data) == before)
        let report = try restore(.index(LogIndex(60)), from: history.store, replaces: true)
        #expect(try contents(try #require(report.putAside)) == before)

        try clear()
        let other = ClusterID(high: 9, low: 9)
        _ = try DataDirectory.open(data, cluster: other, node: History.node).openLog(at: data + "/log")
        #expect(refusal(attempt) == .otherCluster(path: data, found: other, expected: History.cluster))

        try clear()
        try restore(.index(history.backups[0].position.index.previous), from: history.store)
        let segment = try #require(try FileSystem.listDirectory(data + "/log").sorted().first { $0.hasPrefix("wal-") })
        var bytes = try FileSystem.readAll(data + "/log/" + segment, limit: 1 << 20)
        let place = try #require(bytes.firstRange(of: Array("TRIF".utf8))).lowerBound
        bytes[place + 90] ^= 1
        try FileSystem.writeAtomically(data + "/log/" + segment, bytes.rawBytes)
        guard case .unknownData(data, _) = refusal({ try restore(from: history.store) }) else {
            Issue.record("a damaged log was put aside")
            return
        }

        let running = try DataDirectory.open(data, cluster: History.cluster, node: History.node)
        #expect(Self.isInUse(refusal(attempt), data))
        _ = consume running

        try clear()
        try FileSystem.makeDirectory(data)
        try FileSystem.writeAtomically(data + "/letters", [1].rawBytes)
        #expect(refusal(attempt) == .targetOccupied(path: data))
        try FileSystem.remove(data + "/letters")
        #expect(refusal(attempt) == nil)
    }

    /// Who holds it is told: this very process.
    private static func isInUse(_ error: RestoreError?, _ path: String) -> Bool {
        guard case .targetInUse(path, let holder) = error else { return false }
        return holder?.hasSuffix("process \(ThisProcess.identifier)") == true
    }

    @Test func `nobody but the owner, and its group, can read what was restored`() throws {
        let history = try History.usual(MemoryObjects())
        try restore(from: history.store)
        func check(_ path: String) throws {
            let status = try #require(try FileSystem.status(path))
            let allowed: UInt32 = status.kind == .directory ? 0o750 : 0o640
            #expect(status.permissions & ~allowed == 0, "\(path): \(String(status.permissions, radix: 8))")
            guard status.kind == .directory else { return }
            for name in try FileSystem.listDirectory(path) { try check(path + "/" + name) }
        }
        try check(data)
    }

    // MARK: What goes wrong

    @Test func `a restore that was stopped anywhere is finished by the next, with nothing fetched twice`() throws {
        let history = try History.usual(MemoryObjects())
        try restore(.index(LogIndex(60)), from: history.store)
        let before = try contents(data)
        var stopped = 0
        for limit in 1... {
            let store = FailingObjects(history.store, after: limit)
            do {
                try restore(from: store)
                break
            } catch { #expect("\(error)".contains("scripted")) }
            stopped += 1
            #expect(try contents(data) == before)
            // A second try takes up what the first has left, however far that came.
            let begun = FileSystem.exists(data + ".restoring/restore-plan")
            let again = FailingObjects(history.store, after: .max)
            let report = try restore(from: again)
            expect(report, history.points[history.points.count - 1])
            #expect(begun || limit < 10)
            #expect(try Self.state(of: data) == history.points[history.points.count - 1])
            #expect(!FileSystem.exists(data + ".restoring"))
            try FileSystem.removeTree(data)
            try FileSystem.rename(try #require(report.putAside), to: data)
        }
        #expect(stopped > 5)
        // Parts that are there are not fetched again.
        try clear()
        let part = try #require(history.backups.last?.packs.first.map { $0.name(of: $0.parts[0]) }).description
        let run = try #require(try RestorePlan(.latest, in: try ArchiveView(history.store, cluster: nil)).runs.first)
        let store = FailingObjects(history.store, after: .max, refusing: { $0 == run.name.description })
        #expect(throws: RestoreError.self) { try restore(from: store) }
        #expect(store.asked.contains(part))
        let again = FailingObjects(history.store, after: .max)
        try restore(from: again)
        #expect(!again.asked.contains(part))
    }

    @Test func `what another restore has left is not mixed into this one`() throws {
        let history = try History.usual(MemoryObjects())
        let run = try #require(try RestorePlan(.latest, in: try ArchiveView(history.store, cluster: nil)).runs.first)
        let store = FailingObjects(history.store, after: .max, refusing: { $0 == run.name.description })
        #expect(throws: RestoreError.self) { try restore(from: store) }
        #expect(FileSystem.exists(data + ".restoring/snapshots"))
        let staging = RestoreStaging(directory: data)
        try staging.begin(try RestorePlan(.latest, in: try ArchiveView(history.store, cluster: nil)))
        #expect {
            try restore(from: history.store)
        } throws: { error in Self.isInUse(error as? RestoreError, data + ".restoring") }
        _ = consume staging
        let backup = history.backups[0]
        try restore(.backup(backup.id), from: history.store)
        #expect(try FileSystem.listDirectory(data + "/snapshots").count == 1 + backup.packs.count)
        #expect(
            try FileSystem.listDirectory(data).sorted() == [
                "LOCK", "identity", "log", "manifest.json", "restore.json", "snapshots", "timeline",
            ])

        try FileSystem.makeDirectory(data + ".restoring")
        try FileSystem.writeAtomically(data + ".restoring/letters", [1].rawBytes)
        #expect(throws: RestoreError.otherRestore(path: data + ".restoring")) { try restore(from: history.store) }
        #expect(FileSystem.exists(data + ".restoring/letters"))
    }

    @Test func `a damaged object ends a restore with its name, and the directory stays as it is`() throws {
        let store = MemoryObjects()
        let history = try History.usual(store)
        try restore(.index(LogIndex(60)), from: store)
        let before = try contents(data)
        let target = RestoreTarget.index(history.last)
        let plan = try RestorePlan(target, in: try ArchiveView(store, cluster: nil))
        let backup = try #require(plan.backup)
        let parts = backup.packs.flatMap { pack in pack.parts.map { pack.name(of: $0).description } }
        for name in parts + plan.runs.map(\.name.description) {
            let bytes = try store.bytes(name)
            var changed = bytes
            changed[bytes.count / 2] ^= 4
            for harmed in [changed, Array(bytes.dropLast(9))] {
                try store.replace(name, by: harmed)
                #expect {
                    try restore(target, from: store)
                } throws: { error in "\(error)".contains(name) && (error as? RestoreError)?.isRefusal == false }
                #expect(try contents(data) == before)
            }
            try store.replace(name, by: bytes)
        }
        // A manifest that can not be read is passed over, and told.
        for name in [backup.id.manifest(of: History.cluster), backup.id.state(of: History.cluster)] {
            let bytes = try store.bytes(name)
            try store.replace(name, by: bytes.dropLast())
            let report = try restore(target, from: store)
            expect(report, history.points[history.points.count - 1])
            #expect(report.passedOver.map(\.id) == [backup.id] && report.passedOver[0].why.contains(name))
            #expect(report.backup == history.backups[1].id)
            try store.replace(name, by: bytes)
        }
        // A gap before the target is told, and what can be reached.
        let gap = try #require(plan.runs.dropLast().last).name.description
        try store.replace(gap, by: nil)
        #expect {
            try restore(target, from: store)
        } throws: { error in
            guard case .gap(_, let missing, let reachable) = error as? RestoreError else { return false }
            guard "\(error)".contains(RunName(gap)!.first.description), missing.lowerBound > reachable[0].last else {
                return false
            }
            return reachable.allSatisfy { $0.last < history.last }
        }
    }

    @Test func `a state that is not the one that the leader had is refused`() throws {
        let history = try History(MemoryObjects(), seed: 9)
        try history.lead(1)
        try history.write(5)
        try history.ship()
        history.lie = Digest(high: 1, low: 2)
        try history.write(1)
        let end = history.last
        try history.ship()
        history.lie = nil
        #expect {
            try restore(from: history.store)
        } throws: { error in
            guard
                case .otherDigest(end, Digest(high: 1, low: 2), history.points[Int(end.rawValue)].digest, _) = error
                    as? RestoreError
            else { return false }
            return true
        }
        #expect(!FileSystem.exists(data))
    }

    // MARK: A model

    /// Two timelines, the second of which goes back into the first.
    private func twoTimelines(seed: UInt64) throws -> (first: History, second: History) {
        let first = try History.usual(MemoryObjects(pageSize: 9), seed: seed)
        let runs = try RunCatalogue.read(first.store, History.cluster, TimelineName(.first)).items.map(\.name.last)
        let common = runs[runs.count * 2 / 3]
        let count = try #require(first.frames.firstIndex { $0.lastIndex == common }) + 1
        let second = try History(
            first, frames: count, seed: seed + 100, timeline: Timeline.first.next { 0x0FED_CBA9_8765_4321 })
        try second.lead(7)
        try second.write(10)
        try second.ship()
        try second.backUp()
        try second.write(20)
        try second.ship()
        return (first, second)
    }

    /// A hundred points in time over backups, runs, tails and two timelines; each restored directory is started from,
    /// and holds exactly the records of a model that is no keyspace of ours.
    @Test func `any moment of the past is restored to exactly what a plain model has then`() throws {
        var bases: Set<String> = []
        for seed in UInt64(1)...4 {
            let (first, second) = try twoTimelines(seed: seed)
            for round in 0..<25 {
                let (history, name) = round % 2 == 0 ? (first, "1") : (second, "2")
                let begin = history.points[1].time.rawValue
                let span = Int(history.points[history.points.count - 1].time.rawValue - begin)
                let time = Timestamp(rawValue: begin + UInt64(history.number(span + 1)))
                let index = history.index(at: time)
                let report = try restore(.time(time), from: first.store, timeline: name)
                #expect(report.position == history.points[Int(index.rawValue)].position)
                bases.insert("\(name) \(report.backup?.text ?? "none")")
                let found = try Self.replayed(of: data).keyspace
                #expect(history.model(at: index).difference(from: found) == nil)
                #expect(found.digest == report.digest && found.count == report.records)
                try clear()
            }
        }
        #expect(bases.count > 6)
    }

    // MARK: Timelines

    @Test func `each timeline is restored with what it goes back to`() throws {
        let first = try History.usual(MemoryObjects(), rounds: 6)
        // What a recovery found: the first timeline up to the end of some object, and then its own.
        let runs = try RunCatalogue.read(first.store, History.cluster, TimelineName(.first)).items.map(\.name.last)
        let common = runs[runs.count / 2]
        let count = try #require(first.frames.firstIndex { $0.lastIndex == common }) + 1
        let timeline = Timeline.first.next { 0x0FED_CBA9_8765_4321 }
        let second = try History(first, frames: count, seed: 99, timeline: timeline)
        try second.lead(7)
        try second.write(12)
        try second.ship()
        for index in stride(from: 1, through: Int(second.last.rawValue), by: 7) + [Int(second.last.rawValue)] {
            let report = try restore(.index(LogIndex(UInt64(index))), from: first.store)
            expect(report, second.points[index])
            #expect(report.timeline == TimelineName(timeline) && report.nextTimeline.number == 3)
            try clear()
        }
        expect(try restore(from: first.store, timeline: "1"), first.points[first.points.count - 1])
        var verify = try ArchiveVerify(try ArchiveView(first.store, cluster: nil))
        #expect(try verify.run().findings.isEmpty)
    }
}

/// Gives back what another has, up to a number of reads.
final class FailingObjects: ObjectStore {
    private struct State {
        var reads = 0
        var asked: [String] = []
    }

    let location = "failing://"
    private let base: any ObjectStore
    private let limit: Int
    private let refuses: @Sendable (String) -> Bool
    private let state = Mutex(State())

    init(_ base: any ObjectStore, after limit: Int, refusing: @escaping @Sendable (String) -> Bool = { _ in false }) {
        (self.base, self.limit, refuses) = (base, limit, refusing)
    }

    var asked: [String] { state.withLock { $0.asked } }

    func get(_ key: ObjectKey, _ range: Range<Int>?) throws(ObjectStoreError) -> [UInt8] {
        let reads = state.withLock { state in
            state.reads += 1
            state.asked.append(key.text)
            return state.reads
        }
        guard reads <= limit, !refuses(key.text) else { throw ObjectStoreError(.get, key.text, .timeout, "scripted") }
        return try base.get(key, range)
    }

    func put(_ key: ObjectKey, _ bytes: [UInt8]) throws(ObjectStoreError) -> PutOutcome { try base.put(key, bytes) }
    func list(_ prefix: String, after key: ObjectKey?) throws(ObjectStoreError) -> ObjectPage {
        try base.list(prefix, after: key)
    }
    func delete(_ key: ObjectKey) throws(ObjectStoreError) { try base.delete(key) }
}
