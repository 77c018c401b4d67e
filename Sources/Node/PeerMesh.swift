// All connections to other nodes: dialing, accepting, greeting, and the frames in both directions.

import ByteCoding
import Consensus
import LogFormat
import PeerProtocol
import Platform
import Replica
import TLS
import Telemetry
import Vocabulary

/// Another member, as the configuration names it.
struct PeerAddress {
    var node: NodeID
    var peer: SocketAddress
}

/// What the mesh reports to the loop.
enum PeerEvent {
    case connected(NodeID, StorageID)
    case disconnected(NodeID, why: String)
    /// Nobody listens on the node's peer port.
    case refuses(NodeID)
    case message(Message, frames: [Frame], from: NodeID)
    case requests(RequestBatch, from: NodeID)
    case answers(AnswerBatch, from: NodeID)
    /// A connection that was turned away, by us or by the other side; told once per reason and peer.
    case turnedAway(String, remedy: String)
}

/// Used by the loop's thread only. Events gather in `events`; the loop takes them after each call.
final class PeerMesh {
    /// How long to wait before dialing again, doubled after each failure.
    static let redialMin = Duration.milliseconds(20)
    static let redialMax = Duration.milliseconds(500)
    static let inboundMax = 64

    let hello: PeerHello
    let members: [PeerAddress]
    let frameLimit: ByteCount
    let reactor: Reactor
    let scratch: UnsafeMutableRawBufferPointer
    var serverContext: TLSContext
    var clientContext: TLSContext
    /// Whether a data directory may speak for a node, as the replicated registry says.
    var admits: (NodeID, StorageID) -> Bool = { _, _ in true }
    var events: [PeerEvent] = []
    var metrics = PeerMetrics()
    private var port: ListenerPort?
    private(set) var links: [PeerLink] = []
    private var redials: [NodeID: (at: Instant, delay: Duration)] = [:]
    private var probes: PortProbes
    /// When each place was last complained about, so that strangers cannot fill the log.
    private var complaints: [String: Instant] = [:]
    private static let complaintInterval = Duration.seconds(10)

    init(
        hello: PeerHello, members: [PeerAddress], frameLimit: ByteCount, serverContext: TLSContext,
        clientContext: TLSContext, reactor: Reactor, scratch: UnsafeMutableRawBufferPointer
    ) {
        self.hello = hello
        self.members = members
        self.frameLimit = frameLimit
        self.serverContext = serverContext
        self.clientContext = clientContext
        self.reactor = reactor
        self.scratch = scratch
        probes = PortProbes(reactor: reactor)
    }

    func open(_ address: SocketAddress) throws(SystemError) {
        port = try ListenerPort(address, reactor: reactor)
    }

    func link(to node: NodeID) -> PeerLink? {
        links.first { $0.peer == node && $0.phase == .established }
    }

    // MARK: Time

    /// When `tick` is due next, at the latest.
    func nextDeadline(now: Instant) -> Instant {
        var deadline = now + PeerLink.pingInterval
        for (node, redial) in redials where link(to: node) == nil { deadline = min(deadline, redial.at) }
        if let probe = probes.nextDeadline { deadline = min(deadline, probe) }
        return deadline
    }

    /// Dials who is missing, pings who is quiet, gives up on who is gone.
    func tick(at now: Instant) {
        port?.wake(at: now)
        probes.tick(at: now)
        for link in links {
            if let fault = link.fault(at: now) {
                close(link, fault, at: now)
            } else if link.phase == .established, now - link.lastSent > PeerLink.pingInterval {
                link.channel.output.append { PeerCoding.appendPing(0, isReply: false, to: &$0) }
                flush(link, at: now)
            }
        }
        for member in members where hello.node < member.node && !links.contains(where: { $0.peer == member.node }) {
            if let redial = redials[member.node], redial.at > now { continue }
            dial(member, at: now)
        }
    }

    private func dial(_ member: PeerAddress, at now: Instant) {
        let delay = min(PeerMesh.redialMax, (redials[member.node]?.delay ?? PeerMesh.redialMin / 2) * 2)
        redials[member.node] = (now + delay, delay)
        let descriptor: Int32
        do throws(SystemError) { descriptor = try Socket.connect(to: member.peer) } catch {
            if error.isConnectionRefused { events.append(.refuses(member.node)) }
            return
        }
        do {
            let session = try TLSSession(
                client: clientContext, descriptor: descriptor, expectedName: member.node.description)
            let channel = try Channel(
                descriptor: descriptor, session: session, interest: [.readable, .writable], reactor: reactor)
            links.append(
                PeerLink(
                    channel: channel, isOutbound: true, address: member.peer, peer: member.node, now: now))
        } catch {
            Socket.close(descriptor)
            let remedy = error is TLSError ? "check the certificate and key files" : "look at the node's memory limit"
            complain(about: member.node.description, "\(error)", remedy: remedy, at: now)
        }
    }

