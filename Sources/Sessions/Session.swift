// One client connection's conversation: who it is, what it may ask now, and in which order it is answered.
//
// Invariants:
// 1. Requests that are on their way (`outstanding`) are all of one kind. What a session answers itself, and a request
//    of another kind, waits until there are none: so replies leave in the order of the requests.
// 2. A session that has not logged in has nothing on its way.
// 3. The way replies are given (version, `CLIENT REPLY`) changes only while nothing is on its way.

import Keyspace
public import PeerProtocol
public import RESP
public import Vocabulary

/// Plain data; the node keeps one beside each connection. Answers `PING` and its like at once, and turns commands on
/// keys into requests for the replica, without an allocation.
public struct Session: Sendable {
    /// Never used again within the process.
    public let id: UInt64
    /// Where the client is: `host:port`.
    public let address: String
    public let openedAt: Instant
    /// Whether the client came by TLS: it is told of ports that speak as its own does.
    public let usesTLS: Bool

    public internal(set) var version = RESPVersion.two
    public internal(set) var isLoggedIn: Bool
    /// Logins that failed since the last that did not.
    public internal(set) var failedLogins = 0
    /// What the client calls itself.
    public internal(set) var name = ""
    public internal(set) var clientLibrary = ""
    public internal(set) var clientVersion = ""
    /// Set by `READONLY`: reads are answered from what this node has.
    public internal(set) var readsLocally = false
    public internal(set) var isKeptOnPressure = false
    var lastCommand = LastCommand.local("")
    public internal(set) var lastRequestAt: Instant
    /// Requests taken so far.
    public private(set) var requests: UInt64 = 0
    /// Requests whose answers are still to come.
    public private(set) var outstanding = 0
    private var outstandingKind = RequestKind.read
    var replyMode = ReplyMode.on
    /// Set by `CLIENT REPLY ON`, which is answered whatever held before.
    var forcesReply = false

    /// The name of the last command: told apart, so that noting one of the keyspace's costs nothing.
    enum LastCommand {
        case data(StaticString)
        case local(String)

        var text: String {
            switch self {
            case .data(let name): name.description
            case .local(let name): name
            }
        }
    }

    enum ReplyMode {
        case on, off
        /// The next request is carried out and not answered.
        case skipNext
        /// That request is on its way.
        case skipping
    }

    /// After so many failed logins in a row the connection is closed.
    public static let failedLoginsMax = 10
    /// Bytes of a client's or a library's name.
    public static let nameLengthMax = 1024

    public init(id: UInt64, address: String, at now: Instant, isLoggedIn: Bool = false, usesTLS: Bool = true) {
        self.id = id
        self.address = address
        self.usesTLS = usesTLS
        self.isLoggedIn = isLoggedIn
        openedAt = now
        lastRequestAt = now
    }

    /// What became of a request.
    public enum Disposition: Sendable {
        /// The reply was written.
        case answered
        /// It is in the batch; `completed` must be called when its answer has come.
        case submitted
        /// It cannot be taken before the answers to earlier ones have come: keep it and offer it again then.
        case stall
        /// The reply was written; close the connection once it is sent.
        case close
        /// The node has to show all sessions to the query, which then writes the reply.
        case clients(ClientQuery)
    }

    /// Takes one request: `arguments` point into `bytes`, the command's name first.
    public mutating func handle(
        _ arguments: [Range<Int>], in bytes: RawSpan, token: UInt64, environment: SessionEnvironment,
        reply: inout ReplyWriter, batch: inout RequestBatch
    ) -> Disposition {
        let request = Request(arguments, in: bytes)
        if isLoggedIn, let command = CommandTable.shared.lookup(request[0]) {
            return submit(command, request, token, environment.now, &reply, &batch)
        }
        guard outstanding == 0 else { return .stall }
        note(.local(request.name(0)), at: environment.now)
        let start = reply.bytes.count
        let muting = beginReply()
        let disposition = answer(request, token, environment, &reply, &batch)
        switch disposition {
        case .submitted:
            if muting == .skipNext { replyMode = .skipping }
        case .clients(var query):
            query.isMuted = muting != .on
            return .clients(query)
        case .answered, .close, .stall:
            mute(muting, since: start, &reply)
        }
        return disposition
    }

    /// The answer to one request on its way has come. Its reply goes to the client unless `isSilent`.
    public mutating func completed() {
        precondition(outstanding > 0, "an answer to no request")
        outstanding -= 1
        if outstanding == 0, replyMode == .skipping { replyMode = .on }
    }

    /// Whether the replies to the requests on their way are dropped: what `CLIENT REPLY` asked for.
    public var isSilent: Bool { replyMode == .off || replyMode == .skipping }

    // MARK: Requests on their way

    @inline(__always)
    private mutating func submit(
        _ command: CommandSpec, _ request: borrowing Request, _ token: UInt64, _ now: Instant,
        _ reply: inout ReplyWriter, _ batch: inout RequestBatch
    ) -> Disposition {
        let kind: RequestKind = command.route == .write ? .write : readsLocally ? .localRead : .read
        guard mayJoin(kind) else { return .stall }
        let start = reply.bytes.count
        guard Keyspace.precheck(command, Arguments(request.bytes, words: request.arguments), reply: &reply) else {
            guard outstanding == 0 else {
                reply.bytes.removeLast(reply.bytes.count - start)
                return .stall
            }
            note(.data(command.name), at: now)
            mute(beginReply(), since: start, &reply)
            return .answered
        }
        note(.data(command.name), at: now)
        batch.append(token: token, kind: kind, version: version) { [bytes = request.bytes] in
            EntryCoding.encode(command.code, bytes, words: request.arguments, to: &$0)
        }
        enter(kind)
        return .submitted
    }

    /// Counts a request that was put into the batch.
    mutating func enter(_ kind: RequestKind) {
        outstanding += 1
        outstandingKind = kind
        if replyMode == .skipNext { replyMode = .skipping }
    }

    private func mayJoin(_ kind: RequestKind) -> Bool {
        outstanding == 0 || outstandingKind == kind && replyMode != .skipping
    }

    private mutating func note(_ command: LastCommand, at now: Instant) {
        lastCommand = command
        lastRequestAt = now
        requests += 1
    }

    /// What holds for the reply to this request; a request to be skipped is so only once.
    private mutating func beginReply() -> ReplyMode {
        let mode = replyMode
        if mode == .skipNext { replyMode = .on }
        forcesReply = false
        return mode
    }

    /// Takes back a reply that the client did not want.
    private func mute(_ mode: ReplyMode, since start: Int, _ reply: inout ReplyWriter) {
        guard mode != .on, !forcesReply else { return }
        reply.bytes.removeLast(reply.bytes.count - start)
    }
}
