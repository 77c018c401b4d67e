// Entries of the log, well-formed or not, applied to a keyspace.

import ByteCoding
import Keyspace
import RESP
import Vocabulary

extension FuzzTarget {
    /// The bytes say which entries follow one another, and when. Every entry is applied to two keyspaces and read from
    /// one.
    ///
    /// 1. Each gives exactly one reply, the same from both keyspaces, and a read changes nothing.
    /// 2. What is no entry is refused and changes nothing; what is one, encoded anew, is the same entry.
    /// 3. A snapshot taken on the way stays as it was; in the end every sum and order is what the records make it.
    static let entries = FuzzTarget("entries", lengthMax: 2048) { bytes throws(Violation) in
        var run = EntryRun()
        var source = ByteSource(bytes)
        while !source.isAtEnd {
            let entry = EntryRun.entry(from: &source)
            guard !EntryRun.isCostly(entry) else { continue }
            try run.take(entry, source.byte())
        }
        try run.finish()
    }
}

/// Two replicas of one history.
private struct EntryRun {
    private static let cluster = ClusterID(high: 1, low: 2)
    private var one = Keyspace(of: cluster)
    private var other = Keyspace(of: cluster)
    private var snapshot: (keyspace: Keyspace, digest: Digest, count: Int)?
    private var time: UInt64 = 1_000_000_000
    private var index = LogIndex.zero

    /// One of four is raw bytes. The others are commands whose arguments are chosen from words that mean something, or
    /// from the bytes.
    static func entry(from source: inout ByteSource) -> [UInt8] {
        guard source.byte() & 3 != 0 else { return source.run() }
        let code = CommandCode.allCases[source.choice(below: CommandCode.allCases.count)]
        let arguments = (0..<source.choice(below: 8)).map { _ in
            let choice = Int(source.byte())
            return choice < words.count ? words[choice] : source.run(choice & 63)
        }
        return EntryCoding.encoded(code, arguments)
    }

    private static let words: [[UInt8]] =
        [
            "a", "b", "{a}c", "d", "1", "-1", "0", "10", "3", "nx", "xx", "get", "ex", "px", "exat", "pxat", "keepttl",
            "replace", "db", "count", "match", "*", "[^a]?", "9223372036854775807", "-9223372036854775808", "1.5",
            "1e308",
            "sync", "async", "encoding", "refcount", "persist", "lt", "gt", "", "type", "string", "1000001", "2000",
        ].map { Array($0.utf8) } + [[UInt8](repeating: 120, count: 5000), [UInt8](repeating: 107, count: 1100)]

    /// A legal command that makes a value of up to 512 MiB at once: the limits allow it, a harness has no time for it.
    static func isCostly(_ entry: [UInt8]) -> Bool {
        guard let view = try? EntryView(entry.rawBytes), view.code == .setrange, view.arguments.count == 3 else {
            return false
        }
        return [UInt8](view.arguments[1]).count > 5
    }

    mutating func take(_ entry: [UInt8], _ choice: UInt8) throws(Violation) {
        time += choice & 1 == 0 ? 1 : 700_000
        if choice & 0x1E == 0x02 { snapshot = (one, one.digest, one.count) }
        let version = choice & 0x20 == 0 ? RESPVersion.two : .three
        let clock = Timestamp(microseconds: time)
        let before = one.recordsDigest
        let read = try reply(entry, version) { (entry, reply) in one.read(entry, clock: clock, reply: &reply) }
        try require(one.recordsDigest == before, "a read changed the records")
        try checkEncoding(entry, read)
        index = index.next
        let index = index
        let expired = one.expiredTotal
        let first = try reply(entry, version) { (entry, reply) in
            one.apply(entry, at: clock, index: index, reply: &reply)
        }
        let second = try reply(entry, version) { (entry, reply) in
            other.apply(entry, at: clock, index: index, reply: &reply)
        }
        try require(first == second && one.digest == other.digest, "two replicas differ after \(entry)")
        try checkChanges(entry, before, hasExpired: one.expiredTotal != expired)
        if first.first == UInt8(ascii: "-"), one.expiredTotal == expired {
            try require(one.recordsDigest == before, "refused, and yet it changed the records: \(entry)")
        }
    }

    /// Whoever follows the changes is told of the entry by both replicas alike, if the records are others than before.
    private func checkChanges(_ entry: [UInt8], _ before: Digest, hasExpired: Bool) throws(Violation) {
        let (notes, twin) = (one.changes, other.changes)
        try require(notes.hasChanged == twin.hasChanged && notes.items == twin.items, "two stories of \(entry)")
        let isTold = notes.hasChanged || hasExpired || one.recordsDigest == before
        try require(isTold, "changed, and nobody is told: \(entry)")
        guard notes.hasChanged else { return }
        var writer = ChangeWriter(matching: nil, version: .two)
        writer.add(entry.rawBytes, notes.items.rawBytes, index: index, at: Timestamp(microseconds: time))
        try require(writer.count > 0, "a change without a command: \(entry)")
    }

    /// The bytes of the one reply that `act` gives.
    private func reply(
        _ entry: [UInt8], _ version: RESPVersion, _ act: (RawSpan, inout ReplyWriter) -> Void
    ) throws(Violation) -> [UInt8] {
        var writer = ReplyWriter(version: version)
        act(entry.rawBytes, &writer)
        var decoder = ReplyDecoder()
        let extent = try? decoder.next(in: writer.bytes.rawBytes)
        try require(extent?.consumed == writer.bytes.count, "not one reply: \(writer.bytes) to \(entry)")
        return writer.bytes
    }

    private func checkEncoding(_ entry: [UInt8], _ reply: [UInt8]) throws(Violation) {
        guard let view = try? EntryView(entry.rawBytes) else {
            return try require(reply.first == UInt8(ascii: "-"), "no entry, and yet it was read: \(entry)")
        }
        let arguments = EntryRun.arguments(view)
        let encoded = EntryCoding.encoded(view.code, arguments)
        guard let again = try? EntryView(encoded.rawBytes) else { throw Violation("\(encoded) is no entry") }
        try require(again.code == view.code && EntryRun.arguments(again) == arguments, "\(entry) is not \(encoded)")
        try require(encoded.count <= entry.count, "\(entry) is shorter than its canonical form")
    }

    private static func arguments(_ view: borrowing EntryView) -> [[UInt8]] {
        var arguments: [[UInt8]] = []
        for position in 0..<view.arguments.count { arguments.append([UInt8](view.arguments[position])) }
        return arguments
    }

    func finish() throws(Violation) {
        one.checkInvariants()
        try require(one.recomputedDigest() == one.digest, "the digest is not that of the records")
        guard let snapshot else { return }
        let (keyspace, digest, count) = snapshot
        keyspace.checkInvariants()
        try require(keyspace.digest == digest && keyspace.count == count, "a snapshot has changed")
        try require(keyspace.recomputedDigest() == digest, "a snapshot's records have changed")
    }
}
