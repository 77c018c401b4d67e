// Sizes, positions and moments: arithmetic, order, and how people read them.

import Foundation
import Testing
import Vocabulary

@Suite struct QuantityTests {
    @Test(arguments: [
        (0, "0B"), (1, "1B"), (1023, "1023B"), (1024, "1KiB"), (1535, "1535B"), (1 << 20, "1MiB"), (3 << 19, "1536KiB"),
        (64 << 20, "64MiB"), (1 << 30, "1GiB"), ((1 << 30) + 1024, "1048577KiB"),
    ])
    func `a size is told in the largest unit that divides it`(bytes: Int, text: String) {
        #expect(ByteCount(bytes).description == text)
    }

    @Test func `a position is newer by its term first, then by its index`() {
        let ordered = [(0, 0), (1, 1), (1, 9), (2, 3), (3, 1)].map {
            LogPosition(term: Term(UInt64($0.0)), index: LogIndex(UInt64($0.1)))
        }
        #expect(ordered.shuffled().sorted() == ordered)
        #expect(ordered[2].description == "1:9")
    }

    @Test func `indexes count the entries between them, in both directions`() {
        #expect(LogIndex(10) - LogIndex(7) == 3)
        #expect(LogIndex(7) - LogIndex(10) == -3)
        #expect(LogIndex(7) + 3 == LogIndex(10))
        #expect(LogIndex(7).next.previous == LogIndex(7))
    }

    @Test func `moments and durations add up to the nanosecond`() {
        let moment = Instant(nanoseconds: 5_000_000_000)
        #expect((moment + .milliseconds(1)) - moment == .nanoseconds(1_000_000))
        #expect((moment + .nanoseconds(-1)) - moment == .nanoseconds(-1))
        #expect(Duration.seconds(-2).inNanoseconds == -2_000_000_000)
        #expect(Duration.milliseconds(1500).inSeconds == 1.5)
    }
}

@Suite struct TimestampTests {
    @Test func `a timestamp is told in RFC 3339, with microseconds`() {
        #expect(Timestamp.zero.description == "1970-01-01T00:00:00.000000Z")
        #expect(Timestamp(microseconds: 951_782_399_999_999).description == "2000-02-28T23:59:59.999999Z")
        #expect(Timestamp(microseconds: 951_782_400_000_000).description == "2000-02-29T00:00:00.000000Z")
    }

    @Test func `its calendar is Foundation's, through four centuries`() {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "yyyy-MM-dd"
        for day in stride(from: 0, to: 146_097, by: 13) {
            let seconds = UInt64(day) * 86_400
            let expected = formatter.string(from: Date(timeIntervalSince1970: TimeInterval(seconds)))
            #expect(Timestamp(microseconds: seconds * 1_000_000).description.hasPrefix(expected))
        }
    }

    @Test func `entries of a frame follow each other by a microsecond`() {
        #expect(Timestamp(microseconds: 10).advanced(by: 3) == Timestamp(microseconds: 13))
        #expect(Timestamp(microseconds: 1_999).milliseconds == 1)
    }
}
