// Between the loop and the log's threads: orders out, reports in.

import LogFormat
import LogStore
import Platform
import Replica
import ReplicaLog
import Telemetry
import Vocabulary

/// What the log last reported.
struct LogCondition {
    var failure: LogError?
    var roomLeft = ByteCount.zero
    var roomRule = LogRoomRule()
    var segments = 0
    var firstIndex = LogIndex.zero
    var bytesOnDisk = ByteCount.zero
}

extension NodeLoop {
    func postLogWrites() {
        guard !effects.logWrites.isEmpty else { return }
        log.post(orderNumbering.orders(for: effects.logWrites))
    }

    func takeLetters(at now: Moment) {
        mail.drain(into: &letters)
        for letter in letters {
            switch letter {
            case .log(let report): take(report, at: now)
            case .frames(let frames, let request):
                replica.step(.framesRead(frames, request), at: now, into: &effects)
            case .run(let run, let request):
                replica.step(.runRead(run, request), at: now, into: &effects)
            case .readFailed(.released(_, let first), let request):
                replica.step(.framesReleased(request, first: first), at: now, into: &effects)
            case .readFailed(let why, let request):
                if case .unreadable(let damage) = why {
                    takeDamage(damage, at: now)
                } else {
                    logger.error(
                        "log can not be read back", metadata: ["reason": "\(why)", "raft.index": "\(request.from)"])
                }
                replica.step(.framesRead([], request), at: now, into: &effects)
            case .scrub(let letter): take(letter, at: now)
            case .changes(let letter): take(letter, at: now)
            case .indexProof(let letter): take(letter)
            case .stateScrub(let letter): take(letter, at: now)
            case .snapshot(let letter): take(letter, at: now)
            case .archive(let letter): take(letter, at: now)
            case .backup(let letter): take(letter, at: now)
            case .archiveCare(let letter): take(letter, at: now)
            case .snapshotPiece(let piece, let node): take(piece, for: node)
            case .resolved(let name, let address): take(address, of: name, at: now.instant)
            case .operatorCalled:
                takeOperatorRequests(at: now)
            }
        }
    }

    private func take(_ report: LogReport, at now: Moment) {
        switch report {
        case .failed(let error):
            logState.failure = error
        case .persisted(let facts):
            metrics.fsync.record(facts.syncDuration)
            metrics.walBytesWritten += UInt64(facts.bytes.rawValue)
            logState.segments = facts.segments
            logState.firstIndex = facts.firstIndex
            logState.bytesOnDisk = facts.bytesOnDisk
            take(facts.room, at: now)
            replica.step(.persisted(facts.persisted), at: now, into: &effects)
        case .room(let room):
            take(room, at: now)
        case .held(let number): quiesceStands(ofLog: number)
        case .holdEnded(let number, let ending, _): quiesceEnded(number, ending, at: now)
        }
    }

    private func take(_ room: LogRoom, at now: Moment) {
        logState.roomLeft = room.left
        guard logState.roomRule.take(room) else { return }
        let hasRoom = logState.roomRule.hasRoom
        if hasRoom {
            logger.notice("log has room again", metadata: ["log.room": "\(room.left)"])
        } else {
            logger.error(
                "log has no room: writes are refused or handed to another node",
                metadata: [
                    "log.room": "\(room.left)", "log.room-min": "\(logState.roomRule.roomMin)",
                    "remedy": "free space on the file system of \(parameters.logDirectory)",
                ])
        }
        replica.step(.logRoom(hasRoom), at: now, into: &effects)
    }
}
