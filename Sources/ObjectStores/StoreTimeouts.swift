// How long a store may take.

/// All three hold for each request.
public struct StoreTimeouts: Hashable, Sendable {
    /// Until the connection stands, with the name's look-up and TLS.
    public var connect: Duration
    /// Until the answer is there. Long enough for the largest request on the slowest line that should do:
    /// `total >= partSize / bytes a second`.
    public var total: Duration
    /// Without any progress worth the name (`stallBytes` a second); at least 1 s, in whole seconds.
    public var stall: Duration

    /// Fewer bytes a second than this are a stall.
    public static let stallBytes = 1024

    public init(
        connect: Duration = .seconds(10), total: Duration = .seconds(600), stall: Duration = .seconds(30)
    ) {
        self.connect = connect
        self.total = total
        self.stall = stall
    }
}
