// From a client's bytes to requests on their way: decoding, logins, and when to wait.

import Platform
import RESP
import Sessions
import Vocabulary

extension ClientDesk {
    /// Goes on with connections that had to wait for replies, or had more input than one turn takes.
    func decodeRunnable(at now: Instant) {
        if !resting.isEmpty { endRest(at: now) }
        guard hasRunnable else { return }
        let waiting = runnable
        runnable.removeAll(keepingCapacity: true)
        for client in waiting where client.isRunnable {
            client.isRunnable = false
            if client.channel.hasHiddenInput, case .failed = client.channel.receive(scratch, limit: limits.readPerTurn)
            {
                close(client)
                continue
            }
            decode(client, at: now)
        }
    }

    func markRunnable(_ client: ClientConnection) {
        guard !client.isRunnable else { return }
        client.isRunnable = true
        runnable.append(client)
    }

    func markDirty(_ client: ClientConnection) {
        guard !client.isDirty else { return }
        client.isDirty = true
        dirty.append(client)
    }

    /// Decodes what has come in, until it must wait: for more bytes, for replies, for output to be read.
    func decode(_ client: ClientConnection, at now: Instant) {
        if isHeldBack || isDraining { return wait(client) }
        while !client.isClosing {
            if let error = client.refusal {
                guard client.outstanding == 0 else { return wait(client) }
                return refuse(client, error)
            }
            guard client.restsUntil == nil else { return client.channel.pause(true) }
            guard client.hasRoom(limits.outputBufferMax) else { return wait(client) }
            do throws(RequestError) {
                switch try decodeOne(client, at: now) {
                case .taken: continue
                case .mustWait: return wait(client)
                case .needsBytes where client.hasEnded: client.isClosing = true
                case .needsBytes: return readOn(client)
                }
            } catch {
                // Told after the replies to what came before it: an error that overtook them would be taken for theirs.
                metrics.rejected[.protocolError] += 1
                client.refusal = error
            }
        }
        client.channel.pause(true)
        // With nothing to send it can be closed in this turn.
        markDirty(client)
    }

    private func readOn(_ client: ClientConnection) {
        client.channel.pause(false)
        client.channel.input.trim(to: 16 << 10)
        if client.channel.hasHiddenInput { markRunnable(client) }
    }

    private enum Decoding {
        case taken, mustWait, needsBytes
    }

    private func decodeOne(_ client: ClientConnection, at now: Instant) throws(RequestError) -> Decoding {
        client.decoder.limits = client.session.isLoggedIn ? limits.request : limits.request.beforeLogin
        let outcome = try client.channel.input.withBytes { bytes throws(RequestError) in
            try client.decoder.next(in: bytes, into: &arguments)
        }
        switch outcome {
        case .incomplete:
            return .needsBytes
        case .empty(let consumed):
            client.channel.input.consume(consumed)
        case .request(let consumed):
            guard client.channel.input.withBytes({ handle(client, $0, at: now) }) else { return .mustWait }
            client.channel.input.consume(consumed)
        case .inline(let consumed):
            let text = client.decoder.inlineText
            guard handle(client, text.rawBytes, at: now) else { return .mustWait }
            client.channel.input.consume(consumed)
        }
        return .taken
    }

    /// Lets a connection rest with its input: until replies come, or output is read.
    private func wait(_ client: ClientConnection) {
        client.channel.pause(true)
        guard !isDraining, client.outstanding == 0, client.channel.output.count < limits.outputBufferMax else { return }
        markRunnable(client)
    }

