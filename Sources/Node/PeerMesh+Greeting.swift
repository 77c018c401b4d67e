// Who is there: nothing but a greeting is believed before certificate, greeting and configuration agree.

import PeerProtocol
import TLS
import Vocabulary

extension PeerMesh {
    func secured(_ link: PeerLink, at now: Instant) {
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

    func greet(_ link: PeerLink, _ kind: PeerFrameKind, _ body: RawSpan, at now: Instant) throws {
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
            establish(link, theirs, version, at: now)
            flush(link, at: now)
        case (.welcome, true):
            let welcome = try PeerCoding.welcome(in: body)
            let theirs = welcome.hello
            if let refusal = refusal(of: theirs, on: link) {
                metrics.rejected[.identity] += 1
                return turnAway(link, refusal.description, remedy: refusal.remedy.text, at: now)
            }
            establish(link, theirs, welcome.version, at: now)
        case (.refusal, true):
            let refusal = try PeerCoding.refusal(in: body)
            if [.notAMember, .otherTimeline].contains(refusal.reason), let peer = link.peer {
                redials[peer] = (now + PeerMesh.strangerDelay, PeerMesh.redialMax)
            }
            // Both called at once, or it was a moment slower: that mends itself.
            if refusal.reason == .wrongDirection { return close(link, refusal.description, at: now) }
            if refusal.reason == .otherTimeline, let peer = link.peer, isJoining(refusal.timeline, of: peer) {
                return close(link, refusal.description, at: now)
            }
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
        if let refusal = timelineRefusal(of: theirs) { return refusal }
        guard members.contains(where: { $0.node == theirs.node }) || admitsGuests() else {
            return PeerRefusal(.notAMember, text: "\(theirs.node) is not a member, as far as \(hello.node) knows")
        }
        guard admits(theirs.node, theirs.storage) || admitsGuests() else {
            return PeerRefusal(
                .storageMismatch,
                text: "\(theirs.node) comes with data directory \(theirs.storage), which is not the one it is known by")
        }
        if !link.isOutbound, dialsFirst(theirs.node), canDial(theirs.node) {
            return PeerRefusal(.wrongDirection, text: "\(hello.node) dials \(theirs.node), not the reverse")
        }
        return nil
    }

    func establish(_ link: PeerLink, _ theirs: PeerHello, _ version: UInt16, at now: Instant) {
        // A new connection from a node that we think connected: the old one is dead, and we have not heard of it yet.
        for old in links where old !== link && old.peer == theirs.node && old.phase == .established {
            close(old, "replaced by a new connection", at: now)
        }
        link.phase = .established
        link.decoder.limit = frameLimit.rawValue
        link.version = theirs.build
        link.protocolVersion = version
        link.featureLevel = theirs.featureLevel
        link.storage = theirs.storage
        link.lastHeard = now
        redials[theirs.node] = nil
        complaints[theirs.node.description] = nil
        events.append(.connected(theirs.node, theirs.storage))
    }
}
