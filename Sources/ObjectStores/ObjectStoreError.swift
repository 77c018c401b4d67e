// What a store of objects refuses, and what to do about it.

public import Vocabulary

/// A call that failed: which one, on which object, why. Never holds a secret.
public struct ObjectStoreError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Operation: String, Hashable, Sendable, CaseIterable {
        case put, get, list, delete, open
    }

    /// Told apart because each has a remedy of its own.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// There is no such object.
        case missing
        /// There is no such bucket or directory.
        case noContainer = "no-container"
        /// The store's host name has no address.
        case nameNotResolved = "name-not-resolved"
        /// Nobody accepts connections there.
        case refusedConnection = "refused-connection"
        /// No certificate that is trusted here, or no common version.
        case tls
        /// Credentials are missing, unknown, or do not match.
        case notAuthenticated = "not-authenticated"
        /// Known, and not allowed to do that.
        case denied
        /// The store's clock and this one's are too far apart.
        case clockSkew = "clock-skew"
        case throttled
        /// 5xx, or what is no answer of such a store.
        case serverError = "server-error"
        /// No answer, or too little of one, in time.
        case timeout
        /// The answer ended early, or is not what its checksum says.
        case truncated
        case noSpace = "no-space"
        /// The store keeps the object: a lock, a legal hold.
        case retained
        /// The store does not do that, or not in this way.
        case unsupported
        /// This process stops, and waited no longer.
        case stopped
        case failed
    }

    public let operation: Operation
    /// Where: the store's location, and the object's key unless it is about all of them.
    public let subject: String
    public let reason: Reason
    /// For people: what the store or the system says.
    public let text: String

    public init(_ operation: Operation, _ subject: String, _ reason: Reason, _ text: String) {
        self.operation = operation
        self.subject = subject
        self.reason = reason
        self.text = text
    }

    /// Whether the same call may succeed a little later, with nobody doing anything.
    public var isTransient: Bool {
        switch reason {
        case .nameNotResolved, .refusedConnection, .throttled, .serverError, .timeout, .truncated: true
        case .missing, .noContainer, .tls, .notAuthenticated, .denied, .clockSkew, .noSpace, .retained, .unsupported,
            .stopped, .failed:
            false
        }
    }

    public var description: String { "\(operation.rawValue) of \(subject) failed (\(reason.rawValue)): \(text)" }

    public var remedy: Remedy {
        switch reason {
        case .missing: .operate("run `nodectl archive verify`: it says whether the archive needs the object")
        case .noContainer: .operate("make the bucket or directory, or correct the archive's URL")
        case .nameNotResolved: .operate("check the host in the archive's URL, and this machine's name server")
        case .refusedConnection: .retry("see whether the store runs, and whether a firewall is in between")
        case .tls: .operate("name the certificate authority of the store in `archive.ca-file`, or correct its clock")
        case .notAuthenticated: .operate("check the credentials: they are read again when their file changes")
        case .denied: .operate("grant the archive's user to put, get, list and delete objects below the prefix")
        case .clockSkew: .operate("set this machine's clock: stores refuse what is signed 15 minutes off")
        case .throttled, .serverError, .timeout, .truncated:
            .retry("it is tried again; look at the store if that goes on")
        case .noSpace: .operate("make room in the store, or shorten the retention")
        case .retained: .automatic("it counts as kept, and is removed once the store lets it go")
        case .unsupported: .operate("run `nodectl archive check`: it says what the store can do")
        case .stopped: .automatic("it is done after the next start")
        case .failed: .operate("see what the store says")
        }
    }
}
