// A node's log on disk, looked at without opening it: what is in it, and whether it is whole.

import JSON
import LogFormat
import LogStore
import Platform
import Settings
import Telemetry
import Vocabulary

/// The log below a directory. Nothing is changed; while its node runs, the newest records may show as torn.
public struct WriteAheadLog: Sendable {
    public let directory: String
    private let inspection: LogInspection<DirectoryStorage>

    /// - Parameters:
    ///   - place: a log or data directory, or the name of a node in the cluster's description.
    ///   - clusterFile: the description.
    public init(_ place: String, clusterFile: String) throws(ControlError) {
        directory = try WriteAheadLog.locate(place, clusterFile: clusterFile)
        let found: LogInspection<DirectoryStorage>?
        do throws(LogError) {
            found = try LogInspection(DirectoryStorage(path: directory))
        } catch {
            throw .log(error)
        }
        guard let found else {
            throw .clusterFile(
                path: directory, reason: "none of its segments can be read: there is no log to look at")
        }
        inspection = found
    }

    static func locate(_ place: String, clusterFile: String) throws(ControlError) -> String {
        if FileSystem.isDirectory(place) {
            for directory in [place, place + "/log"] where holdsSegments(directory) { return directory }
            throw .clusterFile(path: place, reason: "holds no segments of a log")
        }
        guard NodeID(place) != nil, FileSystem.exists(clusterFile) else {
            throw .clusterFile(path: place, reason: "is no directory, and no node of \(clusterFile)")
        }
        let file = try ClusterFile.read(clusterFile)
        let entry = try Playground.choose(place, in: file)[0]
        do {
            return try NodeSettings.load(file: FileSystem.parent(of: clusterFile) + "/" + entry.config).logDirectory
        } catch {
            throw .settings(error)
        }
    }

    private static func holdsSegments(_ directory: String) -> Bool {
        (try? FileSystem.listDirectory(directory))?.contains { SegmentName.sequence(of: $0) != nil } ?? false
    }

    // Dump.

    /// Gives a line of text for each record, or a JSON document in a line.
    public func dump(asJSON: Bool, _ give: (String) -> Void) throws(ControlError) {
        do throws(LogError) {
            try inspection.dump { line in
                give(asJSON ? String(decoding: line.json, as: UTF8.self) + "\n" : line.text + "\n")
            }
        } catch {
            throw .log(error)
        }
    }

    // Verify.

    /// Reads all of it as a start would, and every frame down to its entries.
    public func verify(progress: (String) -> Void) throws(ControlError) -> WriteAheadLogReport {
        let began = MonotonicClock.now()
        var told = began
        do throws(LogError) {
            let report = try inspection.verify { step in
                let now = MonotonicClock.now()
                guard now - began > .seconds(2), now - told > .seconds(1) else { return }
                told = now
                progress("segment \(step.segmentsDone) of \(step.segments), \(step.entries) entries")
            }
            return WriteAheadLogReport(directory: directory, report: report)
        } catch {
            throw .log(error)
        }
    }
}

/// What a verification found.
public struct WriteAheadLogReport: Sendable {
    let directory: String
    let report: LogInspection<DirectoryStorage>.Report

    public var isWhole: Bool { report.isWhole }

    public var text: String {
        let counts = report.counts
        var lines = [
            "\(directory): \(isWhole ? "whole" : "DAMAGED")", "  \(report.identity)",
            "  entries \(report.firstIndex) to \(report.last.index), last position \(report.last), "
                + "known committed up to \(report.commitIndex)",
            "  term \(report.state.term), vote \(report.state.votedFor.map { "\($0)" } ?? "none")",
            "  \(counts.segments) segments, \(counts.records) records, \(counts.frames) frames, "
                + "\(counts.entries) entries, \(counts.bytes) bytes",
        ]
        if let fence = report.state.fence {
            lines.append("  fenced after an earlier repair: does not vote before it has entries up to \(fence) again")
        }
        for finding in report.findings {
            lines.append("  \(finding.isDamage ? "damage" : "torn tail"): \(finding.damage)")
            lines.append("    \(finding.remedy.text)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("directory", directory)
            writer.member("whole", isWhole)
            writer.member("cluster", report.identity.cluster.description)
            writer.member("node", report.identity.node.description)
            writer.member("storage", report.identity.storage.description)
            writer.member("term", report.state.term.rawValue)
            writer.member("voted_for", report.state.votedFor?.description)
            writer.member("fence", report.state.fence?.rawValue)
            writer.member("first_index", report.firstIndex.rawValue)
            writer.member("last", report.last.description)
            writer.member("commit_index", report.commitIndex.rawValue)
            writer.member("segments", report.counts.segments)
            writer.member("records", report.counts.records)
            writer.member("frames", report.counts.frames)
            writer.member("entries", report.counts.entries)
            writer.member("bytes", report.counts.bytes)
            writer.member("findings") { writer in
                writer.array { writer in
                    for finding in report.findings { WriteAheadLogReport.write(finding, to: &writer) }
                }
            }
        }
        return writer.bytes + [0x0A]
    }

    private static func write(_ finding: LogInspection<DirectoryStorage>.Finding, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("code", finding.isDamage ? finding.damage.kind.rawValue : "torn-tail")
            writer.member("damage", finding.isDamage)
            writer.member("file", finding.damage.file)
            writer.member("offset", finding.damage.offset)
            writer.member("lsn", finding.damage.lsn.rawValue)
            writer.member("first_index", finding.damage.firstIndex.rawValue)
            writer.member("highest_index", finding.damage.highestIndex.rawValue)
            writer.member("remedy", finding.remedy.text)
        }
    }
}

