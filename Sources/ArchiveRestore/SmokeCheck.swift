// Small questions to a restored state, answered by the code that answers clients.

import ByteCoding
import Keyspace
import RESP
import ReplicaSnapshots
import Vocabulary

/// One question and its answer. None changes the state.
public struct SmokeCheck: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A record that is there, by its key.
        case knownKey = "known-key"
        /// A key that no record has: that nothing is found is right.
        case unknownKey = "unknown-key"
        /// A query on a secondary index, of which each is built first.
        case index
        /// An operator's own.
        case own
    }

    public let kind: Kind
    public let isGood: Bool
    /// What was found; no record's bytes.
    public let text: String

    /// Asks for a record, for one that is not there, through each secondary index, and what an operator asks.
    static func run(on replay: inout LogReplay, own: CheckList) -> [SmokeCheck] {
        replay.buildIndexes()
        let keyspace = replay.keyspace
        return [knownKey(keyspace), unknownKey(keyspace)] + keyspace.indexReports.map { index($0, keyspace) }
            + own.lines.map { $0.run(on: keyspace) }
    }

    private static func ask(_ keyspace: Keyspace, _ code: CommandCode, _ arguments: [[UInt8]]) -> Reply? {
        var reply = ReplyWriter(version: .two)
        keyspace.read(EntryCoding.encoded(code, arguments).rawBytes, clock: .zero, seed: 1, reply: &reply)
        return try? ReplyDecoder.value(of: reply.bytes.rawBytes)
    }

    private static func knownKey(_ keyspace: Keyspace) -> SmokeCheck {
        guard keyspace.count > 0 else { return SmokeCheck(kind: .knownKey, isGood: true, text: "there is no record") }
        guard case .bulk(let key) = ask(keyspace, .randomkey, []) else {
            // Every record that is left may be one whose time is over.
            return SmokeCheck(kind: .knownKey, isGood: true, text: "every record has expired")
        }
        let type = ask(keyspace, .type, [key])?.text ?? "none"
        return SmokeCheck(
            kind: .knownKey, isGood: type != "none", text: type == "none" ? "not found" : "found, a \(type)")
    }

    private static func unknownKey(_ keyspace: Keyspace) -> SmokeCheck {
        let key = Array("trireme-smoke-\(keyspace.digest)".utf8)
        let isAbsent = ask(keyspace, .exists, [key]) == .integer(0)
        return SmokeCheck(kind: .unknownKey, isGood: isAbsent, text: isAbsent ? "absent, as it should be" : "found")
    }

    private static func index(_ report: IndexReport, _ keyspace: Keyspace) -> SmokeCheck {
        let field = report.fields.first?.field.name ?? []
        let words = ["ORDER", "BY"].map { Array($0.utf8) } + [field] + ["LIMIT", "1"].map { Array($0.utf8) }
        let reply = ask(keyspace, .indexQuery, [report.definition.name] + words)
        let isGood = report.isReady && reply.map { !$0.isError } ?? false
        let entries = report.fields.map(\.entries).max() ?? 0
        return SmokeCheck(
            kind: .index, isGood: isGood, text: isGood ? "answered, with \(entries) entries" : "did not answer")
    }
}
