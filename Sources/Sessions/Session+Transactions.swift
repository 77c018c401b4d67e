// MULTI and its kin, and requests under conditions: what a session gathers before it is one entry.

import ByteCoding
import Keyspace
import PeerProtocol
import RESP

/// What a client has asked for since `MULTI`.
struct Transaction: Sendable {
    var envelope: Envelope
    /// A command was refused when it was to be queued, so `EXEC` will refuse them all.
    var isBroken = false
    /// What is to be published with it.
    var messages: [QueuedMessage] = []

    var byteCount: Int { messages.reduce(envelope.byteCount) { $0 + $1.byteCount } }
}

/// Keys that a client watches, each with the entry that had written it then; 0 when it was not there.
struct WatchedKeys: Sendable {
    private(set) var list: [(key: [UInt8], version: UInt64)] = []
    private var known: Set<[UInt8]> = []

    /// A key that is watched twice depends on what it was first.
    mutating func add(_ key: [UInt8], version: UInt64) {
        if known.insert(key).inserted { list.append((key, version)) }
    }
}

extension Session {
    /// Bytes of the commands of one transaction.
    public static let transactionBytesMax = 64 << 20
    /// Keys that one client watches.
    public static let watchedKeysMax = 65_536

    // MARK: MULTI, EXEC, DISCARD, WATCH, UNWATCH

    mutating func transact(
        _ command: LocalCommand, _ request: borrowing Request, _ token: UInt64, _ reply: inout ReplyWriter,
        _ batch: inout RequestBatch
    ) -> Disposition {
        switch command {
        case .multi:
            guard transaction == nil else {
                reply.error("ERR MULTI calls can not be nested")
                return .answered
            }
            transaction = Transaction(envelope: Envelope(.transaction, version: version))
            reply.ok()
        case .exec: return execute(token, &reply, &batch)
        case .discard:
            guard transaction != nil else {
                reply.error("ERR DISCARD without MULTI")
                return .answered
            }
            endTransaction()
            reply.ok()
        case .watch: return watch(request, token, &reply, &batch)
        default:
            watched = WatchedKeys()
            reply.ok()
        }
        return .answered
    }

    /// Forgets what was queued and watched.
    mutating func endTransaction() {
        transaction = nil
        watched = WatchedKeys()
    }

    private mutating func execute(
        _ token: UInt64, _ reply: inout ReplyWriter, _ batch: inout RequestBatch
    ) -> Disposition {
        guard var ended = transaction else {
            reply.error("ERR EXEC without MULTI")
            return .answered
        }
        for (key, version) in watched.list { ended.envelope.require(key.rawBytes, version: version) }
        endTransaction()
        guard !ended.isBroken else {
            reply.error("EXECABORT Transaction discarded because of previous errors.")
            return .answered
        }
        guard ended.envelope.count > 0 || ended.envelope.hasConditions else {
            reply.arrayHeader(0)
            return .answered
        }
        ended.envelope.version = version
        queuedMessages = ended.messages
        batch.append(token: token, kind: .write, version: version) { ended.envelope.encode(to: &$0) }
        enter(.write)
        return .submitted
    }

    /// Asks for the keys' versions: the answer is taken by `takeAwaited`.
    private mutating func watch(
        _ request: borrowing Request, _ token: UInt64, _ reply: inout ReplyWriter, _ batch: inout RequestBatch
    ) -> Disposition {
        guard transaction == nil else {
            reply.error("ERR WATCH inside MULTI is not allowed")
            return .answered
        }
        guard watched.list.count + request.count - 1 <= Session.watchedKeysMax else {
            reply.error(text: "ERR a client watches \(Session.watchedKeysMax) keys at most")
            return .answered
        }
        awaited = (1..<request.count).map { [UInt8](request[$0]) }
        batch.append(token: token, kind: .read, version: version) { [bytes = request.bytes] in
            EntryCoding.encode(.version, bytes, words: request.arguments, to: &$0)
        }
        enter(.read)
        return .submitted
    }

    /// The answer to a `WATCH` has come: notes the versions. Returns what the client is told.
    mutating func takeAwaited(_ reply: RawSpan) -> [UInt8]? {
        guard let keys = awaited else { return nil }
        awaited = nil
        guard case .array(let versions)? = try? ReplyDecoder.value(of: reply), versions.count == keys.count else {
            return nil
        }
        for (key, version) in zip(keys, versions) {
            if case .integer(let version) = version { watched.add(key, version: UInt64(version)) }
        }
        return Array("+OK\r\n".utf8)
    }

    // MARK: Queueing

