// Logs, runs and manifests for these tests.

import ByteCoding
import LogFormat
import Vocabulary

@testable import ArchiveFormat

enum Fixtures {
    static let cluster = ClusterID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)
    static let owner = ArchiveOwner(cluster: cluster, timeline: .first)
    static let start = Timestamp(microseconds: 1_763_900_000_123_456)

    /// Frames of a log from its first entry on, each of one to seven entries.
    static func frames(_ count: Int, seed: UInt64 = 1) -> [Frame] {
        var random = SplitMix64(seed: seed)
        var builder = FrameBuilder(cluster: cluster)
        var frames: [Frame] = []
        for number in 0..<count {
            builder.begin()
            for _ in 0...Int(random.next() % 7) {
                let size = Int(random.next() % 400)
                builder.appendEntry([UInt8](repeating: UInt8(truncatingIfNeeded: random.next()), count: size).rawBytes)
            }
            let last = frames.last?.header
            frames.append(
                builder.seal(
                    kind: .entries, term: Term(UInt64(1 + number / 10)), firstIndex: (last?.lastIndex ?? .zero).next,
                    timestamp: start.advanced(by: number * 1000), previousTerm: last?.term ?? .zero,
                    previousChecksum: last?.checksum ?? 0))
        }
        return frames
    }

    static func run(
        _ frames: some Sequence<Frame>, behind start: ChainEnd = .zero, level: Int = 1, term: Term = Term(9)
    ) -> (facts: RunFacts, object: [UInt8], end: ChainEnd) {
        var builder = LogRunBuilder(owner, term: term, behind: start, level: level)
        for frame in frames { builder.append(frame.header, frame.bytes.rawBytes) }
        builder.certify(CertifiedDigest(index: builder.end.position.index, digest: Digest(high: 1, low: 2)))
        let end = builder.end
        let (facts, object) = builder.finish()
        return (facts, object, end)
    }

    static func name(of facts: RunFacts, isTail: Bool = false) -> RunName {
        RunName(
            cluster: cluster, timeline: TimelineName(.first), first: facts.first, last: facts.last,
            lastTime: facts.lastTime, term: Term(9), isTail: isTail)
    }

    static var manifest: BackupManifest {
        let timeline = TimelineName(.first)
        let folder = PackFolder(cluster: cluster, number: 4711, term: Term(7), timeline: timeline)
        let part = BackupPart(offset: 0, length: 100, size: 60, hash: [UInt8](repeating: 7, count: 32))
        let next = BackupPart(offset: 100, length: 50, size: 40, hash: [UInt8](repeating: 8, count: 32))
        return BackupManifest(
            program: "0.3.0", id: BackupID(time: start, timeline: timeline, index: LogIndex(4711)), cluster: cluster,
            timeline: .first, position: LogPosition(term: Term(7), index: LogIndex(4711)), timestamp: start,
            type: .incremental, records: 12, segments: 3, digest: Digest(high: 3, low: 4), featureLevel: 1,
            node: NodeID("n1")!, base: BackupID(time: .zero, timeline: timeline, index: LogIndex(1)), started: start,
            duration: .milliseconds(1500), plainBytes: 900, uploadedBytes: 100, state: part,
            packs: [BackupPack(folder: folder, parts: [part, next])])
    }
}
