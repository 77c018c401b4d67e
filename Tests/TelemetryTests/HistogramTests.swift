// The histogram against a sorted list of the same values.

import Testing
import Vocabulary

@testable import Telemetry

@Suite struct HistogramTests {
    @Test func `bucket bounds meet without gap or overlap`() {
        for bucket in 0..<Histogram.bucketCount - 1 {
            let bound = Histogram.upperBound(of: bucket)
            #expect(Histogram.bucket(of: bound) == bucket)
            #expect(Histogram.bucket(of: bound + 1) == bucket + 1)
        }
        #expect(Histogram.bucket(of: 0) == 0)
        #expect(Histogram.bucket(of: .max) == Histogram.bucketCount - 1)
        #expect(Histogram.upperBound(of: Histogram.bucketCount - 2) == 100_000_000_000)
    }

    @Test func `counts, sums and quantiles agree with a sorted list`() {
        var random = SplitMix64(seed: 7)
        for round in 0..<40 {
            var histogram = Histogram()
            var values: [UInt64] = []
            for _ in 0..<(1 + round * 25) {
                let value = random.next() >> (random.next() % 60 + 4)
                values.append(value)
                histogram.record(value)
            }
            values.sort()
            #expect(histogram.count == UInt64(values.count))
            #expect(histogram.sum == values.reduce(0, &+))
            #expect(histogram.maximum == values.last)
            for q in [0, 0.5, 0.9, 0.99, 1] {
                let exact = values[max(0, Int((Double(values.count) * q).rounded(.up)) - 1)]
                let estimate = histogram.quantile(q)
                #expect(estimate >= exact)
                #expect(exact > 100_000_000_000 || Double(estimate) <= Double(exact) * 1.1 + 1)
            }
            for bound in PrometheusWriter.durationBounds {
                #expect(histogram.count(upTo: bound) == UInt64(values.count { $0 <= bound }))
            }
        }
    }

    @Test func `merging is recording both`() {
        var random = SplitMix64(seed: 9)
        var (a, b, both) = (Histogram(), Histogram(), Histogram())
        for number in 0..<1000 {
            let value = random.next() >> 34
            if number % 3 == 0 { a.record(value) } else { b.record(value) }
            both.record(value)
        }
        a.merge(b)
        #expect(a == both)
    }

    @Test func `an empty histogram has zero for every figure`() {
        #expect(Histogram().quantile(0.99) == 0)
        #expect(Histogram().count(upTo: 1_000_000) == 0)
    }

    @Test func `durations count in nanoseconds and never below zero`() {
        var histogram = Histogram()
        histogram.record(.microseconds(55))
        histogram.record(.seconds(-1))
        histogram.record(.milliseconds(-1))
        #expect(histogram.sum == 55_000)
        #expect(histogram.count == 3)
    }
}
