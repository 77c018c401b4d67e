// `loadtest indexes`: what secondary indexes cost, inside this process and without a node.

import ArgumentParser
import ByteCoding
import Keyspace
import Platform
import RESP
import Vocabulary

struct IndexesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "indexes",
        abstract: "Builds, changes and asks secondary indexes of a keyspace in this process.",
        discussion: """
            All figures are processor time of one thread, so that other work on the machine shows only as far as it \
            takes the caches. Records are hashes of four fields: an age of 90 values, a city of 1000, and a number and \
            a text that are different in each. Every part is measured `--rounds` times, in turn; the middle one counts.
            """)

    @Option(help: "How many hashes.")
    var records = 1_000_000

    @Option(help: "How many writes or queries are measured together.")
    var operations = 100_000

    @Option(help: "How many rounds.")
    var rounds = 5

    func validate() throws {
        guard (1000...100_000_000).contains(records) else { throw ValidationError("--records: 1000 to 100000000") }
        guard (100...10_000_000).contains(operations) else { throw ValidationError("--operations: 100 to 10000000") }
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds: 1 to 100") }
    }

    func run() {
        var bench = IndexBench(records: records)
        for _ in 0..<rounds { bench.round(operations: operations) }
        StandardStreams.writeOutput(bench.text)
    }
}

/// A keyspace, and what was measured on it: for each part the figure of every round.
private struct IndexBench {
    private static let kinds: [(name: String, field: String, form: String)] = [
        ("age, 90 numbers", "age", "number"), ("city, 1000 texts", "city", "text"),
        ("score, numbers", "score", "number"), ("email, texts", "email", "text"),
    ]

    private let records: Int
    private var keyspace = Keyspace(of: ClusterID(high: 1, low: 2))
    private var index = LogIndex.zero
    private var reply = ReplyWriter(version: .two)
    private var random = SystemRandom.word() | 1
    private var figures: [(part: String, unit: String, values: [Double])] = []

    init(records: Int) {
        self.records = records
        for number in 0..<records {
            var words = ["user:\(number)"]
            for kind in IndexBench.kinds { words += [kind.field, value(kind.field)] }
            apply(IndexBench.entry(.hset, words))
        }
    }

    // MARK: Measuring

    mutating func round(operations: Int) {
        for kind in IndexBench.kinds {
            let before = writes(kind.field, operations)
            create([kind.field, "type", kind.form])
            let took = measured { bench in
                while bench.keyspace.hasIndexesToBuild { bench.keyspace.buildIndexes(records: 256) }
            }
            note("build: \(kind.name)", "records/s", Double(records) / took)
            let after = writes(kind.field, operations)
            note("write, not indexed: \(kind.name)", "ns", before)
            note("write, indexed: \(kind.name)", "ns", after)
            note("write, indexed ÷ not: \(kind.name)", "times", after / before)
            ask("equality, LIMIT 10: \(kind.name)", 1000) { ["eq", kind.field, $0.value(kind.field), "limit", "10"] }
            drop()
        }
        create(["age", "type", "number", "field", "city", "field", "email"])
        let took = measured { bench in
            while bench.keyspace.hasIndexesToBuild { bench.keyspace.buildIndexes(records: 256) }
        }
        note("build: age, city and email", "records/s", Double(records) / took)
        ask("two equalities, LIMIT 10", 200) {
            ["eq", "city", $0.value("city"), "eq", "age", $0.value("age"), "limit", "10"]
        }
        ask("range, ordered by another field, LIMIT 10", 200) { _ in
            ["range", "age", "10", "20", "order", "by", "email", "limit", "10"]
        }
        drop()
    }

