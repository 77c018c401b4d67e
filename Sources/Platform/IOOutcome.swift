// What came of one attempt to move bytes, over a plain socket and over TLS alike.

/// The result of one non-blocking read or write. A value, not an error: all but `failed` are everyday.
public enum IOOutcome: Hashable, Sendable {
    /// So many bytes were moved: at least one, at most the buffer's size.
    case bytes(Int)
    /// Nothing was moved: try again when the descriptor is readable.
    case wouldBlockRead
    /// Nothing was moved: try again when the descriptor is writable.
    case wouldBlockWrite
    /// The other end has closed, or has finished sending.
    case end
    /// The connection is of no more use. Boxed, so that the other outcomes stay in registers.
    indirect case failed(IOFailure)
}

/// Why a connection is of no more use.
public enum IOFailure: Error, Hashable, Sendable, CustomStringConvertible {
    case system(SystemError)
    /// TLS refused: what the other end sent or said, as text for a log.
    case secured(String)

    public var description: String {
        switch self {
        case .system(let error): error.description
        case .secured(let text): text
        }
    }
}
