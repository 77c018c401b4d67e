// Commands that wait for an element, and CLIENT UNBLOCK, which ends the waiting.

import Keyspace
import PeerProtocol
public import RESP
import Vocabulary

/// `CLIENT UNBLOCK`: the node looks for the client, tells the replica, and answers 1, or 0 when it does not wait.
public struct UnblockOrder: Sendable {
    /// The session that is to go on.
    public let client: Int64
    /// Whether it is told an error; else it is as if its time were over.
    public let isError: Bool
    /// Whether the asking client wants no reply.
    var isMuted = false

    public func answer(_ isUnblocked: Bool, _ reply: inout ReplyWriter) {
        if !isMuted { reply.integer(isUnblocked ? 1 : 0) }
    }
}

extension Session {
    /// Puts a blocking command on its way. Nothing of this client's goes beside it: what it says behind it is about the
    /// time after.
    mutating func submitBlocking(
        _ command: CommandSpec, _ request: borrowing Request, _ token: UInt64, _ now: Instant,
        _ reply: inout ReplyWriter, _ batch: inout RequestBatch
    ) -> Disposition {
        guard outstanding == 0 else { return .stall }
        let start = reply.bytes.count
        note(.data(command.code, command.name), at: now)
        guard Keyspace.precheck(command, Arguments(request.bytes, words: request.arguments), reply: &reply) else {
            mute(beginReply(), since: start, &reply)
            return .answered
        }
        var envelope = Envelope(.blocking, version: version)
        envelope.add { [bytes = request.bytes] in
            EntryCoding.encode(command.code, bytes, words: request.arguments, to: &$0)
        }
        batch.append(token: token, kind: .write, version: version) { envelope.encode(to: &$0) }
        enter(.write)
        isBlocked = true
        return .submitted
    }

    /// `CLIENT UNBLOCK id [TIMEOUT|ERROR]`.
    func unblock(_ request: borrowing Request, _ reply: inout ReplyWriter) -> Disposition {
        guard request.count == 3 || request.count == 4 else {
            Session.refuseArity("client|unblock", &reply)
            return .answered
        }
        let reason = request.count == 4 ? request.name(3) : "timeout"
        guard reason == "timeout" || reason == "error" else {
            reply.error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
            return .answered
        }
        guard let client = request.integer(2) else {
            reply.error("ERR value is not an integer or out of range")
            return .answered
        }
        return .unblock(UnblockOrder(client: client, isError: reason == "error"))
    }
}
