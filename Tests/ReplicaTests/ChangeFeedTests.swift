// The change feed of a replica: who is told what, who waits, and what is remembered for how long.

import ByteCoding
import Keyspace
import LogFormat
import PeerProtocol
import RESP
import Testing
import Vocabulary

@testable import Replica

@Suite struct ChangeFeedTests {
    /// A node on its own, and consumers of its changes.
    private final class Desk {
        let world: World
        let node: NodeID
        var feed = ChangeFeed()
        var token: UInt64 = 100
        var answers: [UInt64: String] = [:]
        /// While true, jobs gather.
        var isReaderHeld = false
        var held: [(token: UInt64, job: ChangeJob)] = []

        init(options: ReplicaOptions = ReplicaOptions()) throws {
            world = try World(1, options: options)
            node = world.elect()
        }

        var replica: World.Node { world.nodes[node]! }
        var applied: LogIndex { replica.replica.appliedIndex }

        func write(_ command: CommandCode, _ arguments: String...) {
            token += 1
            var batch = RequestBatch()
            batch.append(token: token, kind: .write, version: .two) {
                $0 += EntryCoding.encoded(command, arguments.map { Array($0.utf8) })
            }
            submit(batch)
        }

        func transaction(_ keys: [String]) {
            token += 1
            var envelope = Envelope(.transaction, version: .two)
            for key in keys {
                envelope.add { $0 += EntryCoding.encoded(.set, [Array(key.utf8), Array("v".utf8)]) }
            }
            var batch = RequestBatch()
            batch.append(token: token, kind: .write, version: .two) { envelope.encode(to: &$0) }
            submit(batch)
        }

        private func submit(_ batch: RequestBatch) {
            world.step(node, .requests(batch))
            world.pass(.milliseconds(5))
            advance()
        }

        func ask(
            _ from: LogIndex, count: Int = 100, pattern: String? = nil, _ patience: ChangePatience = .none
        ) -> UInt64 {
            token += 1
            let query = ChangeQuery(
                from: from, countMax: count, pattern: pattern.map { Array($0.utf8) }, version: .two)
            feed.ask(token, query, patience)
            advance()
            return token
        }

        /// Lets the feed go on until it has nothing to read.
        func advance() {
            while true {
                var batch = AnswerBatch()
                feed.advance(replica.replica, at: world.now.instant, into: &batch)
                held += feed.takeJobs()
                let jobs = isReaderHeld ? [] : held
                if !isReaderHeld { held = [] }
                for (token, job) in jobs {
                    feed.take(read(job), for: token, applied: applied, into: &batch)
                }
                for item in batch.items {
                    let bytes = batch.writer.bytes[item.range]
                    answers[item.token] = String(decoding: bytes, as: UTF8.self).replacing("\r\n", with: " ")
                }
                if jobs.isEmpty { return }
            }
        }

        private func read(_ job: ChangeJob) -> Result<ChangePage, ChangeReadFailure> {
            var scan = ChangeScan(job)
            for frame in job.frames.isEmpty ? replica.disk.frames : job.frames where scan.wantsMore {
                do { try scan.take(frame) } catch { return .failure(.unreadable) }
            }
            return .success(scan.end())
        }

        /// The answer as its next index, and each change's words.
        func told(_ token: UInt64) throws -> (next: Int64, changes: [String])? {
            guard let text = answers[token] else { return nil }
            let bytes = Array(text.replacing(" ", with: "\r\n").utf8)
            guard case .array(let parts) = try ReplyDecoder.value(of: bytes.rawBytes), parts.count == 2,
                case .integer(let next) = parts[0], case .array(let changes) = parts[1]
            else { return nil }
            return (next, changes.map { ChangeFeedTests.words($0) })
        }
    }

    private static func words(_ change: Reply) -> String {
        guard case .array(let fields) = change, case .array(let words) = fields.last else { return "\(change)" }
        return words.map { word in
            if case .bulk(let bytes) = word { String(decoding: bytes, as: UTF8.self) } else { "\(word)" }
        }.joined(separator: " ")
    }

    private func expect(
        _ desk: Desk, _ token: UInt64, _ changes: [String], next: LogIndex,
        _ place: SourceLocation = #_sourceLocation
    ) throws {
        let told = try #require(try desk.told(token), sourceLocation: place)
        #expect(told.changes == changes, sourceLocation: place)
        #expect(told.next == Int64(next.rawValue), sourceLocation: place)
    }

