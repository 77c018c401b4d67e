// Guessing tokens is made slow, for the address that guesses and for nobody else.

import Platform
import Vocabulary

/// Failed logins by address, and how long the next one from there has to wait. Holds a bounded number of addresses.
///
/// The first few failures cost nothing; from then on each doubles the wait, up to a second: whoever shares an address
/// with someone who guesses, as behind a proxy, is served late and not refused.
struct LoginBrake {
    static let freeFailures = 3
    static let waitMin = Duration.milliseconds(50)
    static let waitMax = Duration.seconds(1)
    /// After so long without a failure an address begins anew.
    static let memory = Duration.seconds(60)
    static let addressesMax = 1024

    private struct Record {
        var failures: Int
        var last: Instant
    }
    private var records: [SocketAddress: Record] = [:]

    var count: Int { records.count }

    mutating func failed(_ address: SocketAddress, at now: Instant) {
        if records[address] == nil, records.count >= LoginBrake.addressesMax { makeRoom(at: now) }
        let known = records[address].map { now - $0.last > LoginBrake.memory ? 0 : $0.failures } ?? 0
        records[address] = Record(failures: known + 1, last: now)
    }

    /// From when on a login that comes now from `address` is looked at.
    func loginAt(_ address: SocketAddress, now: Instant) -> Instant {
        guard let record = records[address], record.failures > LoginBrake.freeFailures else { return now }
        let doublings = min(16, record.failures - LoginBrake.freeFailures - 1)
        return max(now, record.last + min(LoginBrake.waitMax, LoginBrake.waitMin * (1 << doublings)))
    }

    private mutating func makeRoom(at now: Instant) {
        records = records.filter { now - $0.value.last <= LoginBrake.memory }
        guard records.count >= LoginBrake.addressesMax,
            let oldest = records.min(by: { $0.value.last < $1.value.last })
        else { return }
        records[oldest.key] = nil
    }
}
