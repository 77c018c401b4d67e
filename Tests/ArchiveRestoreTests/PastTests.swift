// Reading the past: what a state of then holds, how two differ, and what became of a key.

import ByteCoding
import Keyspace
import ObjectStores
import Testing
import Vocabulary

@testable import ArchiveRestore

/// What there was at each index, by key: the model that everything here is compared with.
private struct Model {
    let history: History

    func records(at index: Int) -> [[UInt8]: StoredRecord] {
        var found: [[UInt8]: StoredRecord] = [:]
        history.states[index].forEachStored(matching: nil) { record in
            found[record.key] = record
            return true
        }
        return found
    }
}

struct PastTests {
    private func state(_ target: RestoreTarget, _ history: History) throws -> PastState {
        try PastState(RestorePlan(target, in: ArchiveView(history.store, cluster: nil)))
    }

    private func contents(_ keyspace: Keyspace) -> [[UInt8]: StoredRecord] {
        var found: [[UInt8]: StoredRecord] = [:]
        keyspace.forEachStored(matching: nil) { record in
            found[record.key] = record
            return true
        }
        return found
    }

    @Test func `a state of the past holds what there was, at every index`() throws {
        let history = try History.usual(MemoryObjects(pageSize: 7))
        let model = Model(history: history)
        for index in 1...Int(history.last.rawValue) {
            let past = try state(.index(LogIndex(UInt64(index))), history)
            #expect(past.digest == history.points[index].digest && past.position == history.points[index].position)
            #expect(past.time == history.points[index].time)
            #expect(contents(past.keyspace) == model.records(at: index))
        }
    }

    @Test func `a time and a backup lead to their states, and a state says what it was compared with`() throws {
        let history = try History.usual(MemoryObjects(), seed: 3)
        let point = history.points[history.number(history.points.count - 1) + 1]
        #expect(try state(.time(point.time), history).position == point.position)
        let backup = history.backups[1]
        let past = try state(.backup(backup.id), history)
        #expect(past.position == backup.position && past.digest == backup.digest)
        #expect(past.proof.hasPrefix("digest equal"))
    }

    @Test func `a state goes on to any later one of its timeline, from wherever it was`() throws {
        let history = try History.usual(MemoryObjects(), seed: 4)
        let last = Int(history.last.rawValue)
        for _ in 0..<8 {
            var past = try state(.index(LogIndex(UInt64(1 + history.number(last)))), history)
            for _ in 0..<6 {
                let next = Int(past.position.index.rawValue) + history.number(12)
                #expect(past.leads(to: LogIndex(UInt64(next))) == (next <= last))
                guard next <= last else { break }
                try past.advance(to: LogIndex(UInt64(next)))
                #expect(past.digest == history.points[next].digest && past.position == history.points[next].position)
            }
        }
    }

    @Test func `what differs between two states is what a comparison of all their records finds`() throws {
        let history = try History.usual(MemoryObjects(), seed: 5)
        let model = Model(history: history)
        for _ in 0..<30 {
            let (a, b) = (
                1 + history.number(Int(history.last.rawValue)), 1 + history.number(Int(history.last.rawValue))
            )
            let (before, after) = (model.records(at: a), model.records(at: b))
            var found: [[UInt8]: [StoredRecord?]] = [:]
            let (first, second) = (
                try state(.index(LogIndex(UInt64(a))), history).keyspace,
                try state(.index(LogIndex(UInt64(b))), history).keyspace
            )
            first.forEachDifference(to: second, matching: nil) { old, new in
                #expect(found.updateValue([old, new], forKey: old?.key ?? new?.key ?? []) == nil)
            }
            let keys = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
            #expect(found == Dictionary(uniqueKeysWithValues: keys.map { ($0, [before[$0], after[$0]]) }))
        }
    }

    @Test func `only keys that match are found, and a search ends when it is told to`() throws {
        let history = try History.usual(MemoryObjects(), seed: 6)
        let past = try state(.latest, history)
        var keys: [[UInt8]] = []
        past.keyspace.forEachStored(matching: Array("hk1*".utf8)) { record in
            keys.append(record.key)
            return keys.count < 2
        }
        #expect(keys.count == 2 && keys.allSatisfy { $0.starts(with: Array("hk1".utf8)) })
    }

    @Test(arguments: [nil, 1, 3, 1000] as [Int?])
    func `a key's history has every change, in order, whichever backups it is read from`(limit: Int?) throws {
        let history = try History.usual(MemoryObjects(pageSize: 5), seed: 7)
        let plan = try RestorePlan(.latest, in: ArchiveView(history.store, cluster: nil))
        for name in ["k3", "hk3", "lk7", "sk7", "k11", "none"] {
            let key = Array(name.utf8)
            var expected: [KeyChange] = []
            for index in 1...Int(history.last.rawValue) {
                let (old, new) = (history.states[index - 1], history.states[index])
                guard old.writeMark(key) != new.writeMark(key) else { continue }
                let point = history.points[index]
                expected.append(
                    KeyChange(
                        position: point.position, time: point.time, before: old.stored(key), after: new.stored(key)))
            }
            let found = try KeyHistory(of: key, upTo: plan, limit: limit)
            #expect(found.changes == Array(expected.suffix(limit ?? expected.count)))
            #expect(found.last == history.last)
            let isAll = found.changes.count == expected.count && limit.map { $0 > expected.count } ?? true
            #expect(!isAll || found.first == .zero)
        }
    }
}
