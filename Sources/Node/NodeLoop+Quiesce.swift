// The files of this node held still while somebody copies them: asked for, told, and ended.

import Logging
import LogStore
import Platform
import Replica
import Telemetry
import Vocabulary

/// What the loop knows of holds.
struct QuiesceCare {
    /// Bytes of log that may wait behind a hold, in memory.
    static let waitingMax = ByteCount.mebibytes(256)
    static let secondsMax = 300

    /// Asked for, to be begun at the end of the turn, when all that it has logged was ordered.
    var wish: (ticket: OperatorTicket, time: Duration)?
    var current: Quiesce?
    var ticket: OperatorTicket?
    /// Who waits for the release.
    var releaser: OperatorTicket?
    /// How the last one ended, until somebody has asked.
    var last: Quiesce.Ending?
    var count: UInt64 = 0
}

extension NodeLoop {
    // MARK: Operators

    func takeQuiesceRequest(seconds: Int, _ ticket: OperatorTicket) {
        guard quiesce.current == nil, quiesce.wish == nil, stopping == nil else {
            return desk.answer(
                ticket, .refused(reason: "the files are held already, or the node stops", override: nil))
        }
        quiesce.wish = (ticket, .seconds(min(max(1, seconds), QuiesceCare.secondsMax)))
    }

    func takeQuiesceRelease(_ ticket: OperatorTicket) {
        if let current = quiesce.current {
            quiesce.releaser = ticket
            return log.release(hold: current.number)
        }
        guard let last = quiesce.last else {
            return desk.answer(ticket, .refused(reason: "no files are held", override: nil))
        }
        quiesce.last = nil
        desk.answer(ticket, .quiesceEnded(isWhole: last.isWhole, text: last.text))
    }

    // MARK: Turns

    /// Behind the orders of this turn: what the log then has is what the hold is of.
    func beginQuiesce(at now: Moment) {
        guard let wish = quiesce.wish else { return }
        quiesce.wish = nil
        quiesce.count += 1
        let until = now.instant + wish.time
        quiesce.current = Quiesce(
            number: quiesce.count, asked: now.instant, until: until, position: replica.raft.lastPosition)
        quiesce.ticket = wish.ticket
        quiesce.last = nil
        replica.awaitDigest(at: replica.raft.lastPosition.index)
        replica.setDiskHeld(true, at: now)
        log.hold(LogHoldOrder(number: quiesce.count, until: until, waitingMax: QuiesceCare.waitingMax))
        snapshots.post(.hold(quiesce.count, until: until))
    }

    /// Every turn while there is one.
    func followQuiesce(at now: Moment) {
        guard var current = quiesce.current else { return }
        if stopping != nil { log.release(hold: current.number) }
        let step = current.look(replica.awaitedDigest, at: now.instant)
        quiesce.current = current
        switch step {
        case .nothing: return
        case .stands(let digest): tellStand(current, digest, at: now)
        case .fails(let reason):
            log.release(hold: current.number)
            guard let ticket = quiesce.ticket else { return }
            quiesce.ticket = nil
            desk.answer(
                ticket, .failed(reason: "the files could not be held: \(reason)", remedy: .retry("try again later")))
        }
    }

    private func tellStand(_ current: Quiesce, _ digest: Digest, at now: Moment) {
        let left = current.until - now.instant
        logger.notice(
            "files held",
            metadata: [
                "raft.position": "\(current.position)", "digest": "\(digest)", "seconds": "\(left.inSeconds)",
            ])
        guard let ticket = quiesce.ticket else { return }
        quiesce.ticket = nil
        desk.answer(
            ticket,
            .quiesced(
                at: current.position.index, term: current.position.term, digest: digest,
                directory: parameters.dataDirectory,
                until: Timestamp(microseconds: now.wall.rawValue + UInt64(max(0, left.inNanoseconds / 1000))),
                left: left))
    }

    // MARK: Reports

    func quiesceStands(ofLog number: UInt64) {
        if quiesce.current?.number == number { quiesce.current?.logStands() }
    }

    func quiesceStands(ofSnapshots number: UInt64) {
        if quiesce.current?.number == number { quiesce.current?.snapshotsStand() }
    }

    func quiesceEnded(_ number: UInt64, _ ending: LogHoldEnding, at now: Moment) {
        guard var current = quiesce.current, current.number == number else { return }
        let outcome = current.end(ending)
        quiesce.current = nil
        replica.awaitDigest(at: nil)
        replica.setDiskHeld(false, at: now)
        snapshots.post(.endHold(number))
        logger.log(
            level: ending == .released ? .notice : .error, "files no longer held",
            metadata: ["reason": "\(outcome.text)", "whole": "\(outcome.isWhole)"])
        if let ticket = quiesce.ticket {
            quiesce.ticket = nil
            desk.answer(
                ticket,
                .failed(reason: "the files could not be held: \(outcome.text)", remedy: .retry("try again later")))
        }
        guard let releaser = quiesce.releaser else {
            quiesce.last = outcome
            return
        }
        quiesce.releaser = nil
        desk.answer(releaser, .quiesceEnded(isWhole: outcome.isWhole, text: outcome.text))
    }
}
