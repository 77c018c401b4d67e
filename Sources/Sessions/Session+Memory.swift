// MEMORY: what a key takes, what the keyspace takes, and what can be said about it.

import ByteCoding
import Keyspace
import PeerProtocol
import RESP
import Vocabulary

extension Session {
    /// `MEMORY USAGE` is a read of its key; the other forms tell of this node.
    mutating func memory(
        _ request: borrowing Request, _ token: UInt64, _ facts: NodeFacts, _ reply: inout ReplyWriter,
        _ batch: inout RequestBatch
    ) -> Disposition {
        switch request.name(1) {
        case "usage": return memoryUsage(request, token, &reply, &batch)
        case let name where request.count > 2: Session.refuseArity("memory|\(name)", &reply)
        case "stats": MemoryAnswers.stats(facts, &reply)
        case "doctor": reply.verbatim(text: MemoryAnswers.findings(facts))
        case "malloc-stats": reply.verbatim(text: "Stats not supported for the current allocator")
        // As Redis says where its allocator has nothing to purge.
        case "purge": reply.ok()
        case "help": Session.writeHelp("MEMORY", MemoryAnswers.help, &reply)
        default: Session.refuseSubcommand("MEMORY", request, &reply)
        }
        return .answered
    }

    /// `MEMORY USAGE key [SAMPLES n]`. The answer is exact: a collection knows what it takes, so nothing is sampled.
    private mutating func memoryUsage(
        _ request: borrowing Request, _ token: UInt64, _ reply: inout ReplyWriter, _ batch: inout RequestBatch
    ) -> Disposition {
        guard request.count > 2 else {
            Session.refuseArity("memory|usage", &reply)
            return .answered
        }
        guard request.count == 3 || request.count == 5 && request.name(3) == "samples" else {
            reply.error("ERR syntax error")
            return .answered
        }
        if request.count == 5 {
            guard let samples = request.integer(4) else {
                reply.error("ERR value is not an integer or out of range")
                return .answered
            }
            guard samples >= 0 else {
                reply.error("ERR syntax error")
                return .answered
            }
        }
        let kind: RequestKind = readsLocally ? .localRead : .read
        batch.append(token: token, kind: kind, version: version) {
            [bytes = request.bytes] in
            EntryCoding.encode(.memoryUsage, bytes, words: Array(request.arguments[1...2]), to: &$0)
        }
        enter(kind)
        return .submitted
    }
}

enum MemoryAnswers {
    static let help = [
        "DOCTOR", "    Return what is to be said about this node's memory.",
        "MALLOC-STATS", "    Return that the allocator has no statistics.",
        "PURGE", "    Do nothing: the allocator gives back what it can by itself.",
        "STATS", "    Return figures of this node's memory.",
        "USAGE <key> [SAMPLES <count>]", "    Return the bytes that a key's record takes, exactly.",
    ]

    /// Redis's names for what there is. Shares are of a hundred.
    static func stats(_ facts: NodeFacts, _ reply: inout ReplyWriter) {
        let activity = facts.activity
        let (used, payload) = (activity.keyspaceMemory.rawValue, activity.payload.rawValue)
        let resident = facts.status.memory.rawValue
        let keys = Int(clamping: facts.status.keys)
        let numbers: [(String, Int)] = [
            ("peak.allocated", activity.keyspaceMemoryPeak.rawValue), ("total.allocated", used),
            ("overhead.total", used - payload), ("keys.count", keys),
            ("keys.bytes-per-key", keys > 0 ? used / keys : 0), ("dataset.bytes", payload),
            ("lazyfree.pending-objects", activity.unfreedPieces), ("process.resident", resident),
            ("fragmentation.bytes", resident - used),
        ]
        let shares: [(String, Double)] = [
            ("dataset.percentage", share(payload, of: used) * 100),
            ("peak.percentage", share(used, of: activity.keyspaceMemoryPeak.rawValue) * 100),
            ("fragmentation", share(resident, of: used)),
        ]
        reply.mapHeader(numbers.count + shares.count)
        for (name, value) in numbers {
            reply.bulk(text: name)
            reply.integer(Int64(value))
        }
        for (name, value) in shares {
            reply.bulk(text: name)
            reply.double(value)
        }
    }

    private static func share(_ part: Int, of whole: Int) -> Double { whole > 0 ? Double(part) / Double(whole) : 0 }

    /// What is worth a sentence, or that nothing is.
    static func findings(_ facts: NodeFacts) -> String {
        let activity = facts.activity
        let used = activity.keyspaceMemory.rawValue
        var findings: [String] = []
        if activity.isMemoryFull {
            findings.append("Memory is full: commands that may grow the keyspace are refused with OOM on every node.")
        }
        if let max = facts.memoryMax?.rawValue, !activity.isMemoryFull, used > max / 10 * 9 {
            findings.append("The keyspace takes more than nine tenths of maxmemory.")
        }
        if activity.unfreedPieces > 0 {
            findings.append("Removed values are still being freed, a part with each entry of the log.")
        }
        if used > 64 << 20, facts.status.memory.rawValue > used * 2 {
            findings.append("The process takes more than twice what the keyspace does: much was removed lately.")
        }
        return findings.isEmpty ? "Nothing is to be said about this node's memory." : findings.joined(separator: "\n")
    }
}
