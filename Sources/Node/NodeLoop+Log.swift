// Between the loop and the log's threads: orders out, reports in.

import LogFormat
import LogStore
import Platform
import Replica
import Telemetry
import Vocabulary

/// What the log last reported.
struct LogCondition {
    var failure: LogError?
    var roomLeft = ByteCount.zero
    var hasRoom = true
    var segments = 0
}

extension NodeLoop {
    func postLogWrites() {
        guard !effects.logWrites.isEmpty else { return }
        log.post(
            effects.logWrites.map { write in
                // An order that nobody waits for goes under the number of the one before it.
                lastTicket = write.ticket ?? lastTicket
                return LogOrder(write, ticket: lastTicket)
            })
    }

    func takeLetters(at now: Moment) {
        mail.drain(into: &letters)
        for letter in letters {
            switch letter {
            case .log(let report): take(report, at: now)
            case .frames(let frames, let request):
                replica.step(.framesRead(frames, request), at: now, into: &effects)
            case .readFailed(let why, let request):
                if case .unreadable(let damage) = why {
                    takeDamage(damage, at: now)
                } else {
                    logger.error(
                        "log can not be read back", metadata: ["reason": "\(why)", "raft.index": "\(request.from)"])
                }
                replica.step(.framesRead([], request), at: now, into: &effects)
            case .scrub(let letter): take(letter, at: now)
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
            take(facts.room, at: now)
            replica.step(.persisted(facts.persisted), at: now, into: &effects)
        case .room(let room):
            take(room, at: now)
        }
    }

    private func take(_ room: LogRoom, at now: Moment) {
        logState.roomLeft = room.left
        // While the next segment is being made, writes go on: those that do not fit yet wait for it.
        let hasRoom = !room.isDiskFull || room.left >= parameters.logRoomMin
        guard hasRoom != logState.hasRoom else { return }
        logState.hasRoom = hasRoom
        if hasRoom {
            logger.notice("log has room again", metadata: ["log.room": "\(room.left)"])
        } else {
            logger.error(
                "log has no room: writes are refused or handed to another node",
                metadata: [
                    "log.room": "\(room.left)", "log.room-min": "\(parameters.logRoomMin)",
                    "remedy": "free space on the file system of \(parameters.logDirectory)",
                ])
        }
        replica.step(.logRoom(hasRoom), at: now, into: &effects)
    }
}

extension LogOrder {
    init(_ write: LogWrite, ticket: WriteTicket) {
        let action: LogOrder.Action
        switch write.kind {
        case .append(let frame, let commitIndex): action = .append(frame, commitIndex: commitIndex)
        case .ballot(let term, let vote): action = .ballot(term: term, votedFor: vote)
        case .truncate(let index): action = .truncate(from: index)
        case .raiseFence(let index): action = .raiseFence(index)
        case .clearFence: action = .clearFence
        }
        self.init(ticket: ticket, action)
    }
}
