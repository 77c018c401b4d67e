// All connections to other nodes: dialing and accepting them, and giving up on those that are gone.

import Consensus
import LogFormat
import PeerProtocol
import Platform
import TLS
import Telemetry
import Vocabulary

/// Another node that frames are exchanged with.
struct PeerAddress: Hashable {
    var node: NodeID
    /// Nil while it is not known: then the node is only waited for.
    var peer: SocketAddress?
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
    case publication(PublishedMessage)
    case state(StateMessage, from: NodeID)
    case snapshotRead(SnapshotRead, from: NodeID)
    case snapshotPiece(SnapshotPiece, from: NodeID)
    /// A node says that the cluster was recovered without this one, and goes on as another timeline.
    case superseded(by: NodeID, Timeline)
    /// A connection that was turned away, by us or by the other side; told once per reason and peer.
    case turnedAway(String, remedy: String)
}

/// Used by the loop's thread only. Events gather in `events`; the loop takes them after each call.
final class PeerMesh {
    /// How long to wait before dialing again, doubled after each failure.
    static let redialMin = Duration.milliseconds(20)
    static let redialMax = Duration.milliseconds(500)
    /// The same behind a node that says that this one is no member.
    static let strangerDelay = Duration.seconds(1)
    static let inboundMax = 64

    var hello: PeerHello
    /// Whom this node dials, and admits: see `follow`.
    private(set) var members: [PeerAddress]
    let frameLimit: ByteCount
    let reactor: Reactor
    let scratch: UnsafeMutableRawBufferPointer
    var serverContext: TLSContext
    var clientContext: TLSContext
    /// Whether a data directory may speak for a node, as the replicated registry says.
    var admits: (NodeID, StorageID) -> Bool = { _, _ in true }
    /// Whether nodes that are no members are admitted: while nobody leads, see `PeerMesh+Guests`.
    var admitsGuests: () -> Bool = { false }
    var isLeader: (NodeID) -> Bool = { _ in false }
    /// Asked when a later timeline is heard of: whether this node has joined it, for good, since it has no history yet.
    var joins: (Timeline) -> Bool = { _ in false }
    var events: [PeerEvent] = []
    var metrics = PeerMetrics()
    private var port: ListenerPort?
    private(set) var links: [PeerLink] = []
    var redials: [NodeID: (at: Instant, delay: Duration)] = [:]
    private var probes: PortProbes
    /// When each place was last complained about, so that strangers cannot fill the log.
    var complaints: [String: Instant] = [:]
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

    /// From here on these nodes are dialed and admitted, and no others.
    func follow(_ members: [PeerAddress], at now: Instant) {
        self.members = members
        for link in links {
            guard let peer = link.peer, !members.contains(where: { $0.node == peer }) else { continue }
            // What it is to hear last may still wait to be sent.
            flush(link, at: now)
            close(link, "no member any more", at: now)
            redials[peer] = nil
        }
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
        for (member, _) in undialed { if let redial = redials[member] { deadline = min(deadline, redial.at) } }
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
        for (member, address) in undialed where isDue(member, at: now) { dial(member, address, at: now) }
    }

    /// Members to be dialed as soon as that is due. To one of the others a link stands, or is being made: it may take
    /// the whole of its patience, when the other side's process hangs.
    private var undialed: [(NodeID, SocketAddress)] {
        members.compactMap { member in
            guard let address = member.peer, !links.contains(where: { $0.peer == member.node }) else { return nil }
            return (member.node, address)
        }
    }

    private func dial(_ node: NodeID, _ address: SocketAddress, at now: Instant) {
        let delay = min(PeerMesh.redialMax, (redials[node]?.delay ?? PeerMesh.redialMin / 2) * 2)
        redials[node] = (now + (dialsFirst(node) ? delay : PeerMesh.strangerDelay), delay)
        let descriptor: Int32
        do throws(SystemError) { descriptor = try Socket.connect(to: address) } catch {
            if error.isConnectionRefused { events.append(.refuses(node)) }
            return
        }
        do {
            let session = try TLSSession(
                client: clientContext, descriptor: descriptor, expectedName: node.description)
            let channel = try Channel(
                descriptor: descriptor, session: session, interest: [.readable, .writable], reactor: reactor)
            links.append(PeerLink(channel: channel, isOutbound: true, address: address, peer: node, now: now))
        } catch {
            Socket.close(descriptor)
            let remedy = error is TLSError ? "check the certificate and key files" : "look at the node's memory limit"
            complain(about: node.description, "\(error)", remedy: remedy, at: now)
        }
    }

    /// Looks whether anybody listens on the node's peer port; reports `refuses` if not.
    func probe(_ node: NodeID, at now: Instant) {
        guard let address = members.first(where: { $0.node == node })?.peer else { return }
        if probes.start(node, address, at: now) { events.append(.refuses(node)) }
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
                // A look at whether the port is open (a doctor's, a load balancer's) is no fault of anybody.
                guard link.isOutbound || link.channel.session?.hasHeard == true else {
                    return close(link, why, at: now)
                }
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

    func isOpen(_ link: PeerLink) -> Bool { links.contains { $0 === link } }

    // MARK: Ends

    func turnAway(_ link: PeerLink, _ why: String, remedy: String, at now: Instant) {
        let who = link.peer?.description ?? link.address.host
        complain(about: who, why, remedy: remedy, at: now)
        close(link, why, at: now)
    }

    /// Tells of a fault at most once per place and interval.
    func complain(about who: String, _ why: String, remedy: String, at now: Instant) {
        if let last = complaints[who], now - last < PeerMesh.complaintInterval { return }
        if complaints.count > 256 { complaints.removeAll() }
        complaints[who] = now
        events.append(.turnedAway(why.contains(who) ? why : "\(who): \(why)", remedy: remedy))
    }

    func close(_ link: PeerLink, _ why: String, at now: Instant) {
        guard let position = links.firstIndex(where: { $0 === link }) else { return }
        links.remove(at: position)
        metrics.received += link.channel.bytesIn
        metrics.sent += link.channel.bytesOut
        link.channel.close()
        guard let peer = link.peer, link.phase == .established else { return }
        redials[peer] = (now + (dialsFirst(peer) ? .zero : PeerMesh.strangerDelay), PeerMesh.redialMin)
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
    /// Messages for subscribers that a peer did not get.
    var publicationsDropped: UInt64 = 0
}
