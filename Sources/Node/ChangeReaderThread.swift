// Reads the log as changes for those who follow them, away from the loop: decompressing, matching and writing included.

import LogFormat
import LogStore
import Platform
import Replica
import Vocabulary

/// Takes jobs in order and answers each by a letter to the loop. Not the thread that reads for followers: a consumer
/// far behind must not hold up a node that is.
final class ChangeReaderThread: Sendable {
    struct Order: Sendable {
        var token: UInt64
        var job: ChangeJob
    }

    /// What came of an order. What is wrong with the log is told beside what the consumer hears.
    struct Letter: Sendable {
        var token: UInt64
        var result: Result<ChangePage, ChangeReadFailure>
        var error: LogError?
    }

    private let orders: WorkQueue<Order>
    private let thread: WorkerThread

    init(_ reader: LogReader<DirectoryStorage>, mail: Mailbox<LoopLetter>) throws(SystemError) {
        let orders = WorkQueue<Order>()
        self.orders = orders
        thread = try WorkerThread.start(name: "change-reader") {
            var reader = reader
            var taken: [Order] = []
            while orders.takeAll(into: &taken, waitUntil: nil) {
                for order in taken { mail.post(.changes(ChangeReaderThread.serve(order, &reader))) }
            }
        }
    }

    func post(_ order: Order) { orders.post(order) }

    func stop() {
        orders.close()
        thread.join()
    }

    private static func serve(_ order: Order, _ reader: inout LogReader<DirectoryStorage>) -> Letter {
        do throws(LogError) {
            let page = try page(of: order.job, &reader)
            // A log that was just cut gives nothing at its end.
            let isMoved = page.next > order.job.query.from
            return Letter(token: order.token, result: isMoved ? .success(page) : .failure(.notWritten))
        } catch {
            let failure: ChangeReadFailure =
                switch error {
                case .released(_, let first): .released(first: first)
                case .beyondEnd: .notWritten
                default: .unreadable
                }
            return Letter(token: order.token, result: .failure(failure), error: failure == .unreadable ? error : nil)
        }
    }

    private static func page(
        of job: ChangeJob, _ reader: inout LogReader<DirectoryStorage>
    ) throws(LogError) -> ChangePage {
        var frames = job.frames
        if frames.isEmpty { frames = try reader.readFrames(from: job.query.from, byteLimit: ChangeJob.bytesMax) }
        var scan = ChangeScan(job)
        for frame in frames where scan.wantsMore {
            do throws(FrameError) { try scan.take(frame) } catch {
                // Its checksum was verified when it was received or read, and it was applied: this is a bug.
                preconditionFailure("committed frame at \(frame.header.firstIndex) can not be read: \(error)")
            }
        }
        return scan.end()
    }
}
