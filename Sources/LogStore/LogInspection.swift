// Looking at a log without opening it: what `nodectl wal dump` prints and `nodectl wal verify` finds.

import ByteCoding
public import LogFormat
public import Vocabulary

/// Reads segments and changes nothing. While a node writes the log, the newest batch may show as torn.
public struct LogInspection<Disk: Storage>: Sendable {
    public let identity: LogIdentity
    private let disk: Disk

    /// Takes the log's identity from its first readable segment. Nil when there is none.
    public init?(_ disk: Disk) throws(LogError) {
        self.disk = disk
        for sequence in try LogInspection.sequences(on: disk) {
            if case .header(let header) = try LogInspection.header(of: sequence, on: disk) {
                identity = header.identity
                return
            }
        }
        return nil
    }

    // MARK: Dump

    /// One line of a dump.
    public enum Line: Hashable, Sendable {
        case segment(file: String, header: SegmentHeader)
        /// A file that waits for its use.
        case unused(file: String, size: ByteCount)
        case record(LogRecordFacts)
        /// Bytes that are no record, up to the next one or to the file's end.
        case unreadable(DamageKind, file: String, offset: Int, length: Int)
    }

    /// Every record in the order of the files, whole ones behind damage too.
    public func dump(_ visit: (Line) -> Void) throws(LogError) {
        for sequence in try LogInspection.sequences(on: disk) {
            let name = SegmentName.text(sequence)
            switch try LogInspection.header(of: sequence, on: disk) {
            case .header(let header):
                visit(.segment(file: name, header: header))
                do throws(StorageError) { try dumpRecords(name, header, visit) } catch { throw .storage(error) }
            case .newer(let version):
                throw .newerVersion(
                    file: name, offset: 0, firstIndex: nil, found: Int(version), supported: Int(SegmentHeader.version))
            case .unused:
                visit(.unused(file: name, size: ByteCount(try size(of: name))))
            case .short:
                visit(.unreadable(.badLength, file: name, offset: 0, length: try size(of: name)))
            case .invalid(let kind):
                visit(.unreadable(kind, file: name, offset: 0, length: try size(of: name)))
            }
        }
    }

    private func dumpRecords(
        _ name: String, _ header: SegmentHeader, _ visit: (Line) -> Void
    ) throws(StorageError) {
        var window = try SegmentWindow(disk: disk, name: name)
        let seed = header.identity.recordSeed
        var offset = SegmentHeader.byteCount
        while offset < window.size {
            let lsn = LSN(header.base.rawValue + UInt64(offset))
            let finding = try window.record(at: offset, expected: lsn, seed: seed)
            if case .record(let record, let body) = finding {
                let bytes = window.bytes.rawBytes.extracting(body)
                visit(.record(LogRecordFacts(record, body: bytes, file: name, offset: offset)))
                offset += record.recordLength
                continue
            }
            let next = try nextRecord(&window, after: offset, base: header.base, seed: seed)
            if case .invalid(let kind) = finding {
                visit(.unreadable(kind, file: name, offset: offset, length: (next ?? window.size) - offset))
            } else if let next {
                visit(.unreadable(.gap, file: name, offset: offset, length: next - offset))
            }
            offset = next ?? window.size
        }
    }

    private func nextRecord(
        _ window: inout SegmentWindow<Disk>, after offset: Int, base: LSN, seed: UInt32
    ) throws(StorageError) -> Int? {
        var place = offset + RecordHeader.alignment
        while let claim = try window.nextClaim(from: place, to: window.size, base: base) {
            if case .record = try window.record(at: claim.place, expected: claim.lsn, seed: seed) { return claim.place }
            place = claim.place + RecordHeader.alignment
        }
        return nil
    }

    // MARK: Verify

    /// What a log holds, and what is wrong with it.
    public struct Report: Sendable {
        public let identity: LogIdentity
        public let state: LogState
        public let firstIndex: LogIndex
        public let last: LogPosition
        public let commitIndex: LogIndex
        public let counts: RecoveredLog.Counts
        public let findings: [Finding]
        /// The frames that concern the members, oldest first, as far as the log can be read.
        public let memberships: [Frame]
        /// The segment that the log ends in.
        public let lastSegment: String
        /// Whether nothing is wrong that matters: a torn tail is everyday.
        public var isWhole: Bool { !findings.contains { $0.isDamage } }
    }

