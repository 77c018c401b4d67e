// Failed logins: counted, and answered later the more there are.

public import Vocabulary

/// How late a failed login from an address is answered. Only refusals wait: a valid token is never slowed down, so that
/// whoever shares an address with an attacker can still work. Tokens are long random words, so guessing is hopeless
/// anyway; what the delay bounds, with the cap on connections, is the noise.
///
/// Remembers at most `addressesMax` addresses; the one that failed least recently makes room.
public struct LoginThrottle: Sendable {
    public static let addressesMax = 1024
    /// So many failures are answered at once: people mistype.
    public static let freeFailures = 3
    public static let delayMax = Duration.seconds(5)
    /// An address that did not fail for so long is forgotten.
    public static let memory = Duration.seconds(300)

    private struct Record {
        var failures: Int
        var last: Instant
    }

    private var records: [NetworkAddress: Record] = [:]

    public init() {}

    /// Counts a failure and says how long to hold its answer back: 0.2 s, 0.4 s, … up to `delayMax`.
    public mutating func failed(from address: NetworkAddress, at now: Instant) -> Duration {
        let key = address.network
        var record = records[key] ?? Record(failures: 0, last: now)
        if now - record.last > LoginThrottle.memory { record.failures = 0 }
        record.failures += 1
        record.last = now
        if records[key] == nil, records.count >= LoginThrottle.addressesMax { forgetOldest() }
        records[key] = record
        let beyond = record.failures - LoginThrottle.freeFailures
        guard beyond > 0 else { return .zero }
        return min(LoginThrottle.delayMax, .milliseconds(100 << min(beyond, 10)))
    }

    public var addresses: Int { records.count }

    private mutating func forgetOldest() {
        if let oldest = records.min(by: { $0.value.last < $1.value.last })?.key { records[oldest] = nil }
    }
}
