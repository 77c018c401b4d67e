// CLUSTER COUNTKEYSINSLOT and GETKEYSINSLOT: the one thing that CLUSTER has to ask of the keyspace.

import Keyspace
import PeerProtocol
import RESP

extension Session {
    /// Whether the request is about the keys of a slot.
    static func asksForSlot(_ request: borrowing Request) -> Bool {
        guard request.count > 1, request.name(0) == LocalCommand.cluster.rawValue else { return false }
        return ["countkeysinslot", "getkeysinslot"].contains(request.name(1))
    }

    /// Puts the question on its way, as a read like others.
    mutating func askForSlot(
        _ request: borrowing Request, _ token: UInt64, _ reply: inout ReplyWriter, _ batch: inout RequestBatch
    ) -> Disposition {
        let isCount = request.name(1) == "countkeysinslot"
        guard request.count == (isCount ? 3 : 4) else {
            Session.refuseArity("cluster|" + request.name(1), &reply)
            return .answered
        }
        guard let slot = request.integer(2), let limit = isCount ? 0 : request.integer(3) else {
            reply.error("ERR value is not an integer or out of range")
            return .answered
        }
        guard 0..<ClusterAnswers.slots ~= slot, limit >= 0 else {
            isCount ? reply.error("ERR Invalid slot") : reply.error("ERR Invalid slot or number of keys")
            return .answered
        }
        let kind: RequestKind = readsLocally ? .localRead : .read
        // The subcommand stands where a command's name does.
        let words = Array(request.arguments[1...])
        batch.append(token: token, kind: kind, version: version) { [bytes = request.bytes] in
            EntryCoding.encode(isCount ? .countkeysinslot : .getkeysinslot, bytes, words: words, to: &$0)
        }
        enter(kind)
        return .submitted
    }
}