    @Test func `changes are told in the order of the log, up to what is applied`() throws {
        let desk = try Desk()
        desk.write(.set, "a", "1")
        desk.write(.setnx, "a", "2")
        desk.write(.incr, "a")
        try expect(desk, desk.ask(LogIndex(1)), ["SET a 1", "INCR a"], next: desk.applied.next)
        try expect(desk, desk.ask(desk.applied), ["INCR a"], next: desk.applied.next)
        try expect(desk, desk.ask(desk.applied.next), [], next: desk.applied.next)
        // Another node may be further.
        try expect(desk, desk.ask(LogIndex(999)), [], next: LogIndex(999))
        #expect(desk.feed.isEmpty)
    }

    @Test func `an answer ends at its count, and never within a transaction`() throws {
        let desk = try Desk()
        for key in ["a", "b"] { desk.write(.set, key, "v") }
        let begin = desk.applied.next
        desk.transaction(["c", "d", "e"])
        desk.write(.set, "f", "v")
        let all = ["a", "b", "c", "d", "e", "f"].map { "SET \($0) v" }
        try expect(desk, desk.ask(LogIndex(1), count: 1), Array(all[..<1]), next: begin.previous)
        try expect(desk, desk.ask(LogIndex(1), count: 3), Array(all[..<5]), next: begin.next)
        try expect(desk, desk.ask(begin, count: 1), Array(all[2..<5]), next: begin.next)
        try expect(desk, desk.ask(LogIndex(1), count: 6), all, next: desk.applied.next)
    }

    @Test func `who waits is told the first thing that concerns them`() throws {
        let desk = try Desk()
        let waiting = desk.ask(desk.applied.next, pattern: "b*", .endless)
        desk.write(.set, "a", "1")
        desk.write(.setnx, "a", "2")
        #expect(desk.answers[waiting] == nil)
        #expect(desk.feed.count == 1)
        desk.write(.set, "b", "1")
        try expect(desk, waiting, ["SET b 1"], next: desk.applied.next)
        #expect(desk.feed.isEmpty)
    }

    @Test func `who has waited for long enough learns how far it was looked`() throws {
        let desk = try Desk()
        let waiting = desk.ask(LogIndex(1), pattern: "b*", .until(desk.world.now.instant + .milliseconds(100)))
        desk.write(.set, "a", "1")
        #expect(desk.answers[waiting] == nil)
        #expect(desk.feed.nextDeadline != nil)
        desk.world.pass(.milliseconds(200))
        desk.advance()
        try expect(desk, waiting, [], next: desk.applied.next)
        #expect(desk.feed.nextDeadline == nil)
    }

    @Test func `changes that concern somebody else do not keep a client waiting beyond its time`() throws {
        let desk = try Desk()
        desk.isReaderHeld = true
        let waiting = desk.ask(LogIndex(1), pattern: "b*", .until(desk.world.now.instant + .milliseconds(10)))
        desk.write(.set, "a", "1")
        #expect(desk.held.count == 1)
        desk.write(.set, "a", "2")
        desk.write(.set, "a", "3")
        desk.isReaderHeld = false
        desk.advance()
        let told = try #require(try desk.told(waiting))
        #expect(told.changes.isEmpty)
        #expect(told.next <= Int64(desk.applied.rawValue))
        // Time that was over from the start is no reason to tell nothing.
        let late = desk.ask(LogIndex(1), .until(desk.world.now.instant))
        #expect(try desk.told(late)?.changes == ["SET a 1", "SET a 2", "SET a 3"])
    }

    @Test func `who is sent on or gone waits no more, also while the log is read for them`() throws {
        let desk = try Desk()
        let (sent, refused, gone) = (
            desk.ask(desk.applied.next, .endless), desk.ask(desk.applied.next, .endless),
            desk.ask(desk.applied.next, .endless)
        )
        desk.isReaderHeld = true
        desk.write(.set, "a", "1")
        let index = desk.applied
        #expect(desk.held.count == 3)
        let isKnown = (
            desk.feed.dismiss(sent, withError: false), desk.feed.dismiss(refused, withError: true),
            desk.feed.forget(gone), desk.feed.forget(gone)
        )
        #expect(isKnown == (true, true, true, false))
        desk.isReaderHeld = false
        desk.advance()
        // What was being read for them is theirs.
        try expect(desk, sent, ["SET a 1"], next: index.next)
        try expect(desk, refused, ["SET a 1"], next: index.next)
        #expect(desk.answers[gone] == nil)
        let idle = desk.ask(desk.applied.next, .endless)
        _ = desk.feed.dismiss(idle, withError: true)
        desk.advance()
        #expect(desk.answers[idle] == "-UNBLOCKED client unblocked via CLIENT UNBLOCK ")
        let last = desk.ask(desk.applied.next, .endless)
        desk.feed.dismissAll()
        desk.advance()
        try expect(desk, last, [], next: desk.applied.next)
        #expect(desk.feed.isEmpty)
    }

