// Looking at the past: what is shown of a point is what there was, and a key's history is every change it had.

import ArchiveFormat
import ArchiveStore
import ObjectStores
import Platform
import Testing
import Vocabulary

@testable import ArchiveRestore

struct PastStateTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func state(_ index: LogIndex, _ store: any ObjectStore) throws -> PastState {
        let plan = try RestorePlan(.index(index), in: try ArchiveView(store, cluster: nil))
        return try PastState(plan, in: scratch.path + "/past")
    }

    private func history(_ key: String, through index: LogIndex, _ store: any ObjectStore) throws -> PastHistory {
        var options = PlanOptions()
        options.beginsEarly = true
        let plan = try RestorePlan(.index(index), in: try ArchiveView(store, cluster: nil), options)
        return try PastHistory(of: Array(key.utf8), plan, in: scratch.path + "/past")
    }

    @Test func `points drawn at random are proven, have as many records as there were, and leave nothing behind`()
        throws
    {
        let store = MemoryObjects()
        let history = try History.usual(store)
        for _ in 0..<12 {
            let index = LogIndex(UInt64(1 + history.number(Int(history.last.rawValue))))
            let past = try state(index, store)
            let point = history.points[Int(index.rawValue)]
            #expect(past.report.digest == point.digest)
            #expect(past.report.position == point.position)
            #expect(past.keys(matching: "*").count == point.records)
            #expect(past.keys(matching: "*").allSatisfy { past.record($0)?.key == $0 })
            #expect(!FileSystem.exists(scratch.path + "/past"))
        }
    }

    @Test func `a key's history leads from nothing to what the key is, and every state on the way agrees with it`()
        throws
    {
        let store = MemoryObjects()
        let history = try History.usual(store)
        let newest = try state(history.last, store)
        for key in newest.keys(matching: "*").prefix(4) {
            let name = String(decoding: key, as: UTF8.self)
            let found = try self.history(name, through: history.last, store)
            #expect(found.first == nil)
            #expect(found.changes.last?.after == newest.record(key))
            for (before, change) in zip(found.changes, found.changes.dropFirst()) {
                #expect(before.after == change.before && before.index < change.index && before.time < change.time)
            }
            guard let change = found.changes.randomElement() else { continue }
            #expect(change.time == history.points[Int(change.index.rawValue)].time)
            #expect(try state(change.index, store).record(key) == change.after)
            if change.index > LogIndex(1) {
                #expect(try state(change.index.previous, store).record(key) == change.before)
            }
        }
    }

    @Test func `a point that can not be reached leaves nothing behind either`() throws {
        let store = MemoryObjects()
        let history = try History.usual(store)
        let backup = try #require(history.backups.last)
        let part = try #require(backup.packs.first?.parts.first)
        let name = try #require(backup.packs.first).name(of: part).description
        var bytes = try store.bytes(name)
        bytes[bytes.count / 2] ^= 1
        try store.replace(name, by: bytes)
        #expect(throws: RestoreError.self) {
            let plan = try RestorePlan(.backup(backup.id), in: try ArchiveView(store, cluster: nil))
            _ = try PastState(plan, in: scratch.path + "/past")
        }
        #expect(!FileSystem.exists(scratch.path + "/past"))
    }
}
