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
    /// What the registry of subscriptions has of it.
    public internal(set) var subscriptions = SubscriptionCounts()
    /// Whether it hears of messages: it has subscriptions.
    public internal(set) var isSubscriber = false
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
        case data(CommandCode, StaticString)
        case local(String)

        var text: String {
            switch self {
            case .data(_, let name): name.description
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

    /// Whether the one request on its way may wait for as long as it likes.
    public internal(set) var isBlocked = false
    /// Set between `MULTI` and `EXEC`.
    var transaction: Transaction?
    var watched = WatchedKeys()
    /// The keys of a `WATCH` whose answer is to come: the first that comes.
    var awaited: [[UInt8]]?
    /// What is published when the `EXEC` on its way, whose answer is the first that comes, was carried out.
    public internal(set) var queuedMessages: [QueuedMessage] = []

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
        /// The node has to show all sessions to the query, which then writes the reply. Indirect, so that the others
        /// stay small.
        indirect case clients(ClientQuery)
        /// The node has to carry it out on its registry of subscriptions, which then writes the reply.
        case pubsub(PubSubOrder)
        /// The node has to look for a client that waits, and to answer whether there was one.
        case unblock(UnblockOrder)
        /// The node has to tell what its log changed; `completed` must be called when it has. Indirect, as above.
        indirect case changes(ChangesOrder)
        /// The reply was written; the node has to go by these settings from now on.
        case configure(ConfigChange)
    }

    /// Takes one request: `arguments` point into `bytes`, the command's name first.
    public mutating func handle(
        _ arguments: [Range<Int>], in bytes: RawSpan, token: UInt64, environment: SessionEnvironment,
        reply: inout ReplyWriter, batch: inout RequestBatch
    ) -> Disposition {
        let request = Request(arguments, in: bytes)
        if isLoggedIn, !isListening, transaction == nil, let command = CommandTable.shared.lookup(request[0]) {
            return submit(command, request, token, environment.now, &reply, &batch)
        }
        guard outstanding == 0 else { return .stall }
        note(.local(request.name(0)), at: environment.now)
        let start = reply.bytes.count
        let muting = beginReply()
        let disposition = answer(request, token, environment, &reply, &batch)
        switch disposition {
        case .submitted, .changes:
            if muting == .skipNext { replyMode = .skipping }
        case .clients(var query):
            query.isMuted = muting != .on
            return .clients(query)
        case .pubsub(var order):
            order.isMuted = muting != .on
            return .pubsub(order)
        case .unblock(var order):
            order.isMuted = muting != .on
            return .unblock(order)
        case .answered, .close, .configure, .stall:
            mute(muting, since: start, &reply)
        }
        return disposition
    }

    /// The answer to one request on its way has come. Its reply goes to the client unless `isSilent` was true before;
    /// in its place what is returned, if anything.
    public mutating func completed(_ reply: RawSpan) -> [UInt8]? {
        precondition(outstanding > 0, "an answer to no request")
        outstanding -= 1
        isBlocked = false
        if outstanding == 0, replyMode == .skipping { replyMode = .on }
        return awaited == nil ? nil : takeAwaited(reply)
    }

    /// Whether the replies to the requests on their way are dropped: what `CLIENT REPLY` asked for.
    public var isSilent: Bool { replyMode == .off || replyMode == .skipping }

    /// Whether it may say little but what changes its subscriptions: in version 2 of the protocol a client cannot tell
    /// a message from a reply.
    @inline(__always)
    var isListening: Bool { isSubscriber && version == .two }

    // MARK: Requests on their way

    @inline(__always)
    private mutating func submit(
        _ command: CommandSpec, _ request: borrowing Request, _ token: UInt64, _ now: Instant,
        _ reply: inout ReplyWriter, _ batch: inout RequestBatch
    ) -> Disposition {
        if command.flags.contains(.blocking) {
            return submitBlocking(command, request, token, now, &reply, &batch)
        }
        let kind: RequestKind = command.route == .write ? .write : readsLocally ? .localRead : .read
        guard mayJoin(kind) else { return .stall }
        let start = reply.bytes.count
        guard Keyspace.precheck(command, Arguments(request.bytes, words: request.arguments), reply: &reply) else {
            guard outstanding == 0 else {
                reply.bytes.removeLast(reply.bytes.count - start)
                return .stall
            }
            note(.data(command.code, command.name), at: now)
            mute(beginReply(), since: start, &reply)
            return .answered
        }
        note(.data(command.code, command.name), at: now)
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
        outstanding == 0 || outstandingKind == kind && replyMode != .skipping && !isBlocked
    }

    mutating func note(_ command: LastCommand, at now: Instant) {
        lastCommand = command
        lastRequestAt = now
        requests += 1
    }

    /// What holds for the reply to this request; a request to be skipped is so only once.
    mutating func beginReply() -> ReplyMode {
        let mode = replyMode
        if mode == .skipNext { replyMode = .on }
        forcesReply = false
        return mode
    }

    /// Takes back a reply that the client did not want.
    func mute(_ mode: ReplyMode, since start: Int, _ reply: inout ReplyWriter) {
        guard mode != .on, !forcesReply else { return }
        reply.bytes.removeLast(reply.bytes.count - start)
    }
}