    @Test func `a log that does not hold yet what was applied is asked again, and not before there is more`() throws {
        let desk = try Desk()
        let waiting = desk.ask(desk.applied.next, .endless)
        desk.isReaderHeld = true
        desk.write(.set, "a", "1")
        var batch = AnswerBatch()
        desk.feed.take(.failure(.notWritten), for: waiting, applied: desk.applied, into: &batch)
        desk.held = []
        desk.advance()
        #expect(desk.held.isEmpty)
        desk.write(.set, "b", "1")
        #expect(desk.held.count == 1)
        desk.isReaderHeld = false
        desk.advance()
        try expect(desk, waiting, ["SET a 1", "SET b 1"], next: desk.applied.next)
        let token = desk.ask(LogIndex(1), .none)
        #expect(desk.answers[token] != nil)
    }

    @Test func `what is remembered no more is refused with the index that is`() throws {
        var options = ReplicaOptions()
        options.changeIndexes = 4096
        let desk = try Desk(options: options)
        for _ in 0..<10 {
            var batch = RequestBatch()
            for _ in 0..<1000 {
                batch.append(token: Replica.nobody, kind: .write, version: .two) {
                    $0 += EntryCoding.encoded(.incr, [Array("n".utf8)])
                }
            }
            desk.world.step(desk.node, .requests(batch))
            desk.world.pass(.milliseconds(20))
        }
        let first = try #require(desk.replica.replica.changes.first)
        #expect(first > LogIndex(4096))
        #expect(first <= desk.applied)
        let refused = desk.ask(first.previous)
        let text = "-COMPACTED the feed of this node starts at index \(first); read the records anew "
        #expect(desk.answers[refused] == text)
        let told = try #require(try desk.told(desk.ask(first, count: 100_000)))
        #expect(told.changes.count == desk.applied - first.previous)
        var batch = AnswerBatch()
        let waiting = desk.ask(desk.applied.next, .endless)
        desk.feed.take(.failure(.released(first: LogIndex(77))), for: waiting, applied: desk.applied, into: &batch)
        let later = String(decoding: batch.writer.bytes, as: UTF8.self)
        #expect(later.hasPrefix("-COMPACTED the feed of this node starts at index 77;"))
    }

    @Test func `notes beyond their bytes push the oldest indexes out`() {
        var journal = ChangeJournal(indexesMax: 1 << 20, bytesMax: ByteCount(1000))
        var keyspace = Keyspace(of: World.cluster)
        var reply = ReplyWriter(version: .two)
        journal.begin(at: LogIndex(1))
        for index in 1...UInt64(20_000) {
            let isSet = index % 2 == 1
            let entry = EntryCoding.encoded(isSet ? .sadd : .spop, isSet ? [[1], [2]] : [[1]])
            keyspace.apply(entry.rawBytes, at: .zero, index: LogIndex(index), reply: &reply)
            journal.note(LogIndex(index), keyspace.changes)
        }
        let first = journal.first
        #expect(first == LogIndex(16384))
        #expect(journal.bytes < .kibibytes(64))
    }

    @Test func `what a journal says of each index is what was noted`() {
        var journal = ChangeJournal(indexesMax: 1 << 20, bytesMax: .mebibytes(1))
        var keyspace = Keyspace(of: World.cluster)
        var reply = ReplyWriter(version: .two)
        var random = SplitMix64(seed: 7)
        var expected: [UInt64: [UInt8]] = [:]
        var index: UInt64 = 5000
        journal.begin(at: LogIndex(index))
        for _ in 0..<3000 {
            index += random.next() % 50 == 0 ? 9000 : random.next() % 5 + 1
            let roll = random.next() % 3
            let entry = EntryCoding.encoded(roll == 0 ? .spop : .sadd, roll == 0 ? [[1]] : [[1], [UInt8(roll)]])
            keyspace.apply(entry.rawBytes, at: .zero, index: LogIndex(index), reply: &reply)
            journal.note(LogIndex(index), keyspace.changes)
            if keyspace.changes.hasChanged { expected[index] = keyspace.changes.items }
        }
        let excerpt = journal.excerpt(LogIndex(5000)...LogIndex(index))
        for probe in 5000...index {
            #expect(excerpt.notes(of: LogIndex(probe)).map { [UInt8]($0) } == expected[probe])
        }
        var found: [UInt64] = []
        var next = LogIndex(5000)
        while next <= LogIndex(index), let change = journal.firstChange(in: next...LogIndex(index)) {
            found.append(change.rawValue)
            next = change.next
        }
        #expect(found == expected.keys.sorted())
    }
}
