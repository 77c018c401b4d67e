// Requests that wait for an element: who of this node's clients waits, and what became of waiters in general.

import PeerProtocol
import RESP
import Vocabulary

/// Blocking requests that wait in the state, by the index of their entry. What becomes of each stands in the log: the
/// node whose client it is learns of it when it applies the entry that serves it, whoever leads then.
///
/// 1. A request of an own client stays here until its outcome is applied; its client is answered once, or is gone.
/// 2. The leader that logged a peer's request keeps its index, so that it can send the waiter away when it loses that
///    peer: nobody else would. With the next term all waiters go.
/// 3. Whoever is to be sent away is named to the log again and again until it has.
/// 4. Everything that is kept for requests of which this node does not know yet is bounded.
public struct ParkedRequests: Sendable {
    /// Why a request shall not wait any longer, as the entry `unblock` takes it.
    struct Dismissal: Sendable {
        var reason: StaticString
        /// Nobody is left to be answered.
        var isGone: Bool
    }

    struct Request: Sendable {
        var token: UInt64
        var dismissal: Dismissal?
        /// When the log was first asked to send it away.
        var askedAt: Instant?
        /// When something has to be done about it; nil for never.
        var alarm: Instant?
    }

    private struct Guest: Sendable {
        var peer: NodeID
        var alarm: Instant?
    }

    /// What has to be done now.
    struct Due: Sendable {
        /// Who has to be sent away by the order of the log, by index.
        var away: [(index: LogIndex, reason: StaticString)] = []
        /// Clients whom the log did not help in time. They are forgotten.
        var helpless: [UInt64] = []
    }

    /// How long the log may take to send somebody away before it is asked again.
    static let retryInterval = Duration.seconds(1)

    private var requests: [LogIndex: Request] = [:]
    private var indexes: [UInt64: LogIndex] = [:]
    private var guests: [LogIndex: Guest] = [:]
    private var alarms = AlarmHeap()
    private var outcomes = RecentOutcomes()
    /// Dismissals of requests that were not parked when they came, oldest first.
    private var early: [(token: UInt64, dismissal: Dismissal, at: Instant)] = []

    init() {}

    /// Of this node's own clients.
    var count: Int { requests.count }
    var guestCount: Int { guests.count }
    var alarmCount: Int { alarms.count }
    var hasEarlyDismissals: Bool { !early.isEmpty }

    /// No later than the earliest moment at which something has to be done; may be earlier.
    var nextDeadline: Instant? { alarms.first }

    // MARK: Waiting

    /// A request of our client waits. Returns its reply if what became of it is known already.
    mutating func park(_ index: LogIndex, token: UInt64, deadline: Instant?) -> [UInt8]? {
        let dismissal = takeEarly(token)
        if let reply = outcomes.take(index) { return dismissal?.isGone == true ? [] : reply }
        requests[index] = Request(token: token, dismissal: dismissal)
        indexes[token] = index
        setAlarm(dismissal == nil ? deadline : Instant(nanoseconds: 0), index)
        return nil
    }

    /// A request of a peer's client waits. `isLost`: its conversation is over already.
    mutating func parkGuest(_ index: LogIndex, _ peer: NodeID, isLost: Bool) {
        guests[index] = Guest(peer: peer)
        if isLost { setAlarm(Instant(nanoseconds: 0), index) }
    }

    /// What became of a waiter. Returns who of this node's clients waited, if one did and is still there.
    mutating func settle(_ index: LogIndex, _ reply: ArraySlice<UInt8>) -> UInt64? {
        if let request = requests.removeValue(forKey: index) {
            indexes[request.token] = nil
            return request.dismissal?.isGone == true ? nil : request.token
        }
        if guests.removeValue(forKey: index) == nil { outcomes.add(index, Array(reply)) }
        return nil
    }

    // MARK: Going

