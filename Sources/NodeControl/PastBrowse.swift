// `nodectl archive browse|export`: records as they were.

import ArchiveRestore
import JSON
import Platform
import RESP
import Vocabulary

/// Some records of a point in the past.
public struct PastBrowse: Sendable {
    private let report: RestoreReport
    private let records: [PastRecord]
    /// That matched.
    private let total: Int
    /// That was asked for by name and is none.
    private let absent: String?

    /// - Parameters:
    ///   - key: one record; nil for those that match.
    ///   - limit: of the records shown.
    public init(
        _ request: PastRequest, in place: ArchivePlace, key: String?, matching pattern: String, limit: Int
    ) throws(ControlError) {
        let state = try request.state(place)
        report = state.report
        if let key {
            let found = state.record(Array(key.utf8))
            records = found.map { [$0] } ?? []
            (total, absent) = (records.count, found == nil ? key : nil)
        } else {
            let keys = state.keys(matching: pattern)
            records = keys.prefix(limit).compactMap(state.record)
            (total, absent) = (keys.count, nil)
        }
    }

    /// Whether a key that was asked for by name was none.
    public var isAbsent: Bool { absent != nil }

    public func text(inColour: Bool) -> String {
        var text = report.pointText + "\n"
        if let absent { return text + "there was no key \(PastText.quoted(Array(absent.utf8)))\n" }
        var table = TextTable(["KEY", "TYPE", "SIZE", "EXPIRES", "VALUE"])
        for record in records {
            let expiry = record.expiry.map { Timestamp(rawValue: UInt64(max(0, $0)) * 1000).description } ?? "-"
            table.add([
                .init(PastText.quoted(record.key)), .init(record.typeName), .init("\(record.size)"), .init(expiry),
                .init(PastText.summary(record)),
            ])
        }
        text += table.text(inColour: inColour)
        if total > records.count { text += "\(total - records.count) more: --limit shows them\n" }
        return text
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { json in
            json.writePoint(report)
            json.member("matched", total)
            json.member("records") { $0.array { json in for record in records { json.value(record: record) } } }
        }
        return writer.bytes + [0x0A]
    }
}

extension JSONWriter {
    mutating func writePoint(_ report: RestoreReport) {
        member("timeline", report.timeline.description)
        member("position", report.position.description)
        member("timestamp", report.time.description)
        member("digest", report.digest.description)
        member("record_count", report.records)
        member("proof", report.proof)
    }
}

/// All records of a point, for another program.
public struct PastExport: Sendable {
    public enum Format: String, CaseIterable, Sendable {
        /// Commands that make the records (RESP 2): `redis-cli --pipe` sends them.
        case resp
        /// A JSON object a line, as `archive browse` shows them.
        case jsonl
    }

    public let records: Int
    private let report: RestoreReport

    /// - Parameter write: takes pieces of some 64 KiB.
    public init(
        _ request: PastRequest, in place: ArchivePlace, matching pattern: String, as format: Format,
        write: ([UInt8]) throws(ControlError) -> Void
    ) throws(ControlError) {
        let state = try request.state(place)
        report = state.report
        var count = 0
        var bytes: [UInt8] = []
        for key in state.keys(matching: pattern) {
            guard let record = state.record(key) else { continue }
            count += 1
            switch format {
            case .resp: PastExport.commands(for: record, into: &bytes)
            case .jsonl:
                var writer = JSONWriter()
                writer.value(record: record)
                bytes += writer.bytes + [0x0A]
            }
            guard bytes.count >= 65_536 else { continue }
            try write(bytes)
            bytes.removeAll(keepingCapacity: true)
        }
        try write(bytes)
        records = count
    }

    public var text: String { "\(records) records of \(report.pointText)\n" }

    /// Members of one command: Redis takes a million arguments.
    private static let membersAtOnce = 500

    private static func commands(for record: PastRecord, into bytes: inout [UInt8]) {
        func text(_ word: String) -> [UInt8] { Array(word.utf8) }
        switch record.value {
        case .string(let value): command([text("SET"), record.key, value], into: &bytes)
        case .hash(let pairs): pieces("HSET", record.key, pairs.map { [$0.name, $0.value] }, &bytes)
        case .sortedSet(let pairs): pieces("ZADD", record.key, pairs.map { [$0.value, $0.name] }, &bytes)
        case .list(let members): pieces("RPUSH", record.key, members.map { [$0] }, &bytes)
        case .set(let members): pieces("SADD", record.key, members.map { [$0] }, &bytes)
        }
        if let expiry = record.expiry { command([text("PEXPIREAT"), record.key, text("\(expiry)")], into: &bytes) }
    }

    private static func pieces(_ name: String, _ key: [UInt8], _ members: [[[UInt8]]], _ bytes: inout [UInt8]) {
        // What was there under the key would be added to.
        command([Array("DEL".utf8), key], into: &bytes)
        for start in stride(from: 0, to: members.count, by: membersAtOnce) {
            let some = members[start..<min(members.count, start + membersAtOnce)].flatMap { $0 }
            command([Array(name.utf8), key] + some, into: &bytes)
        }
    }

    private static func command(_ words: [[UInt8]], into bytes: inout [UInt8]) {
        bytes += Array("*\(words.count)\r\n".utf8)
        for word in words { bytes += Array("$\(word.count)\r\n".utf8) + word + [0x0D, 0x0A] }
    }
}
