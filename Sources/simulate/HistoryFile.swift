// A history that real clients have recorded, judged as a simulated one is.

import ArgumentParser
import Platform
import Simulation

struct HistoryFile {
    let path: String

    /// Says whether it is linearizable. Fails when it is not, or when that cannot be decided.
    func judge() throws {
        let history: History
        do {
            let bytes = try FileSystem.readAll(path, limit: 1 << 30)
            history = try History(parsing: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw ValidationError("\(path): \(error)")
        }
        switch LinearizabilityJudge().verdict(on: history) {
        case .linearizable:
            StandardStreams.writeOutput("\(path): \(history.operations.count) operations, linearizable\n")
        case let verdict:
            StandardStreams.writeOutput("\(path): FAILED linearizability\n\(verdict)\n")
            throw ExitCode(1)
        }
    }
}
