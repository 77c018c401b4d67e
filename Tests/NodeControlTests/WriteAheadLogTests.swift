// A node's log on disk as `nodectl wal` sees it: found by its place, dumped, verified, damaged.

import Foundation
import LogStore
import Platform
import Testing
import Vocabulary

@testable import NodeControl

@Suite struct WriteAheadLogTests {
    let scratch: Scratch
    var data: String { scratch.path + "/data" }

    init() throws {
        scratch = try Scratch()
        let cluster = try #require(ClusterID(hex: "00112233445566778899aabbccddeeff"))
        let node = try #require(NodeID("n1"))
        let directory = try DataDirectory.open(data, cluster: cluster, node: node)
        let options = LogOptions(segmentSize: .kibibytes(4), firstSegmentSize: .kibibytes(4))
        _ = try directory.openLog(at: data + "/log", options: options)
    }

    private func log(_ place: String) throws -> WriteAheadLog {
        try WriteAheadLog(place, clusterFile: scratch.path + "/cluster.json")
    }

    private func lines(asJSON: Bool) throws -> [String] {
        var lines: [String] = []
        try log(data).dump(asJSON: asJSON) { lines.append($0) }
        return lines
    }

    @Test func `a log is found in its directory and below the data directory`() throws {
        #expect(try log(data).directory == data + "/log")
        #expect(try log(data + "/log").directory == data + "/log")
    }

    @Test func `a place without a log is named`() throws {
        #expect(throws: ControlError.clusterFile(path: scratch.path, reason: "holds no segments of a log")) {
            try log(scratch.path)
        }
        let file = scratch.path + "/cluster.json"
        #expect(
            throws: ControlError.clusterFile(path: "n1", reason: "is no directory, and no node of \(file)")
        ) { try log("n1") }
        try PlaygroundPlan(PlaygroundOptions()).clusterFile.write(file)
        #expect(throws: ControlError.usage("there is no node n9: there are n1, n2, n3")) { try log("n9") }
    }

    @Test func `a new log is whole`() throws {
        let report = try log(data).verify { _ in }
        #expect(report.isWhole)
        #expect(report.text.contains("/data/log: whole\n  cluster 00112233445566778899aabbccddeeff, node n1, storage "))
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(report.json)) as? [String: Any])
        #expect(document["whole"] as? Bool == true)
        #expect(document["last"] as? String == "0:0")
        #expect((document["findings"] as? [Any])?.isEmpty == true)
    }

    @Test func `a dump has a line for each record, in both forms`() throws {
        let text = try lines(asJSON: false)
        #expect(text.first?.hasPrefix("wal-00000000000000000001.seg  segment 1, LSN 0, after 0:0") == true)
        #expect(text.contains { $0.contains("state term 0, vote none") })
        let documents = try lines(asJSON: true).map {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
        #expect(documents.count == text.count)
        #expect(documents.first??["type"] as? String == "segment")
    }

    @Test func `damage is told with its place and ends with 1`() throws {
        let segment = data + "/log/wal-00000000000000000001.seg"
        var bytes = try FileSystem.readAll(segment, limit: 1 << 20)
        let first = try #require(
            try lines(asJSON: true).compactMap {
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
            }.first { $0["type"] as? String == "state" }?["offset"] as? Int)
        bytes[first + 20] ^= 1
        try FileSystem.writeAtomically(segment, bytes.span.bytes)
        let report = try log(data).verify { _ in }
        #expect(!report.isWhole || report.text.contains("torn tail"))
        #expect(try lines(asJSON: false).contains { $0.contains("UNREADABLE") })
        #expect(report.text.contains("wal-00000000000000000001.seg at byte \(first)"))
    }
}
