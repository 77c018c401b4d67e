// Clients that follow the changes: who is to be read for, who waits for something new, and what each is answered.

import Keyspace
public import PeerProtocol
import RESP
public import Vocabulary

/// How long a consumer waits when there is nothing for it.
public enum ChangePatience: Hashable, Sendable {
    case none
    case until(Instant)
    case endless
}

/// Why a job found nothing at all.
public enum ChangeReadFailure: Error, Hashable, Sendable {
    /// The log begins behind what was asked for.
    case released(first: LogIndex)
    /// What was applied is not written to this node's log yet.
    case notWritten
    case unreadable
}

/// Takes requests and the results of reading, gives jobs and answers. A request has one job at a time, and each costs a
/// bounded piece of log: one without patience is answered after its first, whatever came of it; one that waits goes on
/// from where it was read to, so that no index is looked at twice for it.
public struct ChangeFeed: Sendable {
    private struct Request: Sendable {
        let token: UInt64
        var query: ChangeQuery
        let patience: ChangePatience
        var isReading = false
        /// Whether a job for it has ended.
        var wasReadFor = false
        /// How far the node had applied when its log did not hold that yet.
        var stalledAt: LogIndex?
        /// Set when it is to go on: with an error, or as if its time were over.
        var endsWithError: Bool?

        func isOver(at now: Instant) -> Bool {
            if endsWithError != nil { return true }
            if case .until(let deadline) = patience { return deadline <= now }
            return false
        }
    }

    private var requests: [Request] = []
    /// Whether there is somebody new, or somebody's job has ended.
    private var isStirred = false
    /// How far the node had applied when everybody was looked at.
    private var seen = LogIndex.zero
    /// What is to be read, each with the token under which its result comes back.
    public private(set) var jobs: [(token: UInt64, job: ChangeJob)] = []

    public init() {}

    public var count: Int { requests.count }
    public var isEmpty: Bool { requests.isEmpty }

    /// When somebody will have waited for long enough, at the earliest.
    public private(set) var nextDeadline: Instant?

    public mutating func ask(_ token: UInt64, _ query: ChangeQuery, _ patience: ChangePatience) {
        requests.append(Request(token: token, query: query, patience: patience))
        isStirred = true
    }

    /// The client is gone. False when it is none of those here.
    public mutating func forget(_ token: UInt64) -> Bool {
        guard let position = requests.firstIndex(where: { $0.token == token }) else { return false }
        requests.remove(at: position)
        return true
    }

    /// The client is not to wait any longer. False when it is none of those here.
    public mutating func dismiss(_ token: UInt64, withError isError: Bool) -> Bool {
        guard let position = requests.firstIndex(where: { $0.token == token }) else { return false }
        requests[position].endsWithError = isError
        isStirred = true
        return true
    }

    /// Nobody is to wait any longer: the node stops.
    public mutating func dismissAll() {
        for position in requests.indices { requests[position].endsWithError = false }
        isStirred = true
    }

    public mutating func takeJobs() -> [(token: UInt64, job: ChangeJob)] {
        defer { jobs.removeAll(keepingCapacity: true) }
        return jobs
    }

    // MARK: Going on

    /// Looks at everybody who is not being read for: whether there is something new for them, or their time is over.
    public mutating func advance(_ replica: borrowing Replica, at now: Instant, into answers: inout AnswerBatch) {
        guard isStirred || replica.appliedIndex != seen || nextDeadline.map({ $0 <= now }) == true else { return }
        (isStirred, seen, nextDeadline) = (false, replica.appliedIndex, nil)
        var left: [Request] = []
        left.reserveCapacity(requests.count)
        for request in requests {
            var request = request
            guard request.isReading || !advance(&request, replica, at: now, into: &answers) else { continue }
            if !request.isReading, case .until(let deadline) = request.patience {
                nextDeadline = min(nextDeadline ?? deadline, deadline)
            }
            left.append(request)
        }
        requests = left
    }

    /// True when it was answered.
    private mutating func advance(
        _ request: inout Request, _ replica: borrowing Replica, at now: Instant, into answers: inout AnswerBatch
    ) -> Bool {
        if let first = replica.changes.first, request.query.from < first {
            ChangeFeed.refuse(request.token, request.query, .released(first: first), &answers)
            return true
        }
        let applied = replica.appliedIndex
        let isOver = request.isOver(at: now)
        // Time that is over ends the looking, but everybody is looked for once.
        let mayRead = isOver ? request.endsWithError == nil && !request.wasReadFor : true
        if mayRead, request.query.from <= applied, request.stalledAt != applied {
            if let change = replica.changes.firstChange(in: request.query.from...applied) {
                request.query.from = change
                request.isReading = true
                request.stalledAt = nil
                jobs.append((request.token, ChangeFeed.job(request.query, replica)))
                return false
            }
            request.query.from = applied.next
        }
        guard request.patience == .none || isOver else { return false }
        ChangeFeed.answerNothing(request, &answers)
        return true
    }

    private static func job(_ query: ChangeQuery, _ replica: borrowing Replica) -> ChangeJob {
        let through = min(replica.appliedIndex, LogIndex(query.from.rawValue + ChangeJob.indexesMax))
        return ChangeJob(
            query: query, through: through,
            frames: replica.framesInMemory(holding: query.from, byteLimit: ChangeJob.bytesMax),
            excerpt: replica.changes.excerpt(query.from...through))
    }

    /// A job has ended.
    public mutating func take(
        _ result: Result<ChangePage, ChangeReadFailure>, for token: UInt64, applied: LogIndex,
        into answers: inout AnswerBatch
    ) {
        guard let position = requests.firstIndex(where: { $0.token == token }) else { return }
        requests[position].isReading = false
        requests[position].wasReadFor = true
        isStirred = true
        switch result {
        case .success(let page):
            requests[position].query.from = page.next
            guard page.count > 0 || requests[position].patience == .none else { return }
            ChangeFeed.answer(requests[position], page, &answers)
        case .failure(.notWritten):
            requests[position].stalledAt = applied
            return
        case .failure(let failure):
            ChangeFeed.refuse(token, requests[position].query, failure, &answers)
        }
        requests.remove(at: position)
    }

    // MARK: Answers

    private static func answer(_ request: Request, _ page: ChangePage, _ answers: inout AnswerBatch) {
        answers.answer(request.token, version: request.query.version) {
            $0.arrayHeader(2)
            $0.integer(Int64(clamping: page.next.rawValue))
            $0.arrayHeader(page.count)
            $0.bytes += page.bytes
        }
    }

    private static func answerNothing(_ request: Request, _ answers: inout AnswerBatch) {
        if request.endsWithError == true {
            return answers.answer(request.token, version: request.query.version) {
                $0.error("UNBLOCKED client unblocked via CLIENT UNBLOCK")
            }
        }
        answer(request, ChangePage(next: request.query.from, count: 0, bytes: []), &answers)
    }

    private static func refuse(
        _ token: UInt64, _ query: ChangeQuery, _ failure: ChangeReadFailure, _ answers: inout AnswerBatch
    ) {
        answers.answer(token, version: query.version) {
            switch failure {
            case .released(let first):
                $0.error(text: "COMPACTED the feed of this node starts at index \(first); read the records anew")
            case .notWritten, .unreadable:
                $0.error(text: "ERR the log can not be read at index \(query.from) on this node; ask another one")
            }
        }
    }
}
