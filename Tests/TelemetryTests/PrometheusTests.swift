// The exposition: a golden text of the writer, the list of families, and promtool's opinion where it is installed.

import Foundation
import Testing
import Vocabulary

@testable import Telemetry

@Suite struct PrometheusTests {
    @Test func `families, labels, numbers and histograms are written as the format says`() {
        var writer = PrometheusWriter()
        writer.single("trireme_a_total", .counter, "Counts.", UInt64.max)
        writer.family("trireme_b", .gauge, "Labels.")
        writer.sample("trireme_b", [("x", "a\"b\\c\nd"), ("y", "é")], 0.25)
        writer.sample("trireme_b", [("x", "")], Double.infinity)
        var histogram = Histogram()
        for value: UInt64 in [50_000, 50_001, 110_000_000, 11_000_000_000] { histogram.record(nanoseconds: value) }
        writer.histogram("trireme_c_seconds", "Durations.", histogram, bounds: [50_000, 100_000, 10_000_000_000])
        var entries = Histogram()
        entries.record(3)
        writer.histogram("trireme_d", "Sizes.", entries, scale: .plain, bounds: [2, 5])
        let expected = #"""
            # HELP trireme_a_total Counts.
            # TYPE trireme_a_total counter
            trireme_a_total 18446744073709551615
            # HELP trireme_b Labels.
            # TYPE trireme_b gauge
            trireme_b{x="a\"b\\c\nd",y="é"} 0.25
            trireme_b{x=""} +Inf
            # HELP trireme_c_seconds Durations.
            # TYPE trireme_c_seconds histogram
            trireme_c_seconds_bucket{le="5e-05"} 1
            trireme_c_seconds_bucket{le="0.0001"} 2
            trireme_c_seconds_bucket{le="10"} 3
            trireme_c_seconds_bucket{le="+Inf"} 4
            trireme_c_seconds_sum 11.110100001
            trireme_c_seconds_count 4
            # HELP trireme_d Sizes.
            # TYPE trireme_d histogram
            trireme_d_bucket{le="2"} 0
            trireme_d_bucket{le="5"} 1
            trireme_d_bucket{le="+Inf"} 1
            trireme_d_sum 3
            trireme_d_count 1

            """#
        #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
    }

    @Test func `every family is described in docs METRICS, and nothing else is`() throws {
        let page = try String(contentsOf: top.appending(path: "docs/METRICS.md"), encoding: .utf8)
        let described = Set(
            page.split(separator: "\n").filter { $0.hasPrefix("| `trireme_") }.map {
                $0.dropFirst(3).prefix { $0 != "`" && $0 != "{" }
            })
        let written = Set(
            exposition.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] })
        // The admin port's own families, written in AdminAPI.
        let own: Set<Substring> = [
            "trireme_admin_answers_total", "trireme_admin_failed_logins_total", "trireme_loop_age_seconds",
        ]
        #expect(described == written.union(own))
    }

    @Test func `promtool finds nothing to say, where it is installed`() throws {
        guard let promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first(where: exists) else { return }
        let check = Process()
        let (input, output) = (Pipe(), Pipe())
        check.executableURL = URL(filePath: promtool)
        check.arguments = ["check", "metrics"]
        check.standardInput = input
        check.standardOutput = output
        check.standardError = output
        try check.run()
        try input.fileHandleForWriting.write(contentsOf: Data(exposition.utf8))
        try input.fileHandleForWriting.close()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        check.waitUntilExit()
        #expect(check.terminationStatus == 0)
        #expect(said == "")
    }

    @Test func `the shipped alerts pass their own tests, where promtool is installed`() throws {
        guard let promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first(where: exists) else { return }
        let test = Process()
        let output = Pipe()
        test.executableURL = URL(filePath: promtool)
        test.arguments = ["test", "rules", "trireme.test.yml"]
        test.currentDirectoryURL = top.appending(path: "docs/alerts")
        test.standardOutput = output
        test.standardError = output
        try test.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        test.waitUntilExit()
        #expect(test.terminationStatus == 0, "\(said)")
    }

    private let top = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func exists(_ path: String) -> Bool { FileManager.default.isExecutableFile(atPath: path) }

    /// A node with every optional figure set, so that every family is there.
    private var exposition: String {
        var status = NodeStatus(id: NodeID("n1")!)
        status.lagEntries = 3
        status.lag = .milliseconds(2)
        status.scrub.endedAt = Timestamp(microseconds: 1_700_000_000_000_000)
        status.certificateExpiry = Timestamp(microseconds: 1_800_000_000_000_000)
        status.progress.enter(.recovering, after: .seconds(1))
        (status.progress.segmentsTotal, status.progress.segmentsScanned) = (2, 1)
        status.progress.elapsed = .seconds(1)
        status.snapshot.kept = [
            SnapshotStatus.Kept(
                index: LogIndex(1), term: Term(1), time: .zero, digest: .empty, records: 0, plain: .zero, stored: .zero)
        ]
        status.snapshot.age = .seconds(4)
        status.snapshot.last = SnapshotStatus.Written(index: LogIndex(1), took: .seconds(1), made: .zero, reused: .zero)
        status.state.comparedIndex = LogIndex(1)
        status.archive.location = "file:///archive"
        status.archive.backupSizeRatio = 1.1
        status.archive.readBack = ArchiveStatus.ReadBack(index: LogIndex(3))
        status.archive.trial = ArchiveStatus.Trial(at: Timestamp(microseconds: 7_000_000))
        status.archive.newestBackup = ArchiveStatus.Backup(
            id: "20260101T000000Z-1-1", index: LogIndex(1), time: .zero, records: 1, uploaded: .zero, stored: .zero,
            took: .seconds(1))
        var peer = PeerStatus(id: NodeID("n2")!, isConnected: true)
        peer.lagEntries = 1
        peer.lagBytes = ByteCount(100)
        peer.lag = .milliseconds(1)
        status.peers = [peer]
        var metrics = Metrics()
        metrics.fsync.record(.microseconds(60))
        var writer = PrometheusWriter()
        metrics.write(with: status, to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
