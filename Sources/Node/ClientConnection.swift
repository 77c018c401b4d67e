// One client: its bytes, its session, and the order of its replies.

import ByteCoding
import Platform
import RESP
import Sessions
import Vocabulary

/// Replies leave in the order of the requests, whatever order their outcomes arrive in.
///
/// A request's token names the connection's place, the use of that place, and the request's number on the connection,
/// so an answer that comes after the connection has gone finds nobody.
final class ClientConnection {
    /// Requests of one connection that may be on their way at once. A power of two below the numbers in a token.
    static let outstandingMax = 1 << 14
    private static let sequenceBits: UInt64 = 20
    private static let placeBits: UInt64 = 20

    let channel: Channel
    let place: Int
    var session: Session
    var decoder: RequestDecoder
    let openedAt: Instant
    /// When output last moved, or was empty: a client that does not read is let go after a while.
    var outputMovedAt: Instant
    var lastRequestAt: Instant
    /// Until when the answer to a failed login is held back, and nothing more is decoded.
    var restsUntil: Instant?
    /// Set when the connection ends once its replies are sent.
    var isClosing = false
    /// Set when it did not read its messages, until it is closed: it gets no more.
    var isCutOff = false
    /// What made its input unreadable: told, and the connection closed, once all replies before it are sent.
    var refusal: RequestError?
    /// Set when the client has finished sending: what it asked for is still answered.
    var hasEnded = false
    /// Whether it stands in the loop's list of connections to flush, or to go on decoding.
    var isDirty = false
    var isRunnable = false
    private let tokenBase: UInt64
    private var nextSequence: UInt64 = 0
    private var nextReply: UInt64 = 0
    /// Replies that wait for an earlier one; empty but for moments around a change of leader.
    private var early: [UInt64: [UInt8]] = [:]

    init(channel: Channel, place: Int, use: UInt64, session: Session, limits: RequestLimits, now: Instant) {
        self.channel = channel
        self.place = place
        self.session = session
        decoder = RequestDecoder(limits: limits)
        openedAt = now
        outputMovedAt = now
        lastRequestAt = now
        let useMask = (UInt64(1) << (64 - ClientConnection.sequenceBits - ClientConnection.placeBits)) - 1
        tokenBase =
            (use & useMask) << (ClientConnection.sequenceBits + ClientConnection.placeBits)
            | UInt64(place) << ClientConnection.sequenceBits
    }

    /// How large the next reply may be, from those before it: at once as large as the largest, and slowly less. Begins
    /// high, so that a connection has to show small replies before many of its requests are under way.
    private var replyEstimate = 8 << 20

    /// Whether one more request may be under way: unsent replies and those expected stay below `outputMax` bytes. One
    /// request always may be when nothing else is, however large its reply.
    func hasRoom(_ outputMax: Int) -> Bool {
        guard outstanding > 0 else { return channel.output.count < outputMax }
        return outstanding < ClientConnection.outstandingMax
            && channel.output.count + (outstanding + 1) * replyEstimate < outputMax
    }

    var outstanding: Int { Int(nextSequence - nextReply) }

    /// The token of the next request; call `submitted` once it is on its way.
    var nextToken: UInt64 {
        tokenBase | nextSequence & (1 << ClientConnection.sequenceBits - 1)
    }

    func submitted() { nextSequence += 1 }

    /// The token of the request that waits for an element, if one does.
    var blockedToken: UInt64? {
        session.isBlocked && outstanding == 1 ? tokenBase | nextReply & (1 << ClientConnection.sequenceBits - 1) : nil
    }

    static func place(of token: UInt64) -> Int {
        Int(token >> sequenceBits & (1 << placeBits - 1))
    }

    /// Whether the request with `token` is the one that is answered next.
    func isNext(_ token: UInt64) -> Bool {
        outstanding > 0 && token == tokenBase | nextReply & (1 << ClientConnection.sequenceBits - 1)
    }

    /// Puts the reply of the request with `token` into the output, in its turn. False when it is not this connection's.
    func deliver(_ token: UInt64, _ reply: RawSpan) -> Bool {
        let mask: UInt64 = 1 << ClientConnection.sequenceBits - 1
        guard token & ~mask == tokenBase else { return false }
        // Fewer requests than sequence numbers are outstanding, so the low bits tell which one it is.
        let distance = ((token & mask) &- nextReply) & mask
        guard distance < UInt64(outstanding) else { return false }
        if distance > 0 {
            early[nextReply + distance] = [UInt8](reply)
            return true
        }
        release(reply)
        while !early.isEmpty, let next = early.removeValue(forKey: nextReply) { release(next.rawBytes) }
        return true
    }

    private func release(_ reply: RawSpan) {
        replyEstimate = max(reply.byteCount, replyEstimate - replyEstimate / 4)
        let isSilent = session.isSilent
        nextReply += 1
        let other = session.completed(reply)
        guard !isSilent else { return }
        if let other { channel.output.append(other.rawBytes) } else { channel.output.append(reply) }
    }
}
