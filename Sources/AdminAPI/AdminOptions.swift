// What the admin port can be told, and why it may fail to start.

public import Platform
public import Vocabulary

/// The settings of the admin port. The defaults are those of the documentation.
public struct AdminOptions: Sendable {
    /// Port 0 takes a free one; `AdminServer.address` tells which.
    public var listen: SocketAddress
    public var connectionsMax = 128
    /// From one address, or one /64 of IPv6. Below `connectionsMax`, so that one client cannot keep others out.
    public var connectionsPerAddressMax = 64
    /// From the connection's beginning to the end of its handshake.
    public var handshakeTime = Duration.seconds(10)
    /// How long an operation may take before its asker is told that it goes on. Longer than the node's own limits.
    public var operationTime = Duration.seconds(35)
    /// A loop that has not turned for so long is stuck. Several times the longest pause that a loop makes by itself.
    public var stuckAfter = Duration.seconds(2)
    /// Whose addresses may read metrics; empty allows all.
    public var metricsAllowed: [AddressRange] = []
    /// Whether routes that damage the node on purpose are there. Never in service.
    public var hasTestHooks = false
    /// What bounds a single connection.
    var connection = AdminConnection.Limits()

    public init(listen: SocketAddress) { self.listen = listen }
}

/// Why the admin port could not be opened.
public enum AdminError: Error, Hashable, Sendable, CustomStringConvertible {
    case listen(SystemError)
    case thread(SystemError)

    public var description: String {
        switch self {
        case .listen(let error): "the admin port cannot be opened: \(error)"
        case .thread(let error): "the admin port's thread cannot be started: \(error)"
        }
    }

    public var remedy: Remedy {
        switch self {
        case .listen(let error), .thread(let error): error.remedy
        }
    }
}
