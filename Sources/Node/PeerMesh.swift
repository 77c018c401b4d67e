// All connections to other nodes: dialing and accepting them, and giving up on those that are gone.

import Consensus
import LogFormat
import PeerProtocol
import Platform
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
    case publication(PublishedMessage)
    case state(StateMessage, from: NodeID)
    case snapshotRead(SnapshotRead, from: NodeID)
    case snapshotPiece(SnapshotPiece, from: NodeID)
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
    /// Messages for subscribers that a peer did not get.
    var publicationsDropped: UInt64 = 0
}
