// What repairs have put aside below a log: how much it is, and the newest report.

import Platform
public import Vocabulary

/// The contents of `quarantine/`. Nothing in it is read by a node but the reports, and nothing is ever removed by one:
/// whoever has looked at it, or does not want to, removes it.
public struct Quarantine: Hashable, Sendable {
    public let directory: String
    public let files: Int
    public let size: ByteCount
    /// Of the newest repair.
    public let newest: QuarantineReport?

    /// - Parameter logDirectory: where the log's segments are.
    public init(of logDirectory: String) throws(StorageError) {
        directory = logDirectory + "/" + SegmentName.quarantine
        var size = 0
        var files = 0
        var newest: QuarantineReport?
        do throws(SystemError) {
            for name in FileSystem.exists(directory) ? try FileSystem.listDirectory(directory) : [] {
                let path = directory + "/" + name
                guard let status = try FileSystem.status(path), status.kind == .file else { continue }
                files += 1
                size += status.size
                // Names begin with the time, so the last one is the newest.
                guard name.hasSuffix(QuarantineReport.ending) else { continue }
                let text = try FileSystem.readAll(path, limit: 1 << 20)
                newest = QuarantineReport(String(decoding: text, as: UTF8.self)) ?? newest
            }
        } catch { throw StorageError(.list, directory, error) }
        self.files = files
        self.size = ByteCount(size)
        self.newest = newest
    }
}
