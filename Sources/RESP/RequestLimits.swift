// What one request may cost before it is refused.

public import Vocabulary

/// Bounds on one request. All are inclusive; all lengths are checked when they are announced, before anything waits.
public struct RequestLimits: Hashable, Sendable {
    /// Bytes of one argument.
    public var bulkLengthMax: Int
    /// Arguments of one request, the command's name included.
    public var argumentsMax: Int
    /// Bytes of an inline request's line, without its end.
    public var inlineLengthMax: Int
    /// Bytes of one request as sent. Above `bulkLengthMax`, so that the largest argument fits with its command.
    public var requestBytesMax: Int
    /// Whether a line of plain words is a request at all.
    public var allowsInline: Bool
    /// True for a client that has not logged in: the refusals then say so, as Redis does.
    public var isBeforeLogin: Bool

    /// The largest settable argument: Redis's own bound.
    public static let bulkLengthCeiling = ByteCount.mebibytes(512)
    /// What a request may need beside its largest argument.
    public static let requestOverhead = 1 << 20

    /// Traps when `bulkLengthMax` is not within 1 and `bulkLengthCeiling`, or `argumentsMax` is not positive.
    public init(
        bulkLengthMax: ByteCount = .mebibytes(64), argumentsMax: Int = 1 << 20,
        inlineLengthMax: ByteCount = .kibibytes(64), allowsInline: Bool = true
    ) {
        precondition(bulkLengthMax > .zero && bulkLengthMax <= RequestLimits.bulkLengthCeiling, "\(bulkLengthMax)")
        precondition(argumentsMax > 0 && argumentsMax <= 1 << 24, "\(argumentsMax) arguments")
        precondition(inlineLengthMax > .zero && inlineLengthMax <= .mebibytes(1), "\(inlineLengthMax)")
        self.bulkLengthMax = bulkLengthMax.rawValue
        self.argumentsMax = argumentsMax
        self.inlineLengthMax = inlineLengthMax.rawValue
        self.requestBytesMax = bulkLengthMax.rawValue + RequestLimits.requestOverhead
        self.allowsInline = allowsInline
        self.isBeforeLogin = false
    }

    /// The bounds for a client that has not logged in: 10 arguments and 16 KiB, or less where these bounds are lower.
    public var beforeLogin: RequestLimits {
        var limits = self
        limits.bulkLengthMax = min(bulkLengthMax, 16 << 10)
        limits.argumentsMax = min(argumentsMax, 10)
        limits.inlineLengthMax = min(inlineLengthMax, 16 << 10)
        limits.requestBytesMax = min(requestBytesMax, 16 << 10)
        limits.isBeforeLogin = true
        return limits
    }
}
