// CLIENT LIST and CLIENT KILL: questions about all sessions, which only the node can show.

public import RESP
import Vocabulary

/// The node calls `consider` with each of its sessions in the order of their ids, then `answer`.
public struct ClientQuery: Sendable {
    private let asker: UInt64
    private let now: Instant
    private let isKill: Bool
    /// `CLIENT KILL address` answers with a word instead of a number.
    private var isOldKill = false
    private var ids: [Int64] = []
    private var address: String?
    /// False when the query names a user or a type that no session of a client has.
    private var canMatch = true
    /// Only those that are subscribed to something, or only those that are not.
    private var isSubscriber: Bool?
    private var sparesAsker = true
    /// Whether the asking client wants no reply.
    var isMuted = false

    private var lines = ""
    private var matches: Int64 = 0

    /// The longest list, in bytes: what does not fit is left out, and said to be.
    static let listSizeMax = 4 << 20

    /// Shows a session. True when it is to be closed: at once, or after its reply if it is the asking one.
    public mutating func consider(_ session: Session) -> Bool {
        guard canMatch, isSubscriber == nil || isSubscriber == session.isSubscriber else { return false }
        guard ids.isEmpty || ids.contains(Int64(bitPattern: session.id)) else { return false }
        guard address == nil || address == session.address else { return false }
        guard !isKill || !sparesAsker || session.id != asker else { return false }
        matches += 1
        if !isKill, lines.utf8.count < ClientQuery.listSizeMax { lines += ClientQuery.line(of: session, at: now) }
        return isKill
    }

    public func answer(_ reply: inout ReplyWriter) {
        guard !isMuted else { return }
        if !isKill {
            reply.verbatim(text: lines)
        } else if !isOldKill {
            reply.integer(matches)
        } else if matches > 0 {
            reply.ok()
        } else {
            reply.error("ERR No such client")
        }
    }

    // MARK: Asking

    /// Nil when the request is not well-formed; `reply` then says so.
    init?(_ request: borrowing Request, asker: UInt64, at now: Instant, _ reply: inout ReplyWriter) {
        self.asker = asker
        self.now = now
        isKill = request.name(1) == "kill"
        if isKill, request.count == 3 {
            isOldKill = true
            sparesAsker = false
            address = request.text(2)
            return
        }
        if isKill, request.count < 3 {
            Session.refuseArity("client|kill", &reply)
            return nil
        }
        var position = 2
        while position < request.count {
            let option = request.name(position)
            guard position + 1 < request.count else {
                reply.error("ERR syntax error")
                return nil
            }
            if !isKill, option == "id" {
                guard takeIDs(request, from: position + 1, &reply) else { return nil }
                return
            }
            guard take(option, request, position + 1, &reply) else { return nil }
            position += 2
        }
    }

    private mutating func takeIDs(_ request: borrowing Request, from first: Int, _ reply: inout ReplyWriter) -> Bool {
        for position in first..<request.count {
            guard let id = request.integer(position), id > 0 else {
                reply.error("ERR Invalid client ID")
                return false
            }
            ids.append(id)
        }
        return true
    }

    private mutating func take(
        _ option: String, _ request: borrowing Request, _ position: Int, _ reply: inout ReplyWriter
    ) -> Bool {
        switch option {
        case "type":
            let type = request.name(position)
            guard ["normal", "master", "replica", "slave", "pubsub"].contains(type) else {
                reply.error("ERR Unknown client type '", quoting: request[position], "'")
                return false
            }
            if type == "normal" || type == "pubsub" { isSubscriber = type == "pubsub" } else { canMatch = false }
        case "id" where isKill:
            guard let id = request.integer(position), id > 0 else {
                reply.error("ERR client-id should be greater than 0")
                return false
            }
            ids = [id]
        case "addr" where isKill:
            address = request.text(position)
        case "user" where isKill:
            if request.text(position) != "default" { canMatch = false }
        case "skipme" where isKill:
            let value = request.name(position)
            guard value == "yes" || value == "no" else {
                reply.error("ERR syntax error")
                return false
            }
            sparesAsker = value == "yes"
        default:
            reply.error("ERR syntax error")
            return false
        }
        return true
    }

    // MARK: Showing

    /// A session as a line of `CLIENT LIST`, with Redis's names for what there is.
    static func line(of session: Session, at now: Instant) -> String {
        let age = (now - session.openedAt).components.seconds
        let idle = (now - session.lastRequestAt).components.seconds
        let subscriptions = session.subscriptions
        var flags = session.isSubscriber ? "P" : ""
        if session.readsLocally { flags += "r" }
        if session.isKeptOnPressure { flags += "e" }
        if flags.isEmpty { flags = "N" }
        let queued = session.transaction?.envelope.count ?? -1
        return "id=\(session.id) addr=\(session.address) name=\(session.name) age=\(age) idle=\(idle) flags=\(flags)"
            + " db=0 sub=\(subscriptions.channels) psub=\(subscriptions.patterns) ssub=\(subscriptions.shardChannels)"
            + " multi=\(queued) cmd=\(session.lastCommand.text) user=default redir=-1"
            + " resp=\(session.version.rawValue) lib-name=\(session.clientLibrary) lib-ver=\(session.clientVersion)\n"
    }
}
