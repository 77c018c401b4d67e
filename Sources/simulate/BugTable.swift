// Every planted bug must be found: which seed finds which, and which judge.

import ArgumentParser
import Platform
import Simulation

struct BugTable {
    let runner: Runner
    let seeds: SeedRange

    /// Prints a line for each bug. Fails when one is not found.
    func run() throws {
        var missed = 0
        for bug in PlantedBug.allCases {
            let planted = Runner(bug: bug, nodes: runner.nodes, length: runner.length, traceLines: 0)
            var figures = RunFigures()
            let results = try planted.run(seeds.seeds, figures: &figures) { $0.contains { !$0.isGood } }
            let name = bug.rawValue + String(repeating: " ", count: max(1, 30 - bug.rawValue.utf8.count))
            if let found = results.first(where: { !$0.isGood }) {
                let judge = found.summary.split(separator: " ").last ?? ""
                StandardStreams.writeOutput("\(name) caught by seed \(found.seed), judge \(judge)\n")
            } else {
                missed += 1
                StandardStreams.writeOutput("\(name) NOT caught by \(results.count) seeds\n")
            }
        }
        let count = PlantedBug.allCases.count
        StandardStreams.writeOutput("\(count - missed) of \(count) planted bugs caught\n")
        if missed > 0 { throw ExitCode(1) }
    }
}