    /// Looks whether anybody listens on the node's peer port; reports `refuses` if not.
    func probe(_ node: NodeID, at now: Instant) {
        guard let member = members.first(where: { $0.node == node }) else { return }
        if probes.start(node, member.peer, at: now) { events.append(.refuses(node)) }
    }

    // MARK: Events of the reactor

    /// Returns false when the registration is not of this mesh.
    func handle(_ event: ReadyEvent, at now: Instant) -> Bool {
        if let link = links.first(where: { $0.channel.registration == event.registration }) {
            ready(link, event, at: now)
            return true
        }
        if let probed = probes.finish(event) {
            if probed.refuses { events.append(.refuses(probed.node)) }
            return true
        }
        guard let port, port.registration == event.registration else { return false }
        if let error = port.accept(at: now, { descriptor, from in self.accept(descriptor, from, at: now) }) {
            complain(about: "peer port", error.description, remedy: error.remedy.text, at: now)
        }
        return true
    }

    private func accept(_ descriptor: Int32, _ from: SocketAddress, at now: Instant) {
        guard links.count(where: { !$0.isOutbound }) < PeerMesh.inboundMax else {
            metrics.rejected[.connectionLimit] += 1
            return Socket.close(descriptor)
        }
        do {
            let session = try TLSSession(server: serverContext, descriptor: descriptor)
            let channel = try Channel(
                descriptor: descriptor, session: session, interest: .readable, reactor: reactor)
            links.append(
                PeerLink(
                    channel: channel, isOutbound: false, address: from, peer: nil, now: now))
            metrics.accepted += 1
        } catch {
            metrics.rejected[.handshake] += 1
            Socket.close(descriptor)
        }
    }

    private func ready(_ link: PeerLink, _ event: ReadyEvent, at now: Instant) {
        if link.phase == .dialing {
            if let error = Socket.connectOutcome(link.channel.descriptor) {
                if error.isConnectionRefused, let peer = link.peer { events.append(.refuses(peer)) }
                return close(link, error.description, at: now)
            }
            link.phase = .securing
        }
        if link.phase == .securing {
            switch link.channel.handshake() {
            case .underWay: return
            case .failed(let why):
                metrics.rejected[.handshake] += 1
                return turnAway(link, why, remedy: "check certificates and authority on both nodes", at: now)
            case .done: secured(link, at: now)
            }
        }
        if event.isWritable { flush(link, at: now) }
        guard isOpen(link), event.isReadable || event.isHangup else { return }
        switch link.channel.receive(scratch, limit: 4 << 20) {
        case .received(let count):
            if count > 0 { link.lastHeard = now }
            decode(link, at: now)
        case .ended:
            decode(link, at: now)
            close(link, "closed by the other side", at: now)
        case .failed(let why):
            close(link, why, at: now)
        }
    }

    private func isOpen(_ link: PeerLink) -> Bool { links.contains { $0 === link } }

    // MARK: Greeting

    private func secured(_ link: PeerLink, at now: Instant) {
        guard let session = link.channel.session else { return }
        switch PeerIdentity.verify(session) {
        case .failure(let error):
            metrics.rejected[.certificate] += 1
            turnAway(link, "\(error)", remedy: error.remedy.text, at: now)
        case .success(let node):
            if let expected = link.peer, expected != node {
                metrics.rejected[.identity] += 1
                return turnAway(
                    link, "dialed \(expected), but the certificate names \(node)",
                    remedy: "check the peers' addresses in the configuration", at: now)
            }
            link.peer = node
            link.phase = .greeting
            guard link.isOutbound else { return }
            link.channel.output.append { PeerCoding.append(hello, to: &$0) }
            flush(link, at: now)
        }
    }