    /// Nanoseconds of one write that gives a field of some record another value, carried out in batches as a node does.
    private mutating func writes(_ field: String, _ count: Int) -> Double {
        var batches: [(bytes: [UInt8], entries: [Range<Int>])] = []
        for _ in 0..<count / Keyspace.warmMax {
            var batch: (bytes: [UInt8], entries: [Range<Int>]) = ([], [])
            for _ in 0..<Keyspace.warmMax {
                let start = batch.bytes.count
                batch.bytes += IndexBench.entry(.hset, ["user:\(below(records))", field, value(field)])
                batch.entries.append(start..<batch.bytes.count)
            }
            batches.append(batch)
        }
        let took = measured { bench in for batch in batches { bench.apply(batch.bytes, batch.entries) } }
        return took / Double(batches.count * Keyspace.warmMax) * 1e9
    }

    private mutating func apply(_ bytes: [UInt8], _ entries: [Range<Int>]) {
        keyspace.warm(bytes.rawBytes, entries: entries)
        for range in entries {
            index = index.next
            reply.bytes.removeAll(keepingCapacity: true)
            keyspace.apply(
                bytes.rawBytes.extracting(range), at: .zero, index: index, isOneOfMany: true, reply: &reply)
        }
        keyspace.settleIndexes()
    }

    private mutating func ask(_ part: String, _ count: Int, _ words: (inout IndexBench) -> [String]) {
        var entries: [[UInt8]] = []
        for _ in 0..<count { entries.append(IndexBench.entry(.indexQuery, ["bench"] + words(&self))) }
        let took = measured { bench in
            for entry in entries {
                bench.reply.bytes.removeAll(keepingCapacity: true)
                bench.keyspace.read(entry.rawBytes, clock: .zero, reply: &bench.reply)
            }
        }
        note("query: \(part)", "µs", took / Double(count) * 1e6)
    }

    /// Seconds of processor time.
    private mutating func measured(_ body: (inout IndexBench) -> Void) -> Double {
        let began = ThisProcess.processorTime
        body(&self)
        return (ThisProcess.processorTime - began).inSeconds
    }

    private mutating func note(_ part: String, _ unit: String, _ value: Double) {
        if let known = figures.firstIndex(where: { $0.part == part }) {
            figures[known].values.append(value)
        } else {
            figures.append((part, unit, [value]))
        }
    }

    /// A line for each part: the middle of its rounds, the least and the greatest.
    var text: String {
        figures.map { figure in
            let sorted = figure.values.sorted()
            let numbers = [sorted[sorted.count / 2], sorted[0], sorted[sorted.count - 1]].map(IndexBench.short)
            return "\(figure.part): \(numbers[0]) \(figure.unit) (\(numbers[1])–\(numbers[2]))\n"
        }.joined()
    }

    private static func short(_ value: Double) -> String {
        value >= 100 ? "\(Int(value.rounded()))" : "\((value * 100).rounded() / 100)"
    }

    // MARK: The keyspace

    private mutating func create(_ fields: [String]) {
        apply(IndexBench.entry(.indexCreate, ["bench", "on", "hash", "prefix", "user:", "field"] + fields))
    }

    /// Drops the index, and has everything freed that is freed little by little.
    private mutating func drop() {
        apply(IndexBench.entry(.indexDrop, ["bench"]))
        for _ in 0..<records / 32 { apply(IndexBench.entry(.del, ["nothing"])) }
    }

    private mutating func apply(_ entry: [UInt8]) {
        index = index.next
        reply.bytes.removeAll(keepingCapacity: true)
        keyspace.apply(entry.rawBytes, at: .zero, index: index, reply: &reply)
    }

    private static func entry(_ code: CommandCode, _ words: [String]) -> [UInt8] {
        EntryCoding.encoded(code, words.map { Array($0.utf8) })
    }

    private mutating func value(_ field: String) -> String {
        switch field {
        case "age": "\(below(90))"
        case "city": "city-\(below(1000))"
        case "score": "\(below(1 << 40))"
        default: "u\(below(1 << 40))@example.com"
        }
    }

    /// Marsaglia's xorshift: what is measured is not to wait for it.
    private mutating func below(_ limit: Int) -> Int {
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        return Int(random >> 1) % limit
    }
}
