// Runs in processes of their own: what the shipped code asserts ends a process, and must not end the search.

import ArgumentParser
import Platform
import Simulation
import Vocabulary

/// What came of one seed.
struct SeedResult {
    let seed: UInt64
    /// The run's last line.
    let summary: String
    let isGood: Bool
    /// What a judge said, or the process's last words.
    let reason: String
}

struct Runner {
    /// Seeds that one process runs.
    static let chunk: UInt64 = 20

    let bug: PlantedBug?
    let nodes: Int?
    let length: Seconds?
    let traceLines: Int

    func schedule(_ seed: UInt64) -> Schedule {
        Schedule(seed: seed, nodes: nodes, length: length.map { $0.duration.inNanoseconds })
    }

    static func readSchedule(_ path: String) throws -> Schedule {
        do {
            return try Schedule(text: String(decoding: try FileSystem.readAll(path, limit: 16 << 20), as: UTF8.self))
        } catch let error as ScheduleError {
            throw ValidationError("\(path), \(error).")
        } catch let error as SystemError {
            throw ValidationError("\(error)")
        }
    }

    // MARK: In this process

    /// Prints a line for each seed, and one of figures for all.
    func runHere(_ range: SeedRange, replay: Schedule?) {
        var figures = RunFigures()
        for seed in range.seeds {
            let report = (replay ?? schedule(seed)).run(bug: bug)
            figures += report.figures
            StandardStreams.writeOutput(report.summary + "\n")
            if let violation = report.violation { StandardStreams.writeOutput("reason \(violation)\n") }
            if replay != nil { break }
        }
        StandardStreams.writeOutput("figures \(figures.line)\n")
    }

    /// One run with the last lines of its trace when it fails.
    func show(_ schedule: Schedule, minimises: Bool) throws {
        let child = try runInChild(schedule)
        guard !child.isGood else { return StandardStreams.writeOutput(child.summary + "\n") }
        if child.summary.hasSuffix("FAILED \(Violation.Judge.invariants.rawValue)") {
            StandardStreams.writeOutput("the process ended: \(child.reason)\n")
        } else {
            let report = schedule.run(bug: bug, traceLines: traceLines)
            for line in report.trace.suffix(traceLines) { StandardStreams.writeOutput(line + "\n") }
            if let violation = report.violation { StandardStreams.writeOutput("\(violation)\n") }
        }
        if minimises { try minimise(schedule) }
        StandardStreams.writeOutput(child.summary + "\n")
        throw ExitCode(1)
    }

    private func minimise(_ schedule: Schedule) throws {
        var minimiser = Minimiser(schedule) { candidate in (try? runInChild(candidate).isGood) == false }
        let small = minimiser.run()
        let path = "seed-\(schedule.seed).schedule"
        try FileSystem.writeAtomically(path, Array(small.text.utf8).span.bytes)
        StandardStreams.writeOutput(
            """
            \(schedule.faults.count) faults in \(schedule.length / 1_000_000) ms became \(small.faults.count) in \
            \(small.length / 1_000_000) ms after \(minimiser.runs) runs; see it with: simulate --replay \(path)

            """)
    }

    // MARK: In processes of their own

    /// Runs a schedule in a process of its own.
    private func runInChild(_ schedule: Schedule) throws -> SeedResult {
        let directory = try FileSystem.makeTemporaryDirectory(prefix: "simulate")
        defer { try? FileSystem.removeTree(directory) }
        let path = directory + "/schedule"
        try FileSystem.writeAtomically(path, Array(schedule.text.utf8).span.bytes)
        let output = try child(["--replay", path])
        return results(of: output, schedule.seed...schedule.seed)[0]
    }

    private func child(_ arguments: [String]) throws -> ProgramResult {
        var all = arguments + ["--in-child"]
        if let bug { all += ["--bug", bug.rawValue] }
        if let nodes { all += ["--nodes", String(nodes)] }
        if let length { all += ["--length", "\(length.duration.inNanoseconds / 1_000_000_000)s"] }
        return try ChildProcess.run("/proc/self/exe", all)
    }

