// `loadtest records`: what a keyspace takes in memory, and whether freeing much of it holds anything up.

import ArgumentParser
import ByteCoding
import Keyspace
import Platform
import RESP
import Vocabulary

struct RecordsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "records",
        abstract: "Fills a keyspace within this process, and measures it.",
        discussion: """
            With `memory`, strings are set, and what they take is told by the keyspace's own account and by the \
            process's resident memory. With `freeing`, one collection after the other is removed in each of the ways \
            in which one may be, while small writes go on: the longest of these is told. With `copying`, images of \
            states are taken, and each is followed by a write: both are told, in processor time of the thread.
            """)

    enum Measure: String, ExpressibleByArgument, CaseIterable {
        case memory, freeing, copying
    }

    @Argument(help: "What to measure: memory, freeing or copying.")
    var measure: Measure

    @Option(help: "Records to set, or members of a collection.")
    var count = 10_000_000

    @Option(help: "Bytes per key.")
    var keySize = 16

    @Option(help: "Bytes per value.")
    var valueSize = 100

    func validate() throws {
        guard (1...1_000_000_000).contains(count) else { throw ValidationError("--count: 1 to 1000000000") }
        guard (10...1024).contains(keySize) else { throw ValidationError("--key-size: 10 to 1024") }
        guard (0...4096).contains(valueSize) else { throw ValidationError("--value-size: 0 to 4096") }
    }

    func run() {
        switch measure {
        case .memory: measureMemory()
        case .freeing: measureFreeing()
        case .copying: measureCopying()
        }
    }

    // MARK: Memory

    private func measureMemory() {
        var bench = KeyspaceBench()
        let value = [UInt8](repeating: UInt8(ascii: "v"), count: valueSize)
        let before = ThisProcess.residentMemory
        for number in 0..<count { bench.apply(.set, [RecordsCommand.key(number, size: keySize), value]) }
        let resident = ThisProcess.residentMemory - before
        let memory = bench.keyspace.memory
        precondition(bench.keyspace.count == count, "\(bench.keyspace.count) records of \(count)")
        func perRecord(_ bytes: Int) -> String { Report.decimal(Double(bytes) / Double(count), places: 1) }
        let payload = memory.payload.rawValue
        print("\(count) strings, \(perRecord(payload)) bytes of key and value each")
        print("beside them, by the keyspace's account: \(perRecord(memory.total.rawValue - payload)) bytes each")
        print("beside them, of resident memory:        \(perRecord(resident - payload)) bytes each")
    }

    /// `000…042`: as many digits as the key has bytes.
    static func key(_ number: Int, size: Int) -> [UInt8] {
        var key = [UInt8](repeating: UInt8(ascii: "0"), count: size)
        var (rest, position) = (number, size - 1)
        while rest > 0, position >= 0 {
            key[position] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
            position -= 1
        }
        return key
    }

    // MARK: Freeing

    private func measureFreeing() {
        for (name, add) in [("hash", CommandCode.hset), ("list", .rpush), ("set", .sadd), ("sorted set", .zadd)] {
            for removal in KeyspaceBench.Removal.allCases where removal.suits(add) {
                var bench = KeyspaceBench()
                bench.fill(add, count)
                let (own, longest) = bench.remove(removal, count)
                let text = { (duration: Duration) in Report.decimal(duration.inSeconds * 1e6, places: 1) + " µs" }
                print("\(name) of \(count), \(removal.rawValue): \(text(own)) itself, others \(text(longest)) at most")
            }
        }
    }
}

/// A keyspace with an index and a clock of its own.
struct KeyspaceBench {
    var keyspace = Keyspace(of: ClusterID(high: 1, low: 2))
    private var index = LogIndex.zero
    private var reply = ReplyWriter(version: .two)

    enum Removal: String, CaseIterable {
        case del, unlink, flushall, expiry, overwriting, trimming, popping

        func suits(_ command: CommandCode) -> Bool {
            switch self {
            case .trimming: command == .rpush
            case .popping: command == .sadd
            default: true
            }
        }
    }

    mutating func apply(_ code: CommandCode, _ arguments: [[UInt8]]) {
        index = index.next
        let entry = EntryCoding.encoded(code, arguments)
        reply.bytes.removeAll(keepingCapacity: true)
        keyspace.apply(
            entry.rawBytes, at: Timestamp(microseconds: 1000 * index.rawValue), index: index, reply: &reply)
        precondition(reply.bytes.first != UInt8(ascii: "-"), "\(String(decoding: reply.bytes, as: UTF8.self))")
    }

    private mutating func apply(_ code: CommandCode, _ words: String...) {
        apply(code, words.map { Array($0.utf8) })
    }

    /// Makes a collection of so many members of 20 bytes, a thousand with each command.
    mutating func fill(_ add: CommandCode, _ count: Int) {
        for first in stride(from: 0, to: count, by: 1000) {
            var arguments = [Array("big".utf8)]
            for number in first..<min(count, first + 1000) {
                let member = RecordsCommand.key(number, size: 20)
                switch add {
                case .hset: arguments += [member, member]
                case .zadd: arguments += [Array("\(number)".utf8), member]
                default: arguments.append(member)
                }
            }
            apply(add, arguments)
        }
    }

    /// Removes it, or most of it, and goes on with small writes until all is freed. Returns how long the removal took,
    /// and the longest of the others.
    mutating func remove(_ removal: Removal, _ count: Int) -> (own: Duration, longest: Duration) {
        if removal == .expiry { apply(.pexpireat, "big", "\(index.rawValue + 2)") }
        let own = timed {
            switch removal {
            case .del: $0.apply(.del, "big")
            case .unlink: $0.apply(.unlink, "big")
            case .flushall: $0.apply(.flushall)
            case .expiry: $0.apply(.tick)
            case .overwriting: $0.apply(.set, "big", "small")
            case .trimming: $0.apply(.ltrim, "big", "\(count - 1000)", "-1")
            case .popping: $0.apply(.spop, "big", "\(count - 1000)")
            }
        }
        var longest = Duration.zero
        var number = 0
        repeat {
            number += 1
            longest = max(longest, timed { $0.apply(.set, "small\(number % 1000)", "value") })
        } while keyspace.unfreedPieces > 0 || number < 10_000
        return (own, longest)
    }

    private mutating func timed(_ body: (inout KeyspaceBench) -> Void) -> Duration {
        let start = MonotonicClock.now()
        body(&self)
        return MonotonicClock.now() - start
    }
}
