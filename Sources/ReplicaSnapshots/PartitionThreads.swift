// The threads that a replay has beside the loop's own.

public import Keyspace
public import Platform

/// Carries out partitions of a keyspace, one on the calling thread and one on each of its own, which sleep between.
public final class PartitionThreads: PartitionRunner {
    public let width: Int
    private let orders: [WorkQueue<KeyspacePartition>]
    private let done = WorkQueue<KeyspacePartition>()
    private let threads: [WorkerThread]

    /// More partitions than these are no faster: the loop has to put them together.
    private static let widthMax = 8

    public init(processors: Int = ThisProcess.processors) throws(SystemError) {
        var orders: [WorkQueue<KeyspacePartition>] = []
        var threads: [WorkerThread] = []
        for number in 1..<max(1, min(processors, PartitionThreads.widthMax)) {
            let queue = WorkQueue<KeyspacePartition>()
            threads.append(
                try WorkerThread.start(name: "apply-\(number)") { [done] in
                    var taken: [KeyspacePartition] = []
                    while queue.takeAll(into: &taken) {
                        while var partition = taken.popLast() {
                            partition.run()
                            done.post(partition)
                        }
                    }
                })
            orders.append(queue)
        }
        width = orders.count + 1
        self.orders = orders
        self.threads = threads
    }

    /// For one thread at a time.
    public func run(_ partitions: inout [KeyspacePartition]) {
        let count = partitions.count
        precondition(count <= width, "\(count) partitions for \(width) threads")
        for queue in orders.prefix(count - 1) { queue.post(partitions.removeLast()) }
        partitions[0].run()
        var taken: [KeyspacePartition] = []
        while partitions.count < count {
            guard done.takeAll(into: &taken) else { preconditionFailure("a partition that did not come back") }
            partitions += taken
        }
        partitions.sort { $0.number < $1.number }
    }

    public func stop() {
        for queue in orders { queue.close() }
        for thread in threads { thread.join() }
    }
}
