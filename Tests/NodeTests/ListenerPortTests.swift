// A port without descriptors rests instead of spinning; tokens are told from all else.

import ByteCoding
import Glibc
import Platform
import Testing
import Vocabulary

@testable import Node

@Suite struct ListenerPortTests {
    @Test func `a port rests when the process is out of descriptors, and goes on later`() async {
        await #expect(processExitsWith: .success) {
            let reactor = try Reactor()
            let port = try ListenerPort(try freeAddress(), reactor: reactor)
            let visitor = try Visitor(port.address)
            let now = Instant(nanoseconds: 1_000_000_000)
            var events: [ReadyEvent] = []
            func look() -> Int {
                reactor.wait(until: Instant(nanoseconds: 0), into: &events)
                return events.count
            }
            reactor.wait(until: farDeadline(), into: &events)
            try #require(events.first?.registration == port.registration)
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            var none = rlimit(rlim_cur: 0, rlim_max: limit.rlim_max)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none)
            let failure = port.accept(at: now) { _, _ in Issue.record("accepted without a descriptor") }
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            #expect(failure != nil)
            #expect(port.restsUntil == now + ListenerPort.restInterval)
            #expect(look() == 0, "the loop would not sleep")
            port.wake(at: now + ListenerPort.restInterval + .nanoseconds(-1))
            #expect(look() == 0)
            port.wake(at: now + ListenerPort.restInterval)
            #expect(port.restsUntil == nil)
            #expect(look() == 1)
            var accepted: [Int32] = []
            #expect(port.accept(at: now) { descriptor, _ in accepted.append(descriptor) } == nil)
            #expect(accepted.count == 1)
            for descriptor in accepted { Socket.close(descriptor) }
            port.close()
            visitor.close()
            #expect(reactor.count == 0)
        }
    }

    @Test func `tokens are accepted byte for byte`() {
        let tokens = TokenSet([Array("first".utf8), Array("second".utf8)])
        for (text, isAccepted) in [
            ("first", true), ("second", true), ("firs", false), ("first ", false), ("", false), ("FIRST", false),
        ] {
            let bytes = Array(text.utf8)
            let found = tokens.accepts(bytes.rawBytes)
            #expect(found == isAccepted, "\(text)")
        }
        let empty: [UInt8] = []
        let found = TokenSet([]).accepts(empty.rawBytes)
        #expect(!found)
    }
}
