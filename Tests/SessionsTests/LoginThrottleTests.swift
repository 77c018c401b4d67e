// Failed logins: the delays, their end, and the bound on memory.

import Sessions
import Testing
import Vocabulary

@Suite struct LoginThrottleTests {
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    @Test func `the fourth failure waits, each further one twice as long, up to the most`() throws {
        var throttle = LoginThrottle()
        let address = try #require(NetworkAddress("10.0.0.1"))
        let delays = (0..<12).map { _ in throttle.failed(from: address, at: start).inNanoseconds / 1_000_000 }
        #expect(delays == [0, 0, 0, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000])
        let other = try #require(NetworkAddress("10.0.0.2"))
        #expect(throttle.failed(from: other, at: start) == .zero)
        #expect(throttle.failed(from: address, at: start + .seconds(299)) == .seconds(5))
        #expect(throttle.failed(from: address, at: start + .seconds(299 + 301)) == .zero)
    }

    @Test func `a network of IPv6 counts as one address`() throws {
        var throttle = LoginThrottle()
        for host in 1...4 {
            let address = try #require(NetworkAddress("2001:db8::\(host)"))
            #expect((throttle.failed(from: address, at: start) > .zero) == (host == 4))
        }
    }

    @Test func `no more addresses are remembered than agreed, and the oldest go first`() {
        var throttle = LoginThrottle()
        let first = NetworkAddress(high: 0, low: 0xFFFF_0000_0000)
        for _ in 0..<4 { _ = throttle.failed(from: first, at: start) }
        for host in 1...UInt64(LoginThrottle.addressesMax) {
            let address = NetworkAddress(high: 0, low: 0xFFFF_0000_0000 + host)
            _ = throttle.failed(from: address, at: start + .milliseconds(host))
        }
        #expect(throttle.addresses == LoginThrottle.addressesMax)
        #expect(throttle.failed(from: first, at: start + .seconds(2)) == .zero)
    }
}
