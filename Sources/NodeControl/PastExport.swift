// `nodectl archive export`: a state of the past as a file that other programs read.

public import ArchiveRestore
import ByteCoding
import JSON
import Keyspace
import Platform
import RESP
import Vocabulary

public enum ExportFormat: String, Sendable, CaseIterable {
    /// Commands that `redis-cli --pipe` sends.
    case resp
    /// A line of JSON for each record, as `archive browse` has them.
    case jsonl
}

public struct PastExport: Sendable {
    private let heading: PastHeading
    private let path: String
    private var records = 0
    private var bytes = 0

    /// - Parameters:
    ///   - path: of the file to make; `-` for standard output.
    ///   - pattern: of Redis's; nil for all keys.
    public init(
        _ view: ArchiveView, at point: PastPoint, matching pattern: String?, as format: ExportFormat, to path: String,
        tell: @escaping (String) -> Void
    ) throws(ControlError) {
        var sink = try ExportSink(path)
        let follower = PastFollower(tell)
        self.path = path
        do throws(ControlError) {
            let plan = try point.plan(view)
            let state = try restoring { () throws(RestoreError) in try PastState(plan) { follower.hear($0) } }
            heading = PastHeading(state)
            let time = state.time
            var written = 0
            state.keyspace.forEachStored(matching: pattern.map { Array($0.utf8) }) { record in
                written += 1
                return sink.write(PastExport.encoded(record, format, time))
            }
            bytes = try sink.finish()
            records = written
        } catch {
            sink.discard()
            throw error
        }
    }

    private static func encoded(_ record: StoredRecord, _ format: ExportFormat, _ time: Timestamp) -> [UInt8] {
        switch format {
        case .resp: return CommandText.commands(record)
        case .jsonl:
            var writer = JSONWriter()
            record.write(at: time, to: &writer)
            return writer.bytes + [0x0A]
        }
    }

    public var text: String {
        "\(records) records, \(ByteCount(bytes).rough) in \(path)\n\(heading.line)\n\(heading.proof)\n"
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("state") { heading.write(to: &$0) }
            writer.member("file", path)
            writer.member("records", records)
            writer.member("bytes", bytes)
        }
        return writer.bytes + [0x0A]
    }
}

/// A new file, or standard output.
private struct ExportSink: ~Copyable {
    private let file: File?
    private let path: String
    private var buffer: [UInt8] = []
    private var written = 0
    private var failure: SystemError?

    private static let flushSize = 1 << 20

    /// The file must not be there yet.
    init(_ path: String) throws(ControlError) {
        self.path = path
        guard path != "-" else {
            file = nil
            return
        }
        guard !FileSystem.exists(path) else {
            throw .refused(
                reason: "\(path) is there already", remedy: "name another file, or remove it first", override: nil)
        }
        file = try control { () throws(SystemError) in try File.open(path, mode: .create) }
    }

    /// False when nothing more can be written.
    mutating func write(_ bytes: [UInt8]) -> Bool {
        buffer += bytes
        if buffer.count >= ExportSink.flushSize { flush() }
        return failure == nil
    }

    private mutating func flush() {
        if file == nil { StandardStreams.writeOutput(buffer.rawBytes) }
        do throws(SystemError) { try file?.pwriteAll(buffer.rawBytes, at: written) } catch { failure = error }
        written += buffer.count
        buffer.removeAll(keepingCapacity: true)
    }

    /// The number of bytes, on stable storage if it is a file.
    mutating func finish() throws(ControlError) -> Int {
        flush()
        if let failure { throw .system(failure) }
        try control { () throws(SystemError) in
            try file?.synchronize()
            if file != nil { try FileSystem.syncDirectory(FileSystem.parent(of: path)) }
        }
        return written
    }

    /// Removes the file.
    func discard() {
        if file != nil { try? FileSystem.remove(path) }
    }
}
