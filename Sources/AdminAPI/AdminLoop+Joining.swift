// What the office is asked at the admin port, and the answer that waits until a node is a member.

import Platform
import Telemetry
import Vocabulary

/// What a node gets that joins, once it is added.
struct JoinPromise {
    let token: JoinToken
    let answer: HTTPResponse
}

extension AdminLoop {
    /// Answers at once, or when the node has been added.
    func answer(_ order: OfficeOrder, _ request: HTTPRequest, of peer: AdminPeer, _ registration: Registration) {
        guard var office else { return respond(AdminRouter.notFound(request.path), to: peer) }
        let status = board.read(at: now, stuckAfter: options.stuckAfter).status
        switch order {
        case .authority: respond(office.authority, to: peer)
        case .token(let wanted):
            log.notice(
                "an operator asks for a join token",
                metadata: [
                    "member": "\(wanted.node)", "client": "\(peer.name)", "seconds": "\(wanted.lifetime.inSeconds)",
                ])
            respond(office.issue(wanted, status, at: WallClock.now()), to: peer)
        case .join(let wanted):
            let verdict = office.take(wanted, status, at: WallClock.now())
            self.office = office
            switch verdict {
            case .unknown(let response): refuse(response, request, of: peer)
            case .refused(let response):
                tell(
                    "a node was not let in", ["member": "\(wanted.member.id)", "client": "\(peer.name)"], at: .warning)
                respond(response, to: peer)
            case .taken(let operation, let answer):
                ask(operation, of: peer, registration, promising: JoinPromise(token: wanted.token, answer: answer))
            }
        }
    }

    /// What a node is answered that was to be added.
    func response(to outcome: OperatorOutcome, _ promise: JoinPromise) -> HTTPResponse {
        switch outcome {
        case .done: return promise.answer
        // It may still come about.
        case .timedOut: break
        case .notLeader, .refused, .failed: office?.release(promise.token)
        }
        return AdminRouter.response(to: outcome)
    }
}
