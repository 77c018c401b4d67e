// Restores of what is not simply asked for: the best that is left, a log alone, a state without some entries.

import ArchiveFormat
import ArchiveStore
import ByteCoding
import Keyspace
import LogStore
import ObjectStores
import Platform
import RESP
import Replica
import ReplicaSnapshots
import Simulation
import SnapshotFormat
import SnapshotStore
import Testing
import Vocabulary

@testable import ArchiveRestore

struct RestoreWayTests {
    private let scratch: Scratch
    private var data: String { scratch.path + "/data" }

    init() throws { scratch = try Scratch() }

    private func order(_ skips: SkipFilter = SkipFilter()) -> RestoreOrder {
        var order = RestoreOrder(directory: data, node: History.node)
        order.segmentSize = .kibibytes(4)
        order.workers = 2
        order.replacesAnything = true
        order.skips = skips
        return order
    }

    private func restore(
        _ target: RestoreTarget = .latest, from store: any ObjectStore, _ options: PlanOptions = PlanOptions(),
        skips: SkipFilter = SkipFilter()
    ) throws -> RestoreReport {
        let plan = try RestorePlan(target, in: try ArchiveView(store, cluster: nil), options)
        var restore = Restore(plan, order(skips)) { _ in }
        return try restore.run()
    }

    private func fallBack(_ target: RestoreTarget = .latest, from store: any ObjectStore) throws -> RestoreReport {
        var restore = try FallbackRestore(
            target, timeline: nil, in: try ArchiveView(store, cluster: nil), PlanOptions(), order())
        return try restore.run(tell: { _ in }, plan: { _ in }, report: { _ in })
    }

    private func clear() throws {
        for name in try FileSystem.listDirectory(scratch.path) { try FileSystem.removeTree(scratch.path + "/" + name) }
    }

    private func damage(_ name: String, in store: any ObjectStore) throws {
        var bytes = try store.bytes(name)
        bytes[bytes.count / 2] ^= 4
        try store.replace(name, by: bytes)
    }

    /// An object that only this backup needs.
    private func part(of backup: BackupManifest) throws -> String {
        let pack = try #require(backup.packs.last)
        return try #require(pack.parts.first.map { pack.name(of: $0) }).description
    }

    // MARK: The best that is left

    @Test func `the newest backup that verifies is found by itself`() throws {
        let history = try History.usual(MemoryObjects())
        let newest = try #require(history.backups.last)
        try damage(try part(of: newest), in: history.store)
        var options = PlanOptions()
        options.verifiesBackups = true
        let report = try restore(from: history.store, options)
        #expect(report.backup == history.backups[1].id)
        #expect(report.passedOver.map(\.id) == [newest.id])
        #expect(report.digest == history.points.last?.digest)
        // Its state alone.
        try clear()
        options.isWithoutLog = true
        let alone = try restore(from: history.store, options)
        #expect(alone.position == history.backups[1].position && alone.entriesReplayed == 0)
    }

    @Test func `a fallback reaches the wanted point from an earlier backup, with nothing lost`() throws {
        let history = try History.usual(MemoryObjects())
        for backup in history.backups.suffix(2) { try damage(try part(of: backup), in: history.store) }
        let report = try fallBack(from: history.store)
        #expect(report.digest == history.points.last?.digest && report.lostEntries == 0 && report.lostTime == .zero)
        #expect(report.shortfall?.damages.count ?? 0 >= 1)
    }