    public struct Finding: Hashable, Sendable {
        public let damage: LogDamage
        public let isDamage: Bool
        public let remedy: Remedy
    }

    /// Checks every record as a start would, and every payload down to its entries.
    public func verify(progress: (LogProgress) -> Void = { _ in }) throws(LogError) -> Report {
        var recovery = LogRecovery(disk: disk, identity: identity, options: LogOptions())
        let outcome = try recovery.run(progress: progress)
        var findings: [Finding] = []
        switch outcome.ending {
        case .clean: break
        case .tornTail(let place):
            findings.append(
                Finding(
                    damage: place, isDamage: false,
                    remedy: .automatic("the tail is cut at the last whole record when the log opens")))
        case .damaged(let damage, _, _):
            findings.append(Finding(damage: damage, isDamage: true, remedy: damage.remedy))
        }
        if let damage = try firstBadPayload(outcome) {
            findings.append(
                Finding(
                    damage: damage, isDamage: true,
                    remedy: .operate("move this node's data directory away and let it join again")))
        }
        return Report(
            identity: identity, state: outcome.chain.state, firstIndex: outcome.map.firstIndex,
            last: outcome.chain.last, commitIndex: min(outcome.chain.commitIndex, outcome.chain.last.index),
            counts: outcome.counts, findings: findings, memberships: try memberships(outcome),
            lastSegment: SegmentName.text(outcome.sequence))
    }

    private func memberships(_ outcome: LogRecovery<Disk>.Outcome) throws(LogError) -> [Frame] {
        var reader = LogReader(disk: disk, map: LogMap(outcome.map), seed: identity.recordSeed)
        var frames: [Frame] = []
        for index in outcome.membershipFrames where index >= outcome.map.firstIndex {
            frames += try reader.readFrames(from: index, byteLimit: .zero).prefix(1)
        }
        return frames
    }

    private func firstBadPayload(_ outcome: LogRecovery<Disk>.Outcome) throws(LogError) -> LogDamage? {
        var reader = LogReader(disk: disk, map: LogMap(outcome.map), seed: identity.recordSeed)
        var next = outcome.map.firstIndex
        while next <= outcome.map.lastIndex {
            let frames = try reader.readFrames(from: next, byteLimit: .mebibytes(4))
            for frame in frames where !LogInspection.isReadable(frame) {
                let lsn = outcome.map.marks.last { $0.index <= frame.header.firstIndex }?.lsn ?? LSN(0)
                let segment = outcome.map.segment(of: lsn)
                return LogDamage(
                    kind: .failedRecovery, file: SegmentName.text(segment?.sequence ?? 0),
                    offset: Int(lsn.rawValue - (segment?.base.rawValue ?? 0)), lsn: lsn,
                    firstIndex: frame.header.firstIndex, highestIndex: frame.header.lastIndex)
            }
            guard let last = frames.last else { return nil }
            next = last.header.lastIndex.next
        }
        return nil
    }

    private static func isReadable(_ frame: Frame) -> Bool {
        do throws(FrameError) {
            try frame.withPayload { payload throws(FrameError) in
                var cursor = EntryCursor(frame.header)
                while try cursor.next(in: payload) != nil {}
            }
            return true
        } catch {
            return false
        }
    }

    // MARK: Files

    /// What the headers that can be read say whose log it is, in the order of the files.
    static func identities(on disk: Disk) throws(LogError) -> [LogIdentity] {
        var identities: [LogIdentity] = []
        for sequence in try sequences(on: disk) {
            if case .header(let header) = try header(of: sequence, on: disk) { identities.append(header.identity) }
        }
        return identities
    }

    private static func sequences(on disk: Disk) throws(LogError) -> [UInt64] {
        do throws(StorageError) { return try disk.list().compactMap(SegmentName.sequence) } catch {
            throw .storage(error)
        }
    }

    private static func header(
        of sequence: UInt64, on disk: Disk
    ) throws(LogError) -> SegmentHeader.Finding {
        do throws(StorageError) {
            var window = try SegmentWindow(
                disk: disk, name: SegmentName.text(sequence), step: SegmentHeader.byteCount)
            return try window.header()
        } catch { throw .storage(error) }
    }

    private func size(of name: String) throws(LogError) -> Int {
        do throws(StorageError) { return try disk.size(of: disk.open(name)) } catch { throw .storage(error) }
    }
}