    /// A seed without a line is where the process ended.
    private func results(of child: ProgramResult, _ seeds: ClosedRange<UInt64>) -> [SeedResult] {
        var results: [SeedResult] = []
        let lines = String(decoding: child.output, as: UTF8.self).split(separator: "\n").map(String.init)
        for (number, line) in lines.enumerated() where line.hasPrefix("seed ") {
            let next = number + 1 < lines.count ? lines[number + 1] : ""
            results.append(
                SeedResult(
                    seed: seeds.lowerBound + UInt64(results.count), summary: line, isGood: line.hasSuffix(" ok"),
                    reason: next.hasPrefix("reason ") ? String(next.dropFirst(7)) : ""))
        }
        let dead = seeds.lowerBound + UInt64(results.count)
        if dead <= seeds.upperBound {
            let judge = Violation.Judge.invariants.rawValue
            let lines = String(decoding: child.error, as: UTF8.self).split(separator: "\n")
            let words = lines.first { $0.contains("Fatal") }
            results.append(
                SeedResult(
                    seed: dead, summary: "seed \(dead) trace none FAILED \(judge)", isGood: false,
                    reason: words.map(String.init) ?? "\(child.status)"))
        }
        return results
    }

    /// Runs seeds, all of them even when a process ends in between. `isEnough` is asked after each process.
    func run(
        _ seeds: ClosedRange<UInt64>, figures: inout RunFigures, isEnough: ([SeedResult]) -> Bool = { _ in false }
    ) throws -> [SeedResult] {
        var all: [SeedResult] = []
        var next = seeds.lowerBound
        while next <= seeds.upperBound, !isEnough(all) {
            let part = next...min(seeds.upperBound, next + Runner.chunk - 1)
            let child = try child(["--seeds", "\(part.lowerBound)..\(part.upperBound)"])
            let results = results(of: child, part)
            let lines = String(decoding: child.output, as: UTF8.self).split(separator: "\n")
            if let line = lines.last(where: { $0.hasPrefix("figures ") }) { figures += RunFigures(line: line) }
            all += results
            next += UInt64(results.count)
        }
        return all
    }

    // MARK: Many seeds

    func runAll(_ range: SeedRange) throws {
        let began = MonotonicClock.now()
        var figures = RunFigures()
        let results = try run(range.seeds, figures: &figures)
        try conclude(results, figures, took: MonotonicClock.now() - began)
    }

    func runFresh(for time: Seconds) throws {
        let began = MonotonicClock.now()
        var figures = RunFigures()
        let first = SystemRandom.word() >> 24
        let results = try run(first...first + 1 << 32, figures: &figures) { _ in
            MonotonicClock.now() - began >= time.duration
        }
        try conclude(results, figures, took: MonotonicClock.now() - began)
    }

    private func conclude(_ results: [SeedResult], _ figures: RunFigures, took: Duration) throws {
        let bad = results.filter { !$0.isGood }
        for result in bad {
            StandardStreams.writeOutput("\(result.summary)\n  \(result.reason.prefix(400))\n")
        }
        let seconds = took.inSeconds
        StandardStreams.writeOutput(
            "\(figures.line)\n\(figures.simulated / 3_600_000) cluster-hours in \(Int(seconds)) s: "
                + "\(Int(figures.pace(tookSeconds: seconds))) simulated per real hour\n")
        if results.count == 1, let only = results.first { StandardStreams.writeOutput(only.summary + "\n") }
        StandardStreams.writeOutput(
            "seeds \(results.first?.seed ?? 0)..\(results.last?.seed ?? 0): \(results.count - bad.count) ok, "
                + "\(bad.count) failed\n")
        if let worst = bad.first {
            StandardStreams.writeOutput("look at it with: simulate --seed \(worst.seed) --minimise\n")
            throw ExitCode(1)
        }
    }
}