    @Test(arguments: [false, true]) func `a fallback says what is lost of the wanted point`(isMissing: Bool) throws {
        let history = try History.usual(MemoryObjects())
        let wanted = try #require(history.points.last)
        let plan = try RestorePlan(.latest, in: try ArchiveView(history.store, cluster: nil))
        let broken = try #require(plan.runs.dropLast().last).name
        if isMissing {
            try history.store.replace(broken.description, by: nil)
            // Without a fallback it is refused, with what is missing.
            #expect {
                try restore(from: history.store)
            } throws: { error in
                guard case .gap(.latest, broken.first...broken.last, _) = error as? RestoreError else { return false }
                return (error as? RestoreError)?.remedy.text.contains("--fallback") == true
            }
        } else {
            try damage(broken.description, in: history.store)
        }
        for target in [RestoreTarget.latest, .index(history.last), .time(wanted.time)] {
            let report = try fallBack(target, from: history.store)
            let reached = history.points[Int(broken.first.rawValue) - 1]
            #expect(report.position == reached.position && report.digest == reached.digest)
            #expect(report.lostEntries == history.last - reached.position.index)
            #expect(report.lostTime == .microseconds(wanted.time.rawValue - reached.time.rawValue))
            #expect(report.shortfall?.damages.isEmpty == isMissing)
            try clear()
        }
    }

    private func bestEffort(_ target: RestoreTarget, from store: any ObjectStore) throws -> RestoreReport {
        let plan = try RestorePlan(target, in: try ArchiveView(store, cluster: nil))
        var order = order()
        order.isBestEffort = true
        var restore = Restore(plan, order) { _ in }
        return try restore.run()
    }

    /// A backup that goes on from another, and a part of that one's pack, which the head is not in.
    private func incremental(_ history: History) throws -> (backup: BackupManifest, part: String) {
        let backup = try #require(history.backups.first { $0.packs.count > 1 })
        let pack = try #require(backup.packs.first)
        return (backup, try #require(pack.parts.first.map { pack.name(of: $0) }).description)
    }

    @Test(arguments: [false, true])
    func `a best effort restores every slot that is whole, and names the others`(isMissing: Bool) throws {
        let history = try History.usual(MemoryObjects())
        let (backup, name) = try incremental(history)
        let whole = try bestEffort(.backup(backup.id), from: history.store)
        #expect(whole.loss == nil && !whole.isDerived && whole.digest == backup.digest)
        try clear()
        if isMissing { try history.store.replace(name, by: nil) } else { try damage(name, in: history.store) }
        // Never by itself.
        #expect(throws: RestoreError.self) { try restore(.backup(backup.id), from: history.store) }
        try clear()
        let report = try bestEffort(.backup(backup.id), from: history.store)
        let loss = try #require(report.loss)
        #expect(loss.parts.count == 1 && loss.parts.first?.name.hasSuffix(name) == true)
        #expect(!loss.slots.isEmpty && loss.slots == loss.slots.sorted())
        #expect(loss.records > 0 && loss.records == backup.records - report.records)
        #expect(report.isDerived && report.proof.hasPrefix("not whole"))
        // What is there is what was there, and nothing is missing outside of those slots.
        let state = history.states[Int(backup.position.index.rawValue)]
        let restored = try RestoreTests.replayed(of: data).keyspace
        let lost = Set(loss.slots)
        for slot in 0..<HashSlot.count {
            let expected = lost.contains(slot) ? .empty : state.digest(ofSlot: slot)
            #expect(restored.digest(ofSlot: slot) == expected, "slot \(slot)")
        }
        let manifest = try SealedJSON.open(try FileSystem.readAll(data + "/manifest.json", limit: 1 << 20))
        #expect(try manifest.count("lost_records") == loss.records)
    }

    @Test func `the log behind a backup that is not whole is replayed too, and slots print as ranges`() throws {
        let history = try History.usual(MemoryObjects())
        let (backup, name) = try incremental(history)
        try damage(name, in: history.store)
        for other in history.backups where other.id != backup.id && other.position > backup.position {
            try history.store.replace(other.id.manifest(of: History.cluster), by: nil)
        }
        let report = try bestEffort(.latest, from: history.store)
        #expect(report.backup == backup.id && report.loss != nil && report.compared == 0)
        #expect(report.position.index == history.last && report.entriesReplayed > 0)
        #expect(try RestoreTests.state(of: data).digest == report.digest)
        let loss = RestoreLoss(parts: [], slots: [1, 2, 3, 7, 9, 10], records: 0)
        #expect(loss.ranges == ["1-3", "7", "9-10"])
    }

    @Test func `a state that the log contradicts is not the one that a fallback ends with`() throws {
        let history = try History(MemoryObjects(), seed: 9)
        try history.lead(1)
        try history.write(30)
        try history.ship()
        history.lie = Digest(high: 1, low: 2)
        try history.write(30)
        try history.ship()
        let report = try fallBack(from: history.store)
        #expect(report.position.index < history.last && report.position.index > .zero)
        #expect(report.digest == history.points[Int(report.position.index.rawValue)].digest)
    }

    // MARK: The log alone

    @Test func `a damaged log is replaced behind the snapshot that is there`() throws {
        let history = try History.usual(MemoryObjects())
        let base = history.backups[1]
        _ = try restore(.index(base.position.index.next), from: history.store)
        // What a node would have by now: snapshots, and a log that can not be read.
        for name in try FileSystem.listDirectory(data + "/log") {
            try FileSystem.writeAtomically(data + "/log/" + name, [UInt8](repeating: 7, count: 5000).rawBytes)
        }
        let view = try ArchiveView(history.store, cluster: nil)
        let plan = try RestorePlan(keepingStateOf: data, .latest, in: view)
        #expect(plan.keptSnapshot == base.position.index && plan.backup == nil)
        var order = order()
        order.replacesAnything = false
        var restore = Restore(plan, order) { _ in }
        let report = try restore.run()
        #expect(report.digest == history.points.last?.digest && report.keptSnapshot == base.position.index)
        #expect(try RestoreTests.state(of: data) == history.points.last)
        #expect(report.putAside.map { FileSystem.exists($0 + "/log") } == true)
    }

    @Test func `a log that does not go on where the state ends is refused, with the reason`() throws {
        let history = try History.usual(MemoryObjects())
        let base = history.backups[1]
        _ = try restore(.backup(base.id), from: history.store)
        func refusal(_ store: any ObjectStore) throws -> String {
            let view = try ArchiveView(store, cluster: nil)
            do { _ = try RestorePlan(keepingStateOf: data, .latest, in: view) } catch {
                #expect(error.isRefusal)
                return "\(error)"
            }
            return ""
        }
        // Another log, of the same cluster.
        let other = try History.usual(MemoryObjects(), seed: 77)
        #expect(try refusal(other.store).contains("another entry \(base.position.index)"))
        let short = try History(MemoryObjects(), seed: 1)
        try short.lead(1)
        try short.write(2)
        try short.ship()
        #expect(try refusal(short.store).contains("ends before it, at index \(short.last)"))
        let runs = try ArchiveView(history.store, cluster: nil).runs.values.flatMap(\.items).map(\.name)
        for run in runs where run.first <= base.position.index { try history.store.replace(run.description, by: nil) }
        #expect(try refusal(history.store).contains("begins behind it"))
        #expect(FileSystem.exists(data + "/restore.json"))
        try FileSystem.removeTree(data + "/snapshots")
        #expect(try refusal(history.store).contains("no snapshot"))
    }

    // MARK: A state without some entries

    /// What the commands of a history make, without those that `skips` names.
    private func state(of history: History, without skips: (LogIndex, [UInt8]) -> Bool) -> Keyspace {
        var keyspace = Keyspace(of: History.cluster)
        var reply = ReplyWriter(version: .two)
        for (index, time, entry) in history.commands where !skips(index, entry) {
            keyspace.apply(entry.rawBytes, at: time, index: index, reply: &reply)
        }
        return keyspace
    }

    private func contains(_ entry: [UInt8], _ text: String) -> Bool { entry.firstRange(of: Array(text.utf8)) != nil }

    @Test func `entries are left out by index, by time and by key, and everything else is there`() throws {
        let history = try History.usual(MemoryObjects())
        let base = history.backups[1].position.index
        let from = base + 5
        let range = from...(from + 20)
        let times = history.points[Int(from.rawValue)].time...history.points[Int(from.rawValue) + 20].time
        let view = try ArchiveView(history.store, cluster: nil)
        var filters: [(SkipFilter, (LogIndex, [UInt8]) -> Bool)] = []
        var filter = SkipFilter()
        filter.indexes = [range]
        filters.append((filter, { index, _ in range.contains(index) }))
        filter = SkipFilter()
        filter.times = [times]
        filters.append((filter, { index, _ in range.contains(index) }))
        filter = SkipFilter()
        filter.keys = ["hk1*"]
        filters.append((filter, { [self] _, entry in contains(entry, "hk1") }))
        for (filter, skips) in filters {
            // From the first entry on, and up to a target in the middle of the log.
            let middle = LogIndex(history.last.rawValue - 7)
            for (target, last) in [(RestoreTarget.latest, history.last), (.index(middle), middle)] {
                let plan = try RestorePlan(target, in: HidingBackups.view(view))
                var restore = Restore(plan, order(filter)) { _ in }
                let report = try restore.run()
                let twin = state(of: history) { $0 > last || skips($0, $1) }
                #expect(report.digest == twin.digest && report.records == twin.count)
                #expect(report.isDerived && report.proof.contains("derived"))
                #expect(report.skippedCount == history.commands.count { $0.0 <= last && skips($0.0, $0.2) })
                #expect(report.skipped.count == report.skippedCount && report.position.index == last)
                let found = try RestoreTests.state(of: data)
                #expect(found.digest == twin.digest && found.position == report.position)
                let manifest = try SealedJSON.open(try FileSystem.readAll(data + "/manifest.json", limit: 1 << 20))
                #expect(try manifest.count("skipped_entries") == report.skippedCount)
                try clear()
            }
        }
    }

    @Test func `a filter that nothing meets changes nothing, and the state is proven`() throws {
        let history = try History.usual(MemoryObjects())
        var filter = SkipFilter()
        filter.keys = ["nobody:*"]
        let report = try restore(from: history.store, skips: filter)
        #expect(!report.isDerived && report.proof.hasPrefix("digest equal"))
        #expect(report.digest == history.points.last?.digest)
        #expect(try RestoreTests.state(of: data).digest == report.digest)
    }

    @Test func `a transaction goes as a whole when one of its keys matches, and what names no key stays`() throws {
        var envelope = Envelope(.transaction, version: .two)
        for key in ["a1", "b1"] {
            envelope.add { $0 += EntryCoding.encoded(.set, [Array(key.utf8), [1]]) }
        }
        var transaction: [UInt8] = []
        envelope.encode(to: &transaction)
        let several = EntryCoding.encoded(.mset, ["x", "1", "a9", "2"].map { Array($0.utf8) })
        let flush = EntryCoding.encoded(.flushall, [])
        var filter = SkipFilter()
        filter.keys = ["a*"]
        #expect(filter.reason(for: transaction.rawBytes, LogIndex(1), .zero) == "keys a*")
        #expect(filter.reason(for: several.rawBytes, LogIndex(1), .zero) == "keys a*")
        #expect(filter.reason(for: flush.rawBytes, LogIndex(1), .zero) == nil)
        filter.keys = ["z*", "1"]
        #expect(filter.reason(for: transaction.rawBytes, LogIndex(1), .zero) == nil)
        #expect(filter.reason(for: several.rawBytes, LogIndex(1), .zero) == nil)
    }

    // MARK: Afterwards

    @Test func `the report has small questions and their answers, and phases whose sum is the whole`() throws {
        let history = try History.usual(MemoryObjects())
        let report = try restore(from: history.store)
        #expect(report.checks.map(\.kind) == [.knownKey, .unknownKey] && report.checks.allSatisfy(\.isGood))
        #expect(report.phases.map(\.phase).contains(.load) && report.phases.map(\.phase).contains(.ready))
        #expect(report.duration == report.phases.reduce(.zero) { $0 + $1.duration })
        let copy = try FileSystem.readAll(data + "/manifest.json", limit: 1 << 20)
        #expect(try BackupManifest.decode(copy).id == report.backup)
    }

    @Test func `what a restore takes back is counted key by key`() throws {
        let history = try History.usual(MemoryObjects())
        for back in [0, 3, 40, 90] {
            let index = LogIndex(history.last.rawValue - UInt64(back))
            let plan = try RestorePlan(.index(index), in: try ArchiveView(history.store, cluster: nil))
            var order = order()
            order.comparesWithNewest = true
            var restore = Restore(plan, order) { _ in }
            let report = try restore.run()
            let (now, then) = (records(of: history, at: history.last), records(of: history, at: index))
            let found = try #require(report.comparison)
            #expect(found.recordsBefore == now.count && report.records == then.count)
            #expect(found.removed == now.keys.count { then[$0] == nil })
            #expect(found.returned == then.keys.count { now[$0] == nil })
            #expect(found.changed == now.count { key, value in then[key].map { $0 != value } ?? false })
            #expect(found.newest.index == history.last && report.position.index == index)
        }
    }

    /// By the plain model: of each key its value.
    private func records(of history: History, at index: LogIndex) -> [[UInt8]: NaiveKeyspace.Record] {
        let model = history.model(at: index)
        let found = model.contents(at: model.time).map { key, record in
            var record = record
            // What was written again as it was is no change.
            record.version = 0
            return (key, record)
        }
        return Dictionary(uniqueKeysWithValues: found)
    }

    @Test func `what nobody knows is put aside only when that is insisted on`() throws {
        let history = try History.usual(MemoryObjects())
        try FileSystem.makeDirectory(data)
        try FileSystem.writeAtomically(data + "/letters", [1].rawBytes)
        let report = try restore(from: history.store)
        #expect(try FileSystem.listDirectory(try #require(report.putAside)) == ["letters"])
    }
}

/// An archive of which only the log is used.
private enum HidingBackups {
    static func view(_ view: ArchiveView) throws -> ArchiveView {
        let names = try view.store.listAll("").map(\.key.text).filter { $0.hasSuffix("manifest.json") }
        return try ArchiveView(HidingObjects(view.store, without: Set(names)), cluster: nil)
    }
}
