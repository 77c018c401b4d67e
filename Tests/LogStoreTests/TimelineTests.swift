// Which timeline a data directory is on: entered, begun, and not lost with the identity.

import ByteCoding
import LogFormat
import Platform
import Testing
import Vocabulary

@testable import LogStore

@Suite struct TimelineTests {
    let node = NodeID("n1")!
    let later = Timeline.first.next { 7 }

    private func withDirectory(_ body: (String) throws -> Void) throws {
        let path = try FileSystem.makeTemporaryDirectory()
        defer { try? FileSystem.removeTree(path) }
        try body(path + "/data")
    }

    private func open(_ path: String) throws -> DataDirectory {
        let directory = try DataDirectory.open(path, cluster: LogWorld.cluster, node: node)
        if directory.isNew { _ = try directory.openLog(options: LogWorld.small) }
        return directory
    }

    private func version(_ path: String) throws -> UInt32 {
        LogWorld.word(try FileSystem.readAll(path + "/identity", limit: 4096), at: 12)
    }

    @Test func `a timeline is numbered and marked, and later than the one before it`() throws {
        #expect(Timeline.first.description == "1")
        #expect(later.description == "2-00000000")
        #expect(later.isLater(than: .first) && !Timeline.first.isLater(than: later) && !later.isLater(than: later))
        #expect(later.next { 9 }.number == 3)
        #expect(Timeline(number: 0, high: 1, low: 1) == nil)
        #expect(Timeline(number: 1, high: 1, low: 1) == nil)
        #expect(Timeline(number: 2, high: 0, low: 0) == nil)
        #expect(Timeline(number: later.number, high: later.high, low: later.low) == later)
    }

    @Test func `earlier releases read a directory that has never left the first timeline`() throws {
        try withDirectory { path in
            #expect(try open(path).timeline == .first)
            #expect(try version(path) == 1)
            try open(path).enter(later)
            #expect(try version(path) == 2)
        }
    }

    @Test func `a timeline is begun until it is entered`() throws {
        try withDirectory { path in
            try open(path).begin(later)
            for _ in 0..<2 {
                let directory = try open(path)
                #expect(directory.timeline == later && directory.isBeginningTimeline && !directory.isNew)
            }
            try open(path).enter(later)
            let directory = try open(path)
            #expect(directory.timeline == later && !directory.isBeginningTimeline)
        }
    }

    @Test func `an identity that is made again is on the timeline that it was on`() throws {
        for hasBegun in [false, true] {
            try withDirectory { path in
                try open(path).begin(later)
                if hasBegun { try open(path).enter(later) }
                try FileSystem.remove(path + "/identity")
                _ = try IdentityRepair.run(path, logDirectory: path)
                let directory = try open(path)
                #expect(directory.timeline == later && directory.isBeginningTimeline == !hasBegun)
            }
        }
        try withDirectory { path in
            try open(path).enter(later)
            try FileSystem.remove(path + "/identity")
            try FileSystem.writeAtomically(path + "/timeline", [1, 2, 3].rawBytes)
            #expect(throws: DataDirectoryError.identityLost(path: path)) {
                try IdentityRepair.run(path, logDirectory: path)
            }
        }
    }

    @Test func `identity files survive the way, and every changed bit is damage`() throws {
        for isBeginning in [false, true] {
            let file = IdentityFile(
                identity: LogWorld.identity, isInUse: true, timeline: later, isBeginning: isBeginning)
            let encoded = file.encoded
            #expect(try IdentityFile.decode(encoded.rawBytes).get() == file)
            for bit in 0..<file.encoded.count * 8 where !(96..<128).contains(bit) {
                var bytes = file.encoded
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                guard case .failure(.damaged) = IdentityFile.decode(bytes.rawBytes) else {
                    Issue.record("bit \(bit) was changed unseen")
                    return
                }
            }
        }
    }

    @Test func `what a recovery changes is kept as it was`() throws {
        try withDirectory { path in
            let directory = try open(path)
            let segment = try #require(
                try FileSystem.listDirectory(path).first { SegmentName.sequence(of: $0) != nil })
            let files = [path + "/identity", path + "/" + segment]
            let before = try files.map { try FileSystem.readAll($0, limit: 1 << 20) }
            let kept = try directory.keepCopies(of: segment, in: path, at: Timestamp(microseconds: 5))
            try directory.begin(later)
            #expect(try kept.map { try FileSystem.readAll($0, limit: 1 << 20) } == before)
            #expect(kept.allSatisfy { $0.hasPrefix(path + "/quarantine/19700101T") })
        }
    }
}
