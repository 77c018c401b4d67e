// Worlds with an archive.

import Testing

@testable import Simulation

struct ArchiveTests {
    @Test func `what leaders ship is judged, and nothing of it is hidden behind a hole that was told`() {
        var figures = RunFigures()
        for seed in 1...12 as ClosedRange<UInt64> {
            let report = Schedule(seed: seed, length: 8_000_000_000).run()
            #expect(report.violation == nil, "seed \(seed)")
            figures += report.figures
        }
        #expect(figures.archives > 2)
        #expect(figures.archiveObjects > 20)
        #expect(figures.archiveRestores > 2)
        #expect(figures.archiveHidden == 0)
    }

    @Test func `a schedule without an archive has none, whatever its seed draws`() throws {
        var schedule = Schedule(seed: 1, length: 3_000_000_000)
        schedule.mayHaveArchive = false
        for seed in 1...8 as ClosedRange<UInt64> {
            schedule.seed = seed
            #expect(schedule.run().figures.archives == 0)
        }
        #expect(try Schedule(text: schedule.text) == schedule)
        schedule.mayHaveArchive = true
        #expect(try Schedule(text: schedule.text) == schedule)
    }

    /// It got the same error whenever it tried, and nobody else came to lead.
    @Test func `a leader that can not read what it has to ship lets another one lead`() {
        #expect(Schedule(seed: 700_088).run().violation == nil)
    }
}
