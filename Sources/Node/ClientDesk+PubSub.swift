// Subscriptions of this node's clients, and messages on their way to them.

import ByteCoding
import Keyspace
import PeerProtocol
import RESP
import Sessions
import Telemetry
import Vocabulary

extension ClientDesk {
    /// Carries out what a session has ordered; `arguments` are the words of its request, in `bytes`.
    func carryOut(_ order: PubSubOrder, of client: ClientConnection, _ bytes: RawSpan, at now: Instant) {
        if case .publish(let isSharded) = order.verb {
            publish(isSharded: isSharded, isMuted: order.isMuted, bytes, at: now)
        } else {
            subscriptions.carryOut(order, arguments, in: bytes, for: &client.session, reply: &writer)
            subscribers[client.session.id] = client.session.isSubscriber ? client : nil
            tellOfSubscriptions()
        }
        sendWritten(to: client)
    }

    /// The connection is closed: nobody finds it any more.
    func forget(_ client: ClientConnection) {
        subscriptions.leave(client.session.id)
        subscribers[client.session.id] = nil
        tellOfSubscriptions()
    }

    private func tellOfSubscriptions() {
        environment.facts.activity.channels = subscriptions.channelCount
        environment.facts.activity.patterns = subscriptions.patternCount
        environment.facts.activity.shardChannels = subscriptions.shardChannelCount
    }

    // MARK: Messages

    /// Here at once, on the other nodes at the end of the turn. A publisher that listens itself gets the message before
    /// the reply.
    private func publish(isSharded: Bool, isMuted: Bool, _ bytes: RawSpan, at now: Instant) {
        let channel = bytes.extracting(arguments[1])
        let message = bytes.extracting(arguments[2])
        let receivers = publish(channel, message, isSharded: isSharded, at: now)
        if !isMuted { writer.integer(Int64(receivers)) }
    }

    /// Publishes what a transaction published, if `reply` says that it was carried out. Returns the reply with the
    /// receivers in it.
    func publishQueued(by client: ClientConnection, _ reply: [UInt8]) -> [UInt8] {
        let messages = client.session.takeQueuedMessages(reply)
        guard !messages.isEmpty else { return reply }
        let receivers = messages.map {
            publish($0.channel.rawBytes, $0.message.rawBytes, isSharded: $0.isSharded, at: environment.now)
        }
        return Session.fill(reply, messages, receivers: receivers)
    }

    private func publish(_ channel: RawSpan, _ message: RawSpan, isSharded: Bool, at now: Instant) -> Int {
        metrics.published[.client] += 1
        publications.append(channel, message, isSharded: isSharded)
        return give(message, to: channel, isSharded: isSharded, at: now)
    }

    /// A message that was published on another node.
    func deliver(_ published: PublishedMessage, at now: Instant) {
        metrics.published[.peer] += 1
        let bytes = published.bytes.rawBytes
        _ = give(
            bytes.extracting(published.message), to: bytes.extracting(published.channel),
            isSharded: published.isSharded, at: now)
    }

    /// Events of keys, to those who listen here.
    func deliver(_ list: KeyEventList, at now: Instant) {
        let forms = environment.facts.keyEvents
        let bytes = list.bytes.rawBytes
        var channel: [UInt8] = []
        for event in list.events {
            let key = bytes.extracting(event.key)
            let name = Array("\(event.name)".utf8)
            if forms.contains(.keyspace) {
                channel.removeAll(keepingCapacity: true)
                channel.append(contentsOf: "__keyspace@0__:".utf8)
                channel.append(bytes: key)
                metrics.published[.keyspace] += 1
                _ = give(name.rawBytes, to: channel.rawBytes, isSharded: false, at: now)
            }
            if forms.contains(.keyevent) {
                channel.removeAll(keepingCapacity: true)
                channel.append(contentsOf: "__keyevent@0__:".utf8)
                channel.append(contentsOf: name)
                metrics.published[.keyspace] += 1
                _ = give(key, to: channel.rawBytes, isSharded: false, at: now)
            }
        }
    }

    /// Another node leads: tells those who listen for it, as Sentinel does. Each is told addresses that it can use.
    func announceLeader(_ new: NodeID, after old: NodeID, at now: Instant) {
        guard !subscriptions.isEmpty else { return }
        for usesTLS in [true, false] {
            guard let news = environment.facts.switchMaster(from: old, to: new, usesTLS: usesTLS) else { continue }
            let (channel, message) = (Array(news.channel.utf8), Array(news.message.utf8))
            _ = give(message.rawBytes, to: channel.rawBytes, isSharded: false, usesTLS: usesTLS, at: now)
        }
    }

    /// Puts the message into the output of all who listen to the channel here, or of those who came with or without
    /// TLS. Returns how many subscriptions those were.
    private func give(
        _ message: RawSpan, to channel: RawSpan, isSharded: Bool, usesTLS: Bool? = nil, at now: Instant
    ) -> Int {
        guard !subscriptions.isEmpty else { return 0 }
        let receivers = subscriptions.receivers(of: channel, isSharded: isSharded)
        var count = receivers.count
        if !receivers.isEmpty {
            messageWriter.bytes.removeAll(keepingCapacity: true)
            messageWriter.message(channel, message, isSharded: isSharded)
            sendMessage(to: receivers, usesTLS: usesTLS, at: now)
        }
        if !isSharded, subscriptions.patternCount > 0 {
            subscriptions.forEachMatch(of: channel) { pattern, receivers in
                count += receivers.count
                messageWriter.bytes.removeAll(keepingCapacity: true)
                messageWriter.message(channel, message, matching: pattern.rawBytes)
                sendMessage(to: receivers, usesTLS: usesTLS, at: now)
            }
        }
        return count
    }

    /// Sends what `messageWriter` holds. The two versions of the protocol differ in the first byte.
    private func sendMessage(to listeners: [UInt64], usesTLS: Bool?, at now: Instant) {
        var receivers = listeners
        if let usesTLS { receivers.removeAll { subscribers[$0]?.session.usesTLS != usesTLS } }
        metrics.messagesDelivered += UInt64(receivers.count)
        for id in receivers {
            guard let client = subscribers[id], !client.isClosing, !client.isCutOff else { continue }
            messageWriter.bytes[0] = UInt8(ascii: client.session.version == .three ? ">" : "*")
            let waiting = client.channel.output.count
            guard waiting == 0 || waiting + messageWriter.bytes.count <= limits.outputBufferMax else {
                client.isCutOff = true
                cutOff.append(client)
                continue
            }
            if waiting == 0 { client.outputMovedAt = now }
            let bytes = messageWriter.bytes
            client.channel.output.append(bytes.rawBytes)
            markDirty(client)
        }
    }

    /// Closes those for whom more waits than a client may cost. Not sooner: a turn may be in the middle of one of them.
    func closeCutOff() {
        let clients = cutOff
        cutOff.removeAll(keepingCapacity: true)
        for client in clients {
            metrics.rejected[.outputLimit] += 1
            close(client)
        }
    }
}
