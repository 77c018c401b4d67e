// Undoing changes of some keys: what is planned, what is too much, and how values are read from a client port.

import Keyspace
import RESP
import Sessions
import Testing
import Vocabulary

@testable import NodeControl

@Suite struct UndoTests {
    private let now = Timestamp(microseconds: 1_000_000_000)

    private func record(_ key: String, _ value: String, ends: UInt64? = nil) -> StoredRecord {
        StoredRecord(key: key.bytes, value: .string(value.bytes), deadline: ends)
    }

    private func plan(_ live: [StoredRecord], _ past: [StoredRecord]) -> UndoPlan {
        UndoPlan(now: live, then: past, at: now)
    }

    private func texts(_ plan: UndoPlan) -> [String] {
        plan.commands.map { $0.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ") }
    }

    @Test func `keys come back, are changed back and are removed, and equal ones are left alone`() {
        let undo = plan(
            [record("b", "new"), record("c", "added"), record("d", "same", ends: 5_000_000)],
            [record("a", "old"), record("b", "old"), record("d", "same", ends: 5_000_000)])
        #expect(undo.changes.map(\.kind) == [.returned, .changedBack, .removed])
        #expect(undo.counts == "1 returned, 1 changed back, 1 removed" && undo.compared == 4)
        #expect(texts(undo) == ["SET a old", "SET b old", "DEL c"])
        #expect(undo.changes[1].words == #""old", was "new""#)
        #expect(undo.excess == nil)
        #expect(plan([record("a", "x")], [record("a", "x")]).changes.isEmpty)
    }

    @Test func `a time to live is part of a record, and one that is over by now means that the key is gone`() {
        let later = plan([record("a", "x")], [record("a", "x", ends: 2_000_000)])
        #expect(texts(later) == ["SET a x", "PEXPIREAT a 2000000"])
        #expect(texts(plan([record("a", "x")], [record("a", "x", ends: 1_000_000)])) == ["DEL a"])
        #expect(plan([], [record("a", "x", ends: 999_999)]).changes.isEmpty)
    }

    @Test func `a collection is made anew, of whatever type the key is now`() {
        let then = StoredRecord(
            key: "k".bytes, value: .sortedSet([StoredMember(member: "m".bytes, score: -.infinity)]), deadline: nil)
        #expect(texts(plan([record("k", "text")], [then])) == ["DEL k", "ZADD k -inf m"])
    }

    @Test func `more than one transaction carries is said with the limit`() {
        #expect(UndoPlan.keysMax == Session.watchedKeysMax)
        #expect(UndoPlan.bytesMax < Session.transactionBytesMax)
        let many = plan((0...UndoPlan.keysMax).map { record("k\($0)", "x") }, [])
        #expect(many.excess?.contains("65536 at most") == true)
        #expect(plan((0..<UndoPlan.keysMax).map { record("k\($0)", "x") }, []).excess == nil)
        let half = String(repeating: "x", count: UndoPlan.bytesMax / 2)
        #expect(plan([], [record("a", half)]).excess == nil)
        #expect(plan([], [record("a", half), record("b", half)]).excess?.contains("48.0MiB at most") == true)
    }

    @Test func `values are read in the order that a state of the past has`() {
        func bulks(_ words: String...) -> Reply { .array(words.map { .bulk($0.bytes) }) }
        #expect(LiveRecords.value("GET", .bulk("x".bytes)) == .string("x".bytes))
        #expect(LiveRecords.value("LRANGE", bulks("b", "a")) == .list(["b".bytes, "a".bytes]))
        #expect(LiveRecords.value("SMEMBERS", bulks("b", "a")) == .set(["a".bytes, "b".bytes]))
        #expect(
            LiveRecords.value("HGETALL", bulks("b", "1", "a", "2"))
                == .hash([StoredField(name: "a".bytes, value: "2".bytes), .init(name: "b".bytes, value: "1".bytes)]))
        #expect(
            LiveRecords.value("ZRANGE", bulks("m", "-inf", "n", "0.1"))
                == .sortedSet([
                    StoredMember(member: "m".bytes, score: -.infinity), .init(member: "n".bytes, score: 0.1),
                ]))
        for wrong: Reply in [.null, .error("WRONGTYPE"), .array([]), bulks("odd"), .array([.integer(1)])] {
            #expect(LiveRecords.value("HGETALL", wrong) == nil)
        }
        #expect(LiveRecords.value("ZRANGE", bulks("m", "no number")) == nil)
    }
}
