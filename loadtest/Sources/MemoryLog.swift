// How much memory each node had, over the course of a run.

import Platform
import Vocabulary

/// The largest resident memory of each node in each tenth of a run.
struct MemoryLog {
    static let parts = 10

    private let cluster: TestedCluster
    private let began: Instant
    private let duration: Duration
    private var processes: [(id: String, pid: Int32)] = []
    private var nextSample: Instant
    /// Bytes, by node and part; 0 where the node did not run.
    private(set) var peaks: [String: [Int]] = [:]

    init(cluster: TestedCluster, began: Instant, duration: Duration) {
        self.cluster = cluster
        self.began = began
        self.duration = duration
        nextSample = began
        reload()
    }

    /// Reads the processes' numbers again, after one was started.
    mutating func reload() {
        guard let file = try? cluster.file() else { return }
        processes = file.nodes.compactMap { node in node.pid.map { (node.id, $0) } }
    }

    /// Looks once a second.
    mutating func sample(now: Instant) {
        guard now >= nextSample else { return }
        nextSample = now + .seconds(1)
        let share = (now - began).inSeconds / max(duration.inSeconds, 1)
        let part = min(MemoryLog.parts - 1, max(0, Int(share * Double(MemoryLog.parts))))
        for process in processes {
            var row = peaks[process.id] ?? Array(repeating: 0, count: MemoryLog.parts)
            row[part] = max(row[part], ThisProcess.residentMemory(of: process.pid))
            peaks[process.id] = row
        }
    }

    /// A row per node, in MiB.
    var table: [[String]] {
        peaks.sorted { $0.key < $1.key }.map { id, row in [id] + row.map { String($0 >> 20) } }
    }
}
