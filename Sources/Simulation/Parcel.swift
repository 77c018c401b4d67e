// What travels between nodes, and what waits for a node's next turn.

import ByteCoding
import Consensus
import LogFormat
import LogStore
import PeerProtocol
import Replica
import ReplicaSnapshots
import Vocabulary

/// What one node sends another over their connection.
enum Content: Sendable {
    case message(Message, [Frame])
    case requests(RequestBatch)
    case answers(AnswerBatch)
    case state(StateMessage)
    case snapshotRead(SnapshotRead)
    case snapshotPiece(SnapshotPiece)
}

struct Parcel: Sendable {
    let from: Int
    let to: Int
    /// The connection that it was sent over.
    let connection: UInt32
    var content: Content
}

/// What a node takes in its next turn, in the order in which it came.
enum Letter: Sendable {
    case persisted(WriteTicket, LogRoom)
    case room(LogRoom)
    case framesRead([Frame], LogRead)
    case runRead(FrameRun, LogRead)
    case connected(Int)
    case disconnected(Int)
    case refuses(Int)
    case content(Content, from: Int)
    case handover(to: Int?)
    /// An operator wants other members.
    case members(MemberAim)
    /// The scrub or the reader has found damage.
    case logDamaged
    case framesReleased(LogRead, first: LogIndex)
    case snapshotWanted
    /// What the keeper of snapshots tells.
    case keeper(KeeperReport)
    /// For a planted bug: as if these snapshots were stored.
    case claimed(StoredSnapshots)
    /// A piece of a snapshot, read for another node.
    case served(SnapshotPiece, to: Int)
    /// The thread that ships tells what the archive has.
    case archived(LogIndex)
}

extension Content {
    /// The same after a way through the peer protocol's bytes. Traps when the coding cannot read what it wrote.
    func throughWire(limit: ByteCount) -> Content {
        var bytes: [UInt8] = []
        switch self {
        case .message(let message, let frames):
            PeerCoding.append(message, to: &bytes) { bytes in
                for frame in frames { bytes.append(contentsOf: frame.bytes) }
            }
        case .requests(let batch): PeerCoding.append(batch, to: &bytes)
        case .answers(let batch): PeerCoding.append(batch, to: &bytes)
        case .state(let message): PeerCoding.append(message, to: &bytes)
        case .snapshotRead(let read): PeerCoding.append(read, to: &bytes)
        case .snapshotPiece(let piece): PeerCoding.append(piece, to: &bytes)
        }
        do { return try Content.read(bytes, limit) } catch {
            preconditionFailure("a message that was written cannot be read: \(error)")
        }
    }

    private static func read(_ bytes: [UInt8], _ limit: ByteCount) throws -> Content {
        let decoder = PeerFrameDecoder(limit: limit.rawValue)
        var requests = RequestBatch()
        var answers = AnswerBatch()
        var offset = 0
        while offset < bytes.count {
            let rest = bytes.rawBytes.extracting(offset..<bytes.count)
            guard let frame = try decoder.next(in: rest) else { preconditionFailure("half a peer frame was written") }
            let body = rest.extracting(frame.body)
            switch frame.kind {
            case .message:
                let (message, range) = try PeerCoding.message(in: body)
                return .message(message, try Frame.decodeRun(body.extracting(range), limit: limit))
            case .requests: try PeerCoding.requests(in: body, into: &requests)
            case .answers: try PeerCoding.answers(in: body, into: &answers)
            case .state: return .state(try PeerCoding.state(in: body))
            case .snapshotRead: return .snapshotRead(try PeerCoding.snapshotRead(in: body))
            case .snapshotPiece: return .snapshotPiece(try PeerCoding.snapshotPiece(in: body))
            default: preconditionFailure("a \(frame.kind) was written")
            }
            offset += frame.consumed
        }
        return requests.isEmpty ? .answers(answers) : .requests(requests)
    }
}