    /// Takes a request between `MULTI` and `EXEC`. What only tells something is answered at once, and the answer
    /// queued.
    mutating func queue(
        _ request: borrowing Request, _ token: UInt64, _ environment: SessionEnvironment, _ reply: inout ReplyWriter,
        _ batch: inout RequestBatch
    ) -> Disposition {
        guard let bytes = transaction?.byteCount,
            bytes + request.bytes.byteCount <= Session.transactionBytesMax
        else {
            reply.error(text: "ERR a transaction's commands take \(Session.transactionBytesMax) bytes at most")
            transaction?.isBroken = true
            return .answered
        }
        if let command = CommandTable.shared.lookup(request[0]) {
            guard Keyspace.precheckWords(command, Arguments(request.bytes, words: request.arguments), reply: &reply),
                !environment.isMemoryFull || !Keyspace.refusesForMemory(command, reply: &reply)
            else {
                transaction?.isBroken = true
                return .answered
            }
            transaction?.envelope.add { [bytes = request.bytes] in
                EntryCoding.encode(command.code, bytes, words: request.arguments, to: &$0)
            }
        } else if !queueMessage(request) {
            guard let known = knownReply(request, token, environment, &reply, &batch) else {
                transaction?.isBroken = true
                return .answered
            }
            transaction?.envelope.add(reply: known.rawBytes)
        }
        reply.simple("QUEUED")
        return .answered
    }

    /// The reply to a command that needs neither keys nor other nodes. Nil, and `reply` says why, for others.
    private mutating func knownReply(
        _ request: borrowing Request, _ token: UInt64, _ environment: SessionEnvironment, _ reply: inout ReplyWriter,
        _ batch: inout RequestBatch
    ) -> [UInt8]? {
        guard let command = LocalCommand(rawValue: request.name(0)) else {
            Session.refuseUnknown(request, &reply)
            return nil
        }
        guard command.accepts(argumentCount: request.count) else {
            Session.refuseArity(command.rawValue, &reply)
            return nil
        }
        // What is watched stays so until EXEC, whose conditions come before its commands: there is nothing left to do.
        guard command != .unwatch else { return Array("+OK\r\n".utf8) }
        let queued = transaction
        transaction = nil
        defer { transaction = queued }
        var known = ReplyWriter(version: version)
        // Whatever is more than an answer would take effect now, and not with EXEC: CONFIG SET that sets something.
        guard command.mayBeQueued, !Session.asksForSlot(request),
            case .answered = answer(request, token, environment, &known, &batch)
        else {
            reply.error(text: "ERR \(command.rawValue) is not allowed between MULTI and EXEC")
            return nil
        }
        return known.bytes
    }

    // MARK: ONCE and IFVERSION

    /// `ONCE client number command [arg …]` and `IFVERSION key version command [arg …]`, which may stand before each
    /// other: one command whose outcome can be asked for again, or that is carried out only if a key has a version.
    mutating func guardedCommand(
        _ request: borrowing Request, _ token: UInt64, _ reply: inout ReplyWriter, _ batch: inout RequestBatch
    ) -> Disposition {
        var envelope = Envelope(.single, version: version)
        var first = 0
        while let wrapper = LocalCommand(rawValue: request.name(first)), wrapper == .once || wrapper == .ifversion {
            guard request.count > first + 3 else {
                Session.refuseArity(wrapper.rawValue, &reply)
                return .answered
            }
            guard let number = request.integer(first + 2), number >= 0 else {
                reply.error("ERR value is not an integer or out of range")
                return .answered
            }
            if wrapper == .once {
                guard envelope.client == nil, request[first + 1].byteCount > 0 else {
                    reply.error("ERR ONCE takes the name of a client, and stands only once in a request")
                    return .answered
                }
                envelope.once(request[first + 1], UInt64(number))
            } else {
                envelope.require(request[first + 1], version: UInt64(number))
            }
            first += 3
        }
        guard let command = CommandTable.shared.lookup(request[first]) else {
            reply.error(
                "ERR '", quoting: request[first], "' can not stand behind ONCE or IFVERSION: it is no command on keys")
            return .answered
        }
        let words = Array(request.arguments[first...])
        guard Keyspace.precheck(command, Arguments(request.bytes, words: words), reply: &reply) else {
            return .answered
        }
        envelope.add { [bytes = request.bytes] in EntryCoding.encode(command.code, bytes, words: words, to: &$0) }
        batch.append(token: token, kind: .write, version: version) { envelope.encode(to: &$0) }
        enter(.write)
        return .submitted
    }
}
