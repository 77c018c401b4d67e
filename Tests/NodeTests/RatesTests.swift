// How fast counters grow, as INFO tells it.

import Testing
import Vocabulary

@testable import Node

struct RatesTests {
    @Test func `a rate is what was counted between the oldest and the newest of sixteen samples`() {
        var rates = Rates()
        #expect(rates.perSecond(\.commands) == 0)
        for step in 0..<100 as Range<UInt64> {
            let sample = Rates.Sample(commands: step * step, received: step * 100, sent: 0)
            rates.take(sample, at: Instant(nanoseconds: step * 100_000_000))
            if step == 0 { #expect(rates.perSecond(\.received) == 0) }
        }
        #expect(rates.perSecond(\.received) == 1000)
        #expect(rates.perSecond(\.sent) == 0)
        // From the 84th to the 99th sample, in one and a half seconds.
        #expect(rates.perSecond(\.commands) == (99 * 99 - 84 * 84) * 2 / 3)
    }
}
