// How long logins wait, and what is remembered for it.

import Platform
import Testing
import Vocabulary

@testable import Node

@Suite struct LoginBrakeTests {
    let start = Instant(nanoseconds: 1_000_000_000)

    private func address(_ number: Int) -> SocketAddress {
        SocketAddress(v4: (10, UInt8(number >> 16 & 255), UInt8(number >> 8 & 255), UInt8(number & 255)), port: 0)
    }

    @Test func `the wait doubles from the fourth failure on, up to its bound`() {
        var brake = LoginBrake()
        let waits = (1...12).map { _ in
            brake.failed(address(1), at: start)
            return brake.loginAt(address(1), now: start) - start
        }
        let expected = [0, 0, 0, 50, 100, 200, 400, 800, 1000, 1000, 1000, 1000].map { Duration.milliseconds($0) }
        #expect(waits == expected)
        #expect(brake.loginAt(address(2), now: start) == start)
        #expect(brake.loginAt(address(1), now: start + .seconds(5)) == start + .seconds(5))
    }

    @Test func `an address that was quiet for long begins anew`() {
        var brake = LoginBrake()
        for _ in 1...9 { brake.failed(address(1), at: start) }
        let later = start + LoginBrake.memory + .nanoseconds(1)
        brake.failed(address(1), at: later)
        #expect(brake.loginAt(address(1), now: later) == later)
    }

    @Test func `no more addresses than allowed are remembered, the latest of them`() {
        var brake = LoginBrake()
        for number in 0..<3 * LoginBrake.addressesMax {
            for _ in 1...4 { brake.failed(address(number), at: start + .microseconds(Int64(number))) }
        }
        #expect(brake.count == LoginBrake.addressesMax)
        let last = start + .microseconds(Int64(3 * LoginBrake.addressesMax - 1))
        #expect(brake.loginAt(address(3 * LoginBrake.addressesMax - 1), now: last) > last)
        #expect(brake.loginAt(address(0), now: last) == last)
    }
}
