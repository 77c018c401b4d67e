// One TCP connection between two nodes: made, secured, greeted, then used for everything that they say to each other.

import ByteCoding
import PeerProtocol
import Platform
import Vocabulary

/// The node with the lower id dials, so there is one connection per pair.
///
/// 1. Nothing but a greeting is believed before the TLS certificate and the greeting agree on who is there.
/// 2. A link whose other side was silent for `silenceMax`, or that is not greeted within `greetingMax`, is given up.
final class PeerLink {
    enum Phase {
        /// The TCP connection is being made.
        case dialing
        /// The TLS handshake is under way.
        case securing
        /// Secured; the hello or its answer is awaited.
        case greeting
        case established
    }

    static let silenceMax = Duration.seconds(3)
    static let greetingMax = Duration.seconds(3)
    static let pingInterval = Duration.seconds(1)
    /// Output above which the other side counts as gone: far more than consensus keeps under way.
    static let outputMax = 256 << 20
    /// Output above which messages for subscribers are dropped: a slow link shall not keep consensus waiting behind
    /// them, nor cost more memory. Below `outputMax` by more than the largest one that is taken at the default limits.
    static let publicationBacklogMax = 4 << 20

    let channel: Channel
    let isOutbound: Bool
    let address: SocketAddress
    var phase: Phase
    /// Whom we dialed, or who proved to be there.
    var peer: NodeID?
    var decoder: PeerFrameDecoder
    let openedAt: Instant
    var lastHeard: Instant
    var lastSent: Instant
    /// What the other side said of itself.
    var version = ""
    /// What both sides speak; 0 before they have agreed.
    var protocolVersion: UInt16 = 0
    var featureLevel: UInt32 = 0
    var storage: StorageID?

    init(
        channel: Channel, isOutbound: Bool, address: SocketAddress, peer: NodeID?, now: Instant
    ) {
        self.channel = channel
        self.isOutbound = isOutbound
        self.address = address
        self.peer = peer
        phase = isOutbound ? .dialing : .securing
        decoder = PeerFrameDecoder()
        openedAt = now
        lastHeard = now
        lastSent = now
    }

    /// Why it should be given up now; nil when it is fine.
    func fault(at now: Instant) -> String? {
        if phase != .established, now - openedAt > PeerLink.greetingMax { return "no greeting in time" }
        if phase == .established, now - lastHeard > PeerLink.silenceMax { return "silent for too long" }
        if channel.output.count > PeerLink.outputMax { return "does not read what it is sent" }
        return nil
    }
}