    /// A client that may wait is gone, or is to go on.
    mutating func dismiss(_ token: UInt64, _ dismissal: Dismissal, at now: Instant, patience: Duration) {
        guard let index = indexes[token] else {
            early.removeAll { $0.at + patience <= now }
            early.append((token, dismissal, now))
            return
        }
        // Who is gone stays gone.
        if requests[index]?.dismissal?.isGone != true { requests[index]?.dismissal = dismissal }
        setAlarm(Instant(nanoseconds: 0), index)
    }

    /// A request was answered without having waited.
    mutating func forget(_ token: UInt64) {
        if !early.isEmpty { _ = takeEarly(token) }
    }

    /// A conversation with a peer is over: the waiters of its clients are to go.
    mutating func lose(_ peer: NodeID) {
        for (index, guest) in guests where guest.peer == peer { setAlarm(Instant(nanoseconds: 0), index) }
    }

    /// This node does not lead any more. The next leader's term begins without waiters.
    mutating func forgetGuests() { guests = [:] }

    /// What is due. Nobody is named again for a while. `patience`: how long after it was asked first the log may fail
    /// to send a client away before the client is told that nobody knows.
    mutating func takeDue(at now: Instant, patience: Duration) -> Due {
        var due = Due()
        while let (time, index) = alarms.pop(until: now) {
            if let request = requests[index], request.alarm == time {
                due.away.append((index, request.dismissal?.reason ?? "timeout"))
                let askedAt = request.askedAt ?? now
                requests[index]?.askedAt = askedAt
                if askedAt + patience <= now, request.dismissal?.isGone != true {
                    due.helpless.append(request.token)
                    requests[index]?.dismissal = Dismissal(reason: "timeout", isGone: true)
                }
                setAlarm(now + ParkedRequests.retryInterval, index)
            } else if let guest = guests[index], guest.alarm == time {
                due.away.append((index, "lost"))
                setAlarm(now + ParkedRequests.retryInterval, index)
            }
        }
        due.away.sort { $0.index < $1.index }
        return due
    }

    /// The state was replaced by the one at `index`, in which those wait that `isWaiting` names. Whoever was parked
    /// before it and does not wait in it is removed: what became of it stands in entries that are passed over here.
    /// Who was parked behind it waits on; nobody else would have the log send it away. Returns which clients of the
    /// removed requests are still there.
    mutating func skip(to index: LogIndex, isWaiting: (LogIndex) -> Bool) -> [UInt64] {
        let skipped = requests.filter { $0.key <= index && !isWaiting($0.key) }.sorted { $0.key < $1.key }
        for (index, request) in skipped {
            requests[index] = nil
            indexes[request.token] = nil
        }
        guests = [:]
        outcomes = RecentOutcomes()
        return skipped.filter { $0.value.dismissal?.isGone != true }.map(\.value.token)
    }

    // MARK: Parts

    private mutating func setAlarm(_ time: Instant?, _ index: LogIndex) {
        if requests[index] != nil { requests[index]?.alarm = time } else { guests[index]?.alarm = time }
        guard let time else { return }
        alarms.push(time, index)
        guard alarms.count > 2 * (requests.count + guests.count) + ParkedRequests.alarmSlack else { return }
        alarms.keep { requests[$1]?.alarm == $0 || guests[$1]?.alarm == $0 }
    }

    /// Alarms of requests that are settled which may be there beyond twice those who wait.
    private static let alarmSlack = 64

    private mutating func takeEarly(_ token: UInt64) -> Dismissal? {
        guard let position = early.firstIndex(where: { $0.token == token }) else { return nil }
        return early.remove(at: position).dismissal
    }

    func checkInvariants() {
        precondition(indexes.count == requests.count, "\(indexes.count) tokens for \(requests.count) requests")
        for (token, index) in indexes {
            precondition(requests[index]?.token == token, "token \(token) is not at index \(index)")
        }
        alarms.checkInvariants()
    }
}