// One line of a dump in both forms. Entries' contents are not shown: they are records.
extension LogInspection.Line {
    fileprivate var text: String {
        switch self {
        case .segment(let file, let header):
            "\(file)  segment \(header.sequence), LSN \(header.base), after \(header.start.last)"
        case .unused(let file, let size): "\(file)  unused, \(size)"
        case .unreadable(let kind, let file, let offset, let length):
            "\(file) \(offset)  UNREADABLE \(kind.rawValue), \(length) bytes"
        case .record(let facts):
            "\(facts.file) \(facts.offset)  \(facts.body.text), committed \(facts.record.commitIndex)"
        }
    }

    fileprivate var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            switch self {
            case .segment(let file, let header):
                writer.member("type", "segment")
                writer.member("file", file)
                writer.member("sequence", header.sequence)
                writer.member("lsn", header.base.rawValue)
                writer.member("after", header.start.last.description)
            case .unused(let file, let size):
                writer.member("type", "unused")
                writer.member("file", file)
                writer.member("size", size.rawValue)
            case .unreadable(let kind, let file, let offset, let length):
                writer.member("type", "unreadable")
                writer.member("code", kind.rawValue)
                writer.member("file", file)
                writer.member("offset", offset)
                writer.member("length", length)
            case .record(let facts): facts.write(to: &writer)
            }
        }
        return writer.bytes
    }
}

extension LogRecordFacts.Body {
    fileprivate var text: String {
        switch self {
        case .frame(let frame):
            "frame \(frame.kind) \(frame.term):\(frame.firstIndex)-\(frame.lastIndex), \(frame.timestamp), "
                + "\(frame.storedLength) bytes (\(frame.codec), \(frame.plainLength) plain)"
        case .state(let state):
            "state term \(state.term), vote \(state.votedFor.map { "\($0)" } ?? "none")"
                + (state.fence.map { ", fence \($0)" } ?? "")
        case .truncation(let cut): "truncation from \(cut.from)"
        case .restart(let restart):
            "restart behind \(restart.position), state term \(restart.state.term), "
                + "vote \(restart.state.votedFor.map { "\($0)" } ?? "none")"
                + (restart.state.fence.map { ", fence \($0)" } ?? "")
        case .unknown: "record of a kind that this release does not know"
        }
    }
}

extension LogRecordFacts {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.member("file", file)
        writer.member("offset", offset)
        writer.member("lsn", record.lsn.rawValue)
        writer.member("commit_index", record.commitIndex.rawValue)
        switch body {
        case .frame(let frame):
            writer.member("type", "frame")
            writer.member("kind", "\(frame.kind)")
            writer.member("term", frame.term.rawValue)
            writer.member("first_index", frame.firstIndex.rawValue)
            writer.member("last_index", frame.lastIndex.rawValue)
            writer.member("timestamp", frame.timestamp.description)
            writer.member("codec", "\(frame.codec)")
            writer.member("stored_bytes", frame.storedLength)
            writer.member("plain_bytes", frame.plainLength)
            writer.member("checksum", frame.checksum)
        case .state(let state):
            writer.member("type", "state")
            writer.member("term", state.term.rawValue)
            writer.member("voted_for", state.votedFor?.description)
            writer.member("fence", state.fence?.rawValue)
        case .truncation(let cut):
            writer.member("type", "truncation")
            writer.member("from", cut.from.rawValue)
        case .restart(let restart):
            writer.member("type", "restart")
            writer.member("index", restart.position.index.rawValue)
            writer.member("position_term", restart.position.term.rawValue)
            writer.member("checksum", restart.checksum)
            writer.member("term", restart.state.term.rawValue)
            writer.member("voted_for", restart.state.votedFor?.description)
            writer.member("fence", restart.state.fence?.rawValue)
        case .unknown:
            writer.member("type", "unknown")
            writer.member("raw_kind", record.rawKind)
        }
    }
}
