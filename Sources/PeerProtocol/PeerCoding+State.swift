// Messages about states, and pieces of snapshots, as bytes; docs/formats/peer.md has the tables.

import ByteCoding
import Vocabulary

extension PeerCoding {
    /// The numbers are on the wire and never reused.
    private enum StateTag: UInt8 {
        case digest = 1
        case offer = 2
        case wish = 3
        case archived = 4
    }

    private enum FileTag: UInt8 {
        case manifest = 1
        case pack = 2
    }

    // MARK: States

    public static func append(_ message: StateMessage, to bytes: inout [UInt8]) {
        bytes.appendFrame(.state) {
            switch message {
            case .digest(let digest, let index):
                $0.append(StateTag.digest.rawValue)
                $0.append(littleEndian: index.rawValue)
                $0.append(littleEndian: digest.high)
                $0.append(littleEndian: digest.low)
            case .offer(let index):
                $0.append(StateTag.offer.rawValue)
                $0.append(littleEndian: index.rawValue)
            case .wish(let index):
                $0.append(StateTag.wish.rawValue)
                $0.append(littleEndian: index.rawValue)
            case .archived(let index):
                $0.append(StateTag.archived.rawValue)
                $0.append(littleEndian: index.rawValue)
            }
        }
    }

    public static func state(in body: RawSpan) throws(PeerProtocolError) -> StateMessage {
        var reader = ByteReader(body)
        let message = try field(.state) { () throws(ByteError) -> StateMessage in
            guard let tag = StateTag(rawValue: try reader.integer(from: body)) else { throw .invalidValue(at: 0) }
            let index = LogIndex(try reader.integer(UInt64.self, from: body))
            switch tag {
            case .offer: return .offer(index)
            case .wish: return .wish(after: index)
            case .archived: return .archived(through: index)
            case .digest:
                let high: UInt64 = try reader.integer(from: body)
                let low: UInt64 = try reader.integer(from: body)
                return .digest(Digest(high: high, low: low), at: index)
            }
        }
        try end(reader, .state)
        return message
    }

    // MARK: Pieces

    public static func append(_ read: SnapshotRead, to bytes: inout [UInt8]) {
        bytes.appendFrame(.snapshotRead) { encode(read, to: &$0) }
    }

    public static func append(_ piece: SnapshotPiece, to bytes: inout [UInt8]) {
        bytes.appendFrame(.snapshotPiece) {
            encode(piece.read, to: &$0)
            $0.append(piece.bytes == nil ? 0 : 1)
            if let found = piece.bytes { $0.append(counted: found.rawBytes) }
        }
    }

    public static func snapshotRead(in body: RawSpan) throws(PeerProtocolError) -> SnapshotRead {
        var reader = ByteReader(body)
        let read = try field(.snapshotRead) { () throws(ByteError) in try decodeRead(&reader, body) }
        try end(reader, .snapshotRead)
        return read
    }

    public static func snapshotPiece(in body: RawSpan) throws(PeerProtocolError) -> SnapshotPiece {
        var reader = ByteReader(body)
        let (read, range) = try field(.snapshotPiece) { () throws(ByteError) -> (SnapshotRead, Range<Int>?) in
            let read = try decodeRead(&reader, body)
            guard try reader.flag(from: body) else { return (read, nil) }
            let place = reader.offset
            let range = try reader.counted(from: body)
            guard range.count <= Int(read.count) else {
                throw .lengthOverLimit(at: place, length: UInt64(range.count), limit: Int(read.count))
            }
            return (read, range)
        }
        try end(reader, .snapshotPiece)
        return SnapshotPiece(read: read, bytes: range.map { [UInt8](body.extracting($0)) })
    }

    private static func encode(_ read: SnapshotRead, to bytes: inout [UInt8]) {
        bytes.append(littleEndian: read.snapshot.rawValue)
        switch read.file {
        case .manifest:
            bytes.append(FileTag.manifest.rawValue)
            bytes.append(littleEndian: UInt64(0))
        case .pack(let index):
            bytes.append(FileTag.pack.rawValue)
            bytes.append(littleEndian: index.rawValue)
        }
        bytes.append(littleEndian: read.offset)
        bytes.append(littleEndian: read.count)
    }

    private static func decodeRead(_ reader: inout ByteReader, _ body: RawSpan) throws(ByteError) -> SnapshotRead {
        let snapshot = LogIndex(try reader.integer(UInt64.self, from: body))
        let place = reader.offset
        guard let tag = FileTag(rawValue: try reader.integer(from: body)) else { throw .invalidValue(at: place) }
        let pack = LogIndex(try reader.integer(UInt64.self, from: body))
        let start = reader.offset
        let offset: UInt64 = try reader.integer(from: body)
        let count: UInt32 = try reader.integer(from: body)
        guard offset < 1 << 62, count > 0, count <= UInt32(SnapshotRead.countMax) else {
            throw .invalidValue(at: start)
        }
        return SnapshotRead(
            snapshot: snapshot, file: tag == .manifest ? .manifest : .pack(pack), offset: offset, count: count)
    }
}
