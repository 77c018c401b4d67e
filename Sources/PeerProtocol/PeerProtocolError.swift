// Why a peer's bytes are not believed. Each of these ends the connection: nothing unknown is ever skipped.

public import ByteCoding
public import Vocabulary

public enum PeerProtocolError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A frame without even a kind.
    case emptyFrame
    /// The announced length, kind included, is above the limit.
    case frameTooLarge(length: Int, limit: Int)
    case unknownKind(UInt8)
    /// A frame that may not stand here, such as a request before the greeting.
    case unexpectedKind(PeerFrameKind)
    /// The body is not what its kind says; offsets count from the body's first byte.
    case malformed(PeerFrameKind, ByteError)
    /// The body goes on behind its last field.
    case trailingBytes(PeerFrameKind, count: Int)
    /// The greeting does not begin as a Trireme node's does.
    case notAPeer
    /// The other side speaks none of the versions that this build speaks.
    case noCommonVersion(theirs: PeerVersions)

    public var description: String {
        switch self {
        case .emptyFrame: "a peer frame without a kind"
        case .frameTooLarge(let length, let limit): "a peer frame of \(length) bytes, above the limit of \(limit)"
        case .unknownKind(let kind): "a peer frame of the unknown kind \(kind)"
        case .unexpectedKind(let kind): "a peer frame of kind \(kind) out of place"
        case .malformed(let kind, let error): "a malformed peer frame of kind \(kind): \(error)"
        case .trailingBytes(let kind, let count): "\(count) bytes too many in a peer frame of kind \(kind)"
        case .notAPeer: "a greeting that is not a Trireme node's"
        case .noCommonVersion(let theirs):
            "a peer that speaks protocol versions \(theirs), while this build speaks \(PeerVersions.ours)"
        }
    }

    public var remedy: Remedy {
        switch self {
        case .emptyFrame, .unknownKind, .unexpectedKind, .malformed, .trailingBytes:
            .automatic("the connection is closed and made anew; if it happens again, compare the nodes' versions")
        case .frameTooLarge:
            .operate("give all nodes of the cluster the same request limits")
        case .notAPeer:
            .operate("let only nodes of this cluster connect to the peer port")
        case .noCommonVersion:
            .operate("upgrade the older node, one release at a time")
        }
    }
}
