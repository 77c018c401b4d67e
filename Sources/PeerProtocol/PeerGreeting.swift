// How two nodes begin to talk: who each is, what it speaks, and why it may be turned away.

import ByteCoding
public import Vocabulary

/// The protocol versions that a build speaks; both ends inclusive.
///
/// Version history: 1 is the first; 2 adds publications, 3 digests and snapshots, neither of which are sent to a node
/// that speaks an earlier one.
public struct PeerVersions: Hashable, Sendable, CustomStringConvertible {
    public var min: UInt16
    public var max: UInt16

    public init(min: UInt16, max: UInt16) {
        self.min = min
        self.max = max
    }

    public static let ours = PeerVersions(min: 1, max: 3)

    /// The newest version that both speak.
    public func common(with other: PeerVersions) -> UInt16? {
        let newest = Swift.min(max, other.max)
        return newest >= Swift.max(min, other.min) ? newest : nil
    }

    public var description: String { min == max ? "\(min)" : "\(min) to \(max)" }
}

/// The first thing that a node says, whichever side dialled. It stands for ever: what follows the versions may change,
/// what precedes them may not.
public struct PeerHello: Hashable, Sendable {
    public var versions: PeerVersions
    /// The newest formats and messages that this node could use, were all others able to.
    public var featureLevel: UInt32
    public var cluster: ClusterID
    public var node: NodeID
    public var storage: StorageID
    /// The build's version, for people.
    public var build: String
    /// Where clients reach this node, as announced to them: `host:port`.
    public var clientAddress: String
    /// Where operators reach this node: `host:port`.
    public var adminAddress: String
    /// The history that it is part of. The first is not said, so earlier builds understand who never left it.
    public var timeline: Timeline

    public init(
        versions: PeerVersions = .ours, featureLevel: UInt32, cluster: ClusterID, node: NodeID, storage: StorageID,
        build: String, clientAddress: String, adminAddress: String, timeline: Timeline = .first
    ) {
        self.versions = versions
        self.featureLevel = featureLevel
        self.cluster = cluster
        self.node = node
        self.storage = storage
        self.build = build
        self.clientAddress = clientAddress
        self.adminAddress = adminAddress
        self.timeline = timeline
    }

    /// UTF-8 bytes of the build's version; longer ones are cut before they are sent.
    public static let buildLengthMax = 64
    /// UTF-8 bytes of an address: a host name of 253 bytes, a colon and a port.
    public static let addressLengthMax = 259
}

/// The accepting side's answer to a hello it agrees with: who it is itself.
public struct PeerWelcome: Hashable, Sendable {
    /// What both speak from now on.
    public var version: UInt16
    public var hello: PeerHello

    public init(version: UInt16, hello: PeerHello) {
        self.version = version
        self.hello = hello
    }
}

/// The accepting side's answer to a hello that it does not agree with; it closes the connection after it.
public struct PeerRefusal: Hashable, Sendable, CustomStringConvertible {
    public var reason: Reason
    /// The facts, for people.
    public var text: String
    /// With `otherTimeline`: the one that the accepting side is on.
    public var timeline: Timeline

    public init(_ reason: Reason, text: String, timeline: Timeline = .first) {
        self.reason = reason
        self.text = text
        self.timeline = timeline
    }

    /// The numbers are on the wire and never reused.
    public enum Reason: UInt8, Hashable, Sendable, CaseIterable {
        /// A reason that this build does not know yet; the text says what it is.
        case other = 0
        case noCommonVersion = 1
        case otherCluster = 2
        /// The certificate names another node than the hello.
        case nameMismatch = 3
        /// The node is known with another data directory: it lost its disk, or two nodes have one name.
        case storageMismatch = 4
        case notAMember = 5
        /// The hello names the very node it was sent to.
        case selfConnection = 6
        /// The other side has to dial, not this one.
        case wrongDirection = 7
        /// The cluster uses features that this build does not have.
        case featureLevelTooLow = 8
        case shuttingDown = 9
        /// The cluster was recovered from the loss of its majority, and one of the two sides was not part of that.
        case otherTimeline = 10
    }

    /// UTF-8 bytes of the text; longer ones are cut before they are sent.
    public static let textLengthMax = 512

    public var description: String { "refused (\(reason)): \(text)" }

    public var remedy: Remedy {
        switch reason {
        case .other: .operate("see the text, and the other node's log")
        case .noCommonVersion, .featureLevelTooLow: .operate("upgrade the older node, one release at a time")
        case .otherCluster: .operate("check the addresses of the peers and the data directory in the configuration")
        case .nameMismatch: .operate("give each node the certificate that was made for its name")
        case .storageMismatch:
            .operate(
                "give it its own data directory; if that is lost, run `nodectl members replace` with the node's id"
            )
        case .notAMember: .operate("add the node with `nodectl members add`, or stop it for good")
        case .selfConnection: .operate("check the addresses of the peers in the configuration")
        case .otherTimeline:
            .operate(
                "of these two, move the data directory of the node that was given up away, and add it anew: "
                    + "`nodectl members add`")
        case .wrongDirection, .shuttingDown: .automatic("the connection is made anew when both sides are ready")
        }
    }
}