    private func greet(_ link: PeerLink, _ kind: PeerFrameKind, _ body: RawSpan, at now: Instant) throws {
        switch (kind, link.isOutbound) {
        case (.hello, false):
            let theirs = try introduction(in: body, on: link, at: now)
            if let refusal = refusal(of: theirs, on: link) {
                metrics.rejected[.identity] += 1
                link.channel.output.append { PeerCoding.append(refusal, to: &$0) }
                flush(link, at: now)
                return turnAway(link, refusal.description, remedy: refusal.remedy.text, at: now)
            }
            guard let version = theirs.versions.common(with: hello.versions) else { return }
            link.channel.output.append {
                PeerCoding.append(PeerWelcome(version: version, hello: hello), to: &$0)
            }
            establish(link, theirs, at: now)
            flush(link, at: now)
        case (.welcome, true):
            let theirs = try PeerCoding.welcome(in: body).hello
            if let refusal = refusal(of: theirs, on: link) {
                metrics.rejected[.identity] += 1
                return turnAway(link, refusal.description, remedy: refusal.remedy.text, at: now)
            }
            establish(link, theirs, at: now)
        case (.refusal, true):
            let refusal = try PeerCoding.refusal(in: body)
            turnAway(link, refusal.description, remedy: refusal.remedy.text, at: now)
        default:
            throw PeerProtocolError.unexpectedKind(kind)
        }
    }

    /// The other side's hello. One that speaks no version of ours is told so before the error is thrown.
    private func introduction(
        in body: RawSpan, on link: PeerLink, at now: Instant
    ) throws(PeerProtocolError) -> PeerHello {
        do throws(PeerProtocolError) {
            return try PeerCoding.hello(in: body)
        } catch {
            guard case .noCommonVersion = error else { throw error }
            let refusal = PeerRefusal(.noCommonVersion, text: error.description)
            link.channel.output.append { PeerCoding.append(refusal, to: &$0) }
            flush(link, at: now)
            throw error
        }
    }

    /// Why the other side is not who it has to be; nil when it is.
    private func refusal(of theirs: PeerHello, on link: PeerLink) -> PeerRefusal? {
        if theirs.cluster != hello.cluster {
            return PeerRefusal(
                .otherCluster, text: "\(theirs.node) is of cluster \(theirs.cluster), not \(hello.cluster)")
        }
        if theirs.node != link.peer {
            return PeerRefusal(
                .nameMismatch,
                text: "the greeting names \(theirs.node), the certificate \(link.peer?.description ?? "nobody")")
        }
        if theirs.node == hello.node { return PeerRefusal(.selfConnection, text: "\(theirs.node) reached itself") }
        guard members.contains(where: { $0.node == theirs.node }) else {
            return PeerRefusal(.notAMember, text: "\(theirs.node) is not in the configuration of \(hello.node)")
        }
        guard admits(theirs.node, theirs.storage) else {
            return PeerRefusal(
                .storageMismatch,
                text: "\(theirs.node) comes with data directory \(theirs.storage), which is not the one it is known by")
        }
        if !link.isOutbound, hello.node < theirs.node {
            return PeerRefusal(.wrongDirection, text: "\(hello.node) dials \(theirs.node), not the reverse")
        }
        return nil
    }

    private func establish(_ link: PeerLink, _ theirs: PeerHello, at now: Instant) {
        // A new connection from a node that we think connected: the old one is dead, and we have not heard of it yet.
        for old in links where old !== link && old.peer == theirs.node && old.phase == .established {
            close(old, "replaced by a new connection", at: now)
        }
        link.phase = .established
        link.decoder.limit = frameLimit.rawValue
        link.version = theirs.build
        link.featureLevel = theirs.featureLevel
        link.lastHeard = now
        redials[theirs.node] = nil
        complaints[theirs.node.description] = nil
        events.append(.connected(theirs.node, theirs.storage))
    }

    // MARK: Frames

    private func decode(_ link: PeerLink, at now: Instant) {
        do {
            while isOpen(link) {
                let frame = try link.channel.input.withBytes { bytes in
                    try link.decoder.next(in: bytes)
                }
                guard let frame else { return }
                try link.channel.input.withBytes { bytes in
                    try take(frame.kind, bytes.extracting(frame.body), from: link, at: now)
                }
                // Taking the frame may have closed the link; its queue is still there.
                link.channel.input.consume(frame.consumed)
            }
        } catch let error as PeerProtocolError {
            metrics.rejected[.protocolError] += 1
            turnAway(link, error.description, remedy: error.remedy.text, at: now)
        } catch {
            metrics.rejected[.protocolError] += 1
            turnAway(link, "\(error)", remedy: "compare the versions of both nodes", at: now)
        }
    }

