// Orders of sessions, carried out on the registry, with Redis's replies.

import ByteCoding
public import RESP

extension Subscriptions {
    /// Carries out every order but `publish`, for which the node has to reach other connections. The words of the
    /// request point into `bytes`, the command's name first.
    public mutating func carryOut(
        _ order: PubSubOrder, _ words: [Range<Int>], in bytes: RawSpan, for session: inout Session,
        reply: inout ReplyWriter
    ) {
        let request = Request(words, in: bytes)
        switch order.verb {
        case .publish:
            preconditionFailure("the registry alone cannot publish")
        case .leave:
            leave(session.id)
        case .subscribe(let kind):
            subscribe(request, kind, session.id, &reply)
        case .unsubscribe(let kind):
            unsubscribe(request, kind, session.id, &reply)
        case .listChannels(let isSharded):
            guard !order.isMuted else { break }
            reply.bulks(names(isSharded: isSharded, matching: request.count > 2 ? request[2] : nil))
        case .countReceivers(let isSharded):
            guard !order.isMuted else { break }
            reply.arrayHeader((request.count - 2) * 2)
            for position in 2..<request.count {
                reply.bulk(request[position])
                reply.integer(Int64(receivers(of: request[position], isSharded: isSharded).count))
            }
        case .countPatterns:
            if !order.isMuted { reply.integer(Int64(patternCount)) }
        }
        session.subscriptions = counts(of: session.id)
        session.isSubscriber = session.subscriptions.total > 0
    }

    private mutating func subscribe(
        _ request: borrowing Request, _ kind: SubscriptionKind, _ id: UInt64, _ reply: inout ReplyWriter
    ) {
        let names = Subscriptions.names(in: request)
        guard hasRoom(for: names, of: id, kind) else {
            return reply.error(
                text: "ERR a connection can have \(Subscriptions.perClientMax) subscriptions, with names of "
                    + "\(Subscriptions.nameBytesPerClientMax) bytes together")
        }
        for name in names {
            subscribe(id, to: name, kind)
            confirm(kind.subscribed, name, kind, id, &reply)
        }
    }

    private mutating func unsubscribe(
        _ request: borrowing Request, _ kind: SubscriptionKind, _ id: UInt64, _ reply: inout ReplyWriter
    ) {
        let names = request.count > 1 ? Subscriptions.names(in: request) : names(of: id, kind)
        for name in names {
            unsubscribe(id, from: name, kind)
            confirm(kind.unsubscribed, name, kind, id, &reply)
        }
        if names.isEmpty { confirm(kind.unsubscribed, nil, kind, id, &reply) }
    }

    /// One for each name, with how many subscriptions the client has then: of shard channels, or of all others.
    private func confirm(
        _ what: String, _ name: Name?, _ kind: SubscriptionKind, _ id: UInt64, _ reply: inout ReplyWriter
    ) {
        let counts = counts(of: id)
        reply.pushHeader(3)
        reply.bulk(text: what)
        if let name { reply.bulk(name.rawBytes) } else { reply.null() }
        reply.integer(Int64(kind == .shardChannel ? counts.shardChannels : counts.channels + counts.patterns))
    }

    private static func names(in request: borrowing Request) -> [Name] {
        var names: [Name] = []
        for position in 1..<request.count { names.append(Name(request[position])) }
        return names
    }
}

extension SubscriptionKind {
    fileprivate var subscribed: String {
        switch self {
        case .channel: "subscribe"
        case .pattern: "psubscribe"
        case .shardChannel: "ssubscribe"
        }
    }

    fileprivate var unsubscribed: String {
        switch self {
        case .channel: "unsubscribe"
        case .pattern: "punsubscribe"
        case .shardChannel: "sunsubscribe"
        }
    }
}

extension ReplyWriter {
    fileprivate mutating func bulks(_ texts: [[UInt8]]) {
        arrayHeader(texts.count)
        for text in texts { bulk(text.rawBytes) }
    }

    /// A message as a subscriber to its channel gets it.
    public mutating func message(_ channel: RawSpan, _ content: RawSpan, isSharded: Bool) {
        pushHeader(3)
        bulk(text: isSharded ? "smessage" : "message")
        bulk(channel)
        bulk(content)
    }

    /// A message as a subscriber to a pattern gets it.
    public mutating func message(_ channel: RawSpan, _ content: RawSpan, matching pattern: RawSpan) {
        pushHeader(4)
        bulk(text: "pmessage")
        bulk(pattern)
        bulk(channel)
        bulk(content)
    }
}
