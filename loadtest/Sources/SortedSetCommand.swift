// `loadtest sorted-set`: what operations on a large sorted set cost, within this process and without a network.

import ArgumentParser
import ByteCoding
import Keyspace
import Platform
import RESP
import Vocabulary

struct SortedSetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sorted-set",
        abstract: "Carries out a mix of commands on one large sorted set within this process.",
        discussion: """
            The mix is the same for the same --seed. With --print its requests are written to standard output instead, \
            for `redis-cli --pipe`, so that another server can be measured on them: loadtest/compare/sorted-set.sh \
            does so.
            """)

    enum Part: String, ExpressibleByArgument, CaseIterable {
        case members, operations
    }

    @Option(help: "Members of the set, on average.")
    var members = 1_000_000

    @Option(help: "Commands of the mix.")
    var operations = 10_000_000

    @Option(help: "What the mix is drawn from.")
    var seed: UInt64 = 1

    @Option(help: "Write the requests that fill the set (members) or those of the mix (operations), and end.")
    var print: Part?

    func validate() throws {
        guard (1...100_000_000).contains(members) else { throw ValidationError("--members: 1 to 100000000") }
        guard (1...1_000_000_000).contains(operations) else { throw ValidationError("--operations: 1 to 1000000000") }
    }

    func run() {
        switch print {
        case .members: forEachBatch(members, SortedSetMix.filling(members)) { write($0) }
        case .operations: forEachBatch(operations, SortedSetMix.mixed(members, seed: seed)) { write($0) }
        case nil: measure()
        }
    }

    private static let batch = 10_000

    private func forEachBatch(
        _ count: Int, _ source: SortedSetMix, _ body: ([[String]]) -> Void
    ) {
        var source = source
        for start in stride(from: 0, to: count, by: SortedSetCommand.batch) {
            body((start..<min(count, start + SortedSetCommand.batch)).map { _ in source.next() })
        }
    }

    private func write(_ requests: [[String]]) {
        var bytes: [UInt8] = []
        for words in requests { RedisWire.append(words, to: &bytes) }
        StandardStreams.writeOutput(bytes.rawBytes)
    }

    private func measure() {
        var bench = EntryBench()
        forEachBatch(members, SortedSetMix.filling(members)) { _ = bench.carryOut($0) }
        var spent = Duration.zero
        forEachBatch(operations, SortedSetMix.mixed(members, seed: seed)) { spent += bench.carryOut($0) }
        let nanoseconds = Int((spent / operations).inSeconds * 1e9)
        Swift.print("\(operations) operations on a set of \(bench.count) members: \(nanoseconds) ns each")
    }
}

/// An endless row of requests.
struct SortedSetMix {
    private let members: Int
    private var generator: SplitMix64?
    private var number = 0

    /// A third more names than members: one in four is not there when it is asked for.
    private var names: Int { members + members / 3 }

    /// Each member once.
    static func filling(_ members: Int) -> SortedSetMix { SortedSetMix(members: members) }

    /// As many that add as that remove, over all names, so that the set stays as large as it is.
    static func mixed(_ members: Int, seed: UInt64) -> SortedSetMix {
        SortedSetMix(members: members, generator: SplitMix64(seed: seed))
    }

    mutating func next() -> [String] {
        guard generator != nil else {
            number += 1
            return ["ZADD", "set", String((number * 7919) % 1_000_003), name(number - 1)]
        }
        switch draw(100) {
        case 0..<30: return ["ZADD", "set", score(), anyName()]
        case 30..<40: return ["ZREM", "set", anyName()]
        case 40..<50: return ["ZINCRBY", "set", String(draw(100)), name(draw(members))]
        case 50..<65: return ["ZSCORE", "set", anyName()]
        case 65..<80: return ["ZRANK", "set", anyName()]
        case 80..<90:
            let rank = draw(members)
            return ["ZRANGE", "set", String(rank), String(rank + 9)]
        default: return ["ZRANGEBYSCORE", "set", score(), "+inf", "LIMIT", "0", "10"]
        }
    }

    private mutating func draw(_ count: Int) -> Int { Int((generator?.next() ?? 0) % UInt64(count)) }
    private mutating func score() -> String { String(draw(1_000_003)) }
    private mutating func anyName() -> String { name(draw(names)) }

    private func name(_ number: Int) -> String {
        let digits = String(number)
        return "m:" + String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    }
}

/// A keyspace that carries out entries, as a node does once they are committed.
private struct EntryBench {
    private var keyspace = Keyspace(of: ClusterID(high: 1, low: 2))
    private var index = LogIndex.zero
    private var reply = ReplyWriter(version: .two)

    /// Members of the set.
    var count: Int {
        mutating get {
            reply.bytes.removeAll(keepingCapacity: true)
            keyspace.read(
                EntryCoding.encoded(.zcard, [Array("set".utf8)]).rawBytes, clock: Timestamp(microseconds: 1),
                reply: &reply)
            guard case .integer(let count)? = try? ReplyDecoder.value(of: reply.bytes.rawBytes) else { return 0 }
            return Int(count)
        }
    }

    /// Returns the processor time that it took. Making the entries is not part of it: sessions do that.
    mutating func carryOut(_ requests: [[String]]) -> Duration {
        let entries = requests.map { words in
            let name = Array(words[0].utf8)
            guard let command = CommandTable.shared.lookup(name.rawBytes) else { fatalError("no command \(words[0])") }
            return (
                isWrite: command.route == .write,
                bytes: EntryCoding.encoded(command.code, words.dropFirst().map { Array($0.utf8) })
            )
        }
        let start = ThisProcess.processorTime
        for entry in entries {
            reply.bytes.removeAll(keepingCapacity: true)
            let time = Timestamp(microseconds: 1_000_000 + index.rawValue)
            if entry.isWrite {
                index = index.next
                keyspace.apply(entry.bytes.rawBytes, at: time, index: index, reply: &reply)
            } else {
                keyspace.read(entry.bytes.rawBytes, clock: time, reply: &reply)
            }
            precondition(reply.bytes.first != UInt8(ascii: "-"), String(decoding: reply.bytes, as: UTF8.self))
        }
        return ThisProcess.processorTime - start
    }
}
