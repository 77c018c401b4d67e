// Times of day: how they are written, and when it is time.

import Testing
import Vocabulary

@Suite struct DailyTimeTests {
    @Test("every minute of a day is written and read back", arguments: Array(stride(from: 0, to: 1440, by: 7)))
    func roundTrip(minute: Int) throws {
        let text = (minute / 60 < 10 ? "0" : "") + "\(minute / 60):" + (minute % 60 < 10 ? "0" : "") + "\(minute % 60)"
        let time = try #require(DailyTime(text))
        #expect(time.minute == minute)
        #expect(time.description == text)
    }

    @Test(
        "another form is no time of day",
        arguments: ["", "2:00", "02:0", "24:00", "02:60", "02-00", "+2:00", "02:00Z", " 2:00", "０２:00"])
    func refusals(text: String) { #expect(DailyTime(text) == nil) }

    @Test("the last time is at most a day ago, and at that minute")
    func last() throws {
        let time = try #require(DailyTime("02:00"))
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<1000 {
            let now = Timestamp(rawValue: UInt64.random(in: 86_400_000_000..<4_000_000_000_000_000, using: &generator))
            let last = time.last(through: now)
            #expect(last <= now && now.rawValue - last.rawValue < 86_400_000_000)
            #expect(last.rawValue % 86_400_000_000 == 7_200_000_000)
            #expect(time.last(through: last) == last)
        }
        #expect(time.last(through: Timestamp(rawValue: 5)) == .zero)
    }
}

@Suite struct DailyJobTests {
    private let minute: UInt64 = 60_000_000

    @Test("a daily job is due once a day, at its time, however often one looks")
    func onceADay() throws {
        let time = try #require(DailyTime("03:00"))
        var job = DailyJob()
        var due: [UInt64] = []
        // From noon, three days.
        for minutes in UInt64(720)..<UInt64(720 + 3 * 1440) {
            if job.isDue(time, at: Timestamp(rawValue: minutes * minute)) { due.append(minutes % 1440) }
        }
        #expect(due == [180, 180, 180])
    }

    @Test("a job whose time was missed by hours waits for the next day, and one that is off is never due")
    func missed() throws {
        let time = try #require(DailyTime("03:00"))
        var job = DailyJob()
        let looks: [(time: DailyTime?, minute: UInt64)] = [
            (time, 120), (time, 300), (time, 1440 + 181), (nil, 2 * 1440 + 181),
        ]
        let due = looks.map { job.isDue($0.time, at: Timestamp(rawValue: $0.minute * minute)) }
        #expect(due == [false, false, true, false])
    }

    @Test("a clock that is set back does not make a job due again")
    func setBack() throws {
        let time = try #require(DailyTime("03:00"))
        var job = DailyJob()
        let due = [120, 181, 170, 182].map { job.isDue(time, at: Timestamp(rawValue: $0 * minute)) }
        #expect(due == [false, true, false, false])
    }
}