    private func take(_ kind: PeerFrameKind, _ body: RawSpan, from link: PeerLink, at now: Instant) throws {
        guard link.phase == .established, let peer = link.peer else { return try greet(link, kind, body, at: now) }
        switch kind {
        case .message:
            let (message, range) = try PeerCoding.message(in: body)
            events.append(.message(message, frames: try frames(in: body.extracting(range)), from: peer))
        case .requests:
            var batch = RequestBatch()
            try PeerCoding.requests(in: body, into: &batch)
            events.append(.requests(batch, from: peer))
        case .answers:
            var batch = AnswerBatch()
            try PeerCoding.answers(in: body, into: &batch)
            events.append(.answers(batch, from: peer))
        case .ping:
            let number = try PeerCoding.ping(in: body, kind)
            link.channel.output.append { PeerCoding.appendPing(number, isReply: true, to: &$0) }
            flush(link, at: now)
        case .pong:
            break
        case .hello, .welcome, .refusal:
            throw PeerProtocolError.unexpectedKind(kind)
        }
    }

    /// The log frames in an append message; each says in its header how long it is.
    private func frames(in bytes: RawSpan) throws -> [Frame] {
        var frames: [Frame] = []
        var offset = 0
        while offset < bytes.byteCount {
            let rest = bytes.extracting(offset..<bytes.byteCount)
            let length = try FrameHeader.announcedLength(of: rest)
            frames.append(try Frame.decode(rest.extracting(0..<length), limit: frameLimit))
            offset += length
        }
        return frames
    }

    /// Puts a message into the peer's output. Without a connection it is lost, as messages may be.
    func send(_ outgoing: OutgoingMessage) {
        guard let link = link(to: outgoing.to) else { return }
        link.channel.output.append { bytes in
            PeerCoding.append(outgoing.message, to: &bytes) { bytes in
                for frame in outgoing.frames { bytes.append(contentsOf: frame.bytes) }
            }
        }
    }

    func send(_ batch: RequestBatch, to node: NodeID) {
        guard let link = link(to: node) else { return }
        link.channel.output.append { PeerCoding.append(batch, to: &$0) }
    }

    func send(_ batch: AnswerBatch, to node: NodeID) {
        guard let link = link(to: node) else { return }
        link.channel.output.append { PeerCoding.append(batch, to: &$0) }
    }

    func flush(at now: Instant) {
        for link in links where !link.channel.output.isEmpty { flush(link, at: now) }
    }

    private func flush(_ link: PeerLink, at now: Instant) {
        guard !link.channel.output.isEmpty, link.phase != .dialing else { return }
        link.lastSent = now
        if let why = link.channel.flush() { close(link, why, at: now) }
    }

    // MARK: Ends

    private func turnAway(_ link: PeerLink, _ why: String, remedy: String, at now: Instant) {
        let who = link.peer?.description ?? link.address.host
        complain(about: who, why, remedy: remedy, at: now)
        close(link, why, at: now)
    }

    /// Tells of a fault at most once per place and interval.
    private func complain(about who: String, _ why: String, remedy: String, at now: Instant) {
        if let last = complaints[who], now - last < PeerMesh.complaintInterval { return }
        if complaints.count > 256 { complaints.removeAll() }
        complaints[who] = now
        events.append(.turnedAway(why.contains(who) ? why : "\(who): \(why)", remedy: remedy))
    }

    private func close(_ link: PeerLink, _ why: String, at now: Instant) {
        guard let position = links.firstIndex(where: { $0 === link }) else { return }
        links.remove(at: position)
        metrics.received += link.channel.bytesIn
        metrics.sent += link.channel.bytesOut
        link.channel.close()
        guard let peer = link.peer, link.phase == .established else { return }
        redials[peer] = (now, PeerMesh.redialMin)
        events.append(.disconnected(peer, why: why))
    }

    func closeAll(at now: Instant) {
        port?.close()
        port = nil
        probes.closeAll()
        for link in links { close(link, "stopping", at: now) }
    }
}

/// What the mesh counts.
struct PeerMetrics {
    var accepted: UInt64 = 0
    var rejected = Tally<RejectionReason>()
    /// Of links that have closed; open ones are added when the figures are read.
    var received: UInt64 = 0
    var sent: UInt64 = 0
}
