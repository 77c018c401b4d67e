// A recovery from one survivor: what it refuses, what it says before, and what it leaves behind.

import ByteCoding
import Foundation
import LogFormat
import LogStore
import Platform
import Testing
import Vocabulary

@testable import NodeControl

@Suite struct SurvivorRecoveryTests {
    let scratch: Scratch
    var data: String { scratch.path + "/data" }
    private let cluster = ClusterID(high: 1, low: 2)
    private let options = LogOptions(
        segmentSize: .kibibytes(4), firstSegmentSize: .kibibytes(4), preparesInline: true)

    init() throws { scratch = try Scratch() }

    /// A node that has run: `frames` entries, of which all but the last are known to be committed.
    private func make(_ frames: UInt64) throws {
        let node = try #require(NodeID("n1"))
        let directory = try DataDirectory.open(data, cluster: cluster, node: node)
        var (engine, _) = try directory.openLog(at: data + "/log", options: options)
        var builder = FrameBuilder(cluster: cluster)
        var last: Frame?
        for index in 0..<frames {
            builder.begin()
            builder.appendEntry([1, 2, 3].rawBytes)
            let frame = builder.seal(
                kind: .entries, term: Term(5), firstIndex: LogIndex(index + 1), timestamp: Timestamp(microseconds: 9),
                previousTerm: last?.header.term ?? .zero, previousChecksum: last?.header.checksum ?? 0)
            _ = try engine.write([LogOrder(ticket: .zero, .append(frame, commitIndex: LogIndex(index)))])
            try engine.sync()
            last = frame
        }
    }

    private func look() throws -> SurvivorRecovery { try SurvivorRecovery(.init(dataDirectory: data)) }

    private func failure(_ body: () throws -> Void) -> ControlError? {
        do { try body() } catch { return error as? ControlError }
        return nil
    }

    @Test func `what may be lost is said in figures, and nothing is changed by looking`() throws {
        try make(3)
        let before = try FileSystem.listDirectory(data + "/log")
        let warning = try look().warning
        for text in [
            "n1 the only member", "ends at index 3 of term 5", "up to index 2", "1 entries behind that, 3 to 3",
            "all other members", "1 ends here, and 2-",
        ] { #expect(warning.contains(text), "\(text) in \(warning)") }
        #expect(try FileSystem.listDirectory(data + "/log") == before)
        #expect(!FileSystem.exists(data + "/quarantine"))
        #expect(try !look().hasBegun)
    }

    @Test func `it is begun once, with copies of what changes, and whoever asks again is told so`() throws {
        try make(3)
        let recovery = try look()
        let kept = try recovery.begin()
        #expect(kept.count == 2 && kept.allSatisfy { FileSystem.exists($0) })
        #expect(recovery.outcome(kept: kept).contains("begins with the node's next start"))
        _ = consume recovery
        let again = try look()
        #expect(again.hasBegun && again.next.number == 2)
        #expect(again.warning.contains("has begun already"))
        #expect(try again.begin() == [])
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(again.json(kept: []))) as? [String: Any])
        #expect(document["timeline"] as? Int == 2)
        #expect(document["last_index"] as? Int == 3)
    }

    @Test func `a directory that cannot carry a cluster is refused`() throws {
        #expect(
            failure { _ = try look() } == .dataDirectory(.identityMissing(path: data)))
        try make(0)
        #expect(failure { _ = try look() }?.description.contains("holds no entry") == true)
        let elsewhere = data + "/elsewhere"
        try FileSystem.rename(data + "/log", to: elsewhere)
        #expect(failure { _ = try look() }?.description.contains("holds no segments of a log") == true)
    }

    @Test func `a damaged log is to be repaired first`() throws {
        try make(3)
        let name = try #require(try FileSystem.listDirectory(data + "/log").first { $0.hasPrefix("wal-") })
        var bytes = try FileSystem.readAll(data + "/log/" + name, limit: 1 << 20)
        // In the first of the records, with whole ones behind it.
        let place = try #require(bytes.firstRange(of: Array("TRIF".utf8))).lowerBound
        bytes[place + 90] ^= 1
        try FileSystem.writeAtomically(data + "/log/" + name, bytes.rawBytes)
        let found = try #require(failure { _ = try look() })
        #expect(found.description.contains("is damaged"))
        #expect(found.remedy.text.contains("nodectl repair \(data)"))
    }

    @Test func `a node that runs is left alone`() throws {
        try make(3)
        let running = try DataDirectory.open(data, cluster: cluster, node: try #require(NodeID("n1")))
        #expect(failure { _ = try look() } == .dataDirectory(.inUse(path: data)))
        _ = consume running
    }
}
