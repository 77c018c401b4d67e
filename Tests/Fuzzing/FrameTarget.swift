// Frames of the log, as they come from a disk or a peer.

import ByteCoding
import LogFormat
import Vocabulary

extension FuzzTarget {
    /// The bytes as they are, then with a true checksum, then with all fixed fields right, so that a fuzzer that cannot
    /// guess a checksum sees what lies behind it; then as entries of a frame that is built.
    ///
    /// 1. An accepted frame is its bytes; a plain one, sealed anew from its fields, is the same to the byte.
    /// 2. The payload has the length that the header states, and as many entries, or is an error.
    /// 3. Entries that are sealed, compressed or not, come back.
    static let logFrames = FuzzTarget("log-frames") { bytes throws(Violation) in
        try FrameCheck.check(bytes)
        if bytes.count >= FrameHeader.byteCount {
            var sealed = bytes
            FrameCheck.seal(&sealed)
            try FrameCheck.check(sealed)
            sealed.store(littleEndian: FrameHeader.magic, at: 0)
            sealed.store(littleEndian: FrameHeader.version, at: 8)
            sealed.store(littleEndian: UInt32(0), at: 12)
            sealed.store(littleEndian: UInt32(sealed.count - FrameHeader.byteCount), at: 64)
            sealed.store(littleEndian: UInt32(0), at: 72)
            sealed.store(littleEndian: UInt32(0), at: 76)
            if sealed[11] == FrameCodec.plain.rawValue {
                sealed.store(littleEndian: UInt32(sealed.count - FrameHeader.byteCount), at: 68)
            }
            FrameCheck.seal(&sealed)
            try FrameCheck.check(sealed)
        }
        try FrameCheck.checkBuilding(bytes)
    }
}

private enum FrameCheck {
    static let limit = ByteCount.kibibytes(256)

    static func seal(_ bytes: inout [UInt8]) {
        bytes.store(littleEndian: CRC32C.checksum(bytes.rawBytes.extracting(8..<bytes.count)), at: 4)
    }

    static func check(_ bytes: [UInt8]) throws(Violation) {
        let frame: Frame
        do throws(FrameError) { frame = try Frame.decode(bytes.rawBytes, limit: limit) } catch {
            return try require(!error.description.isEmpty, "an error without a word")
        }
        let header = frame.header
        try require(frame.bytes == bytes && header.frameLength == bytes.count, "not the bytes that were decoded")
        try require((try? FrameHeader.announcedLength(of: bytes.rawBytes)) == bytes.count, "another length announced")
        let isOrdered = header.lastIndex >= header.firstIndex && header.previousTerm <= header.term
        try require(header.firstIndex > .zero && isOrdered, "\(header)")
        try checkPayload(frame)
    }

    private static func checkPayload(_ frame: Frame) throws(Violation) {
        var payload: [UInt8] = []
        var entries = 0
        do throws(FrameError) {
            try frame.withPayload { plain throws(FrameError) in
                payload = [UInt8](plain)
                var cursor = EntryCursor(frame.header)
                while try cursor.next(in: plain) != nil { entries += 1 }
            }
        } catch {
            return try require(payload.count <= limit.rawValue, "\(payload.count) bytes were made of a refused frame")
        }
        try require(payload.count == Int(frame.header.plainLength), "a payload of \(payload.count) bytes")
        let stated = frame.header.kind == .leaderStart ? 0 : Int(frame.header.count)
        try require(entries == stated, "\(entries) entries of \(stated)")
        guard frame.header.codec == .plain, frame.header.kind != .leaderStart || payload.isEmpty else { return }
        try checkSealing(frame, payload: payload, entries: entries)
    }

    /// Seals the same entries in the same place. Traps on positions that no log has, which decoding must have refused.
    private static func checkSealing(_ frame: Frame, payload: [UInt8], entries: Int) throws(Violation) {
        let header = frame.header
        var builder = FrameBuilder(
            cluster: ClusterID(high: 0, low: header.cluster), compressionThreshold: ByteCount(.max))
        builder.begin()
        builder.payload = payload
        builder.count = entries
        let again = builder.seal(
            kind: header.kind, term: header.term, firstIndex: header.firstIndex, timestamp: header.timestamp,
            previousTerm: header.previousTerm, previousChecksum: header.previousChecksum)
        try require(again == frame, "\(header) was sealed anew as \(again.header)")
    }

    static func checkBuilding(_ bytes: [UInt8]) throws(Violation) {
        var source = ByteSource(bytes)
        var builder = FrameBuilder(cluster: ClusterID(high: 1, low: 2), compressionThreshold: ByteCount(16))
        builder.begin()
        var entries: [[UInt8]] = []
        repeat {
            let entry = source.run()
            entries.append(entry)
            builder.appendEntry(entry.rawBytes)
        } while !source.isAtEnd
        let frame = builder.seal(
            kind: .entries, term: Term(3), firstIndex: LogIndex(9), timestamp: Timestamp(microseconds: 1),
            previousTerm: Term(2), previousChecksum: 7)
        var found: [[UInt8]] = []
        do throws(FrameError) {
            let decoded = try Frame.decode(frame.bytes.rawBytes, limit: .mebibytes(1))
            try decoded.withPayload { payload throws(FrameError) in
                var cursor = EntryCursor(frame.header)
                while let range = try cursor.next(in: payload) { found.append([UInt8](payload.extracting(range))) }
            }
        } catch { throw Violation("what was sealed is refused: \(error)") }
        try require(found == entries, "\(entries.count) entries came back as \(found.count)")
    }
}