    private func handle(_ client: ClientConnection, _ bytes: RawSpan, at now: Instant) -> Bool {
        client.lastRequestAt = now
        let failedLogins = client.session.failedLogins
        let token = client.nextToken
        writer.bytes.removeAll(keepingCapacity: true)
        writer.version = client.session.version
        let disposition = client.session.handle(
            arguments, in: bytes, token: token, environment: environment, reply: &writer, batch: &batch)
        if client.session.failedLogins > failedLogins { noteFailedLogin(of: client, at: now) }
        switch disposition {
        case .stall: return false
        case .submitted:
            client.submitted()
            calls.note(client.session)
            metrics.commands[client.session.readsLocally ? .localRead : batch.lastIsWrite ? .write : .read] += 1
        case .changes(let order):
            client.submitted()
            calls.note(client.session)
            metrics.commands[.connection] += 1
            changeOrders.append((token, client.session.version, order))
        case .answered, .close, .clients, .pubsub, .unblock, .configure:
            metrics.commands[.connection] += 1
            calls.note(client.session)
            settle(disposition, of: client, bytes, at: now)
        }
        return true
    }

    /// Does what a session that has answered by itself wants done. Kept out of the way of commands on keys.
    @inline(never)
    private func settle(
        _ disposition: Session.Disposition, of client: ClientConnection, _ bytes: RawSpan, at now: Instant
    ) {
        switch disposition {
        case .stall, .submitted, .changes: break
        case .answered: sendWritten(to: client)
        case .close:
            sendWritten(to: client)
            client.isClosing = true
        case .clients(let query): answer(query, to: client)
        case .pubsub(let order): carryOut(order, of: client, bytes, at: now)
        case .unblock(let order):
            order.answer(unblock(order), &writer)
            sendWritten(to: client)
        case .configure(let change):
            if let classes = change.keyEvents { environment.facts.keyEvents = classes }
            if let limit = change.memoryMax { environment.facts.memoryMax = limit == .zero ? nil : limit }
            sendWritten(to: client)
        }
    }

    /// Whether there is such a client and it waits.
    private func unblock(_ order: UnblockOrder) -> Bool {
        var token: UInt64?
        table.forEach { if Int64(bitPattern: $0.session.id) == order.client { token = $0.blockedToken } }
        guard let token else { return false }
        unblocked.append((token, order.isError))
        return true
    }

    // MARK: Logins

    /// The answer to a failed login comes the later the more of them its address has sent.
    private func noteFailedLogin(of client: ClientConnection, at now: Instant) {
        metrics.rejected[.authentication] += 1
        let host = SocketAddress(parsing: client.session.address).flatMap { NetworkAddress($0.host) }
        let delay = host.map { throttle.failed(from: $0, at: now) } ?? LoginThrottle.delayMax
        guard delay > .zero else { return }
        client.restsUntil = now + delay
        resting.append(client)
    }

    /// Sends what was held back before anything more is decoded: the next login may fail too.
    private func endRest(at now: Instant) {
        let rested = resting.filter { $0.restsUntil.map { $0 <= now } ?? true }
        resting.removeAll { client in rested.contains { $0 === client } }
        for client in rested {
            client.restsUntil = nil
            flush(client, at: now)
        }
    }

    // MARK: Sessions

    /// Shows all sessions to a `CLIENT LIST` or `CLIENT KILL`, in the order of their ids.
    private func answer(_ query: ClientQuery, to asker: ClientConnection) {
        var query = query
        var all: [ClientConnection] = []
        table.forEach { all.append($0) }
        all.sort { $0.session.id < $1.session.id }
        for client in all where query.consider(client.session) {
            if client === asker { client.isClosing = true } else { close(client) }
        }
        query.answer(&writer)
        sendWritten(to: asker)
    }

    func sendWritten(to client: ClientConnection) {
        let bytes = writer.bytes
        guard !bytes.isEmpty else { return }
        noteError(bytes, bytes.indices)
        client.channel.output.append(bytes.rawBytes)
        markDirty(client)
    }

    private func refuse(_ client: ClientConnection, _ error: RequestError) {
        writer.bytes.removeAll(keepingCapacity: true)
        error.write(to: &writer)
        sendWritten(to: client)
        client.isClosing = true
        markDirty(client)
    }
}
