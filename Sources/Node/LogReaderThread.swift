// Reads old frames back from the log, away from the loop and from the thread that syncs.

import LogFormat
import LogStore
import Platform
import Replica
import Vocabulary

/// Takes `LogRead` wishes in order and answers each by a letter to the loop.
final class LogReaderThread: Sendable {
    private let wishes: WorkQueue<LogRead>

    private let thread: WorkerThread

    init(_ reader: LogReader<DirectoryStorage>, mail: Mailbox<LoopLetter>) throws(SystemError) {
        let wishes = WorkQueue<LogRead>()
        self.wishes = wishes
        thread = try WorkerThread.start(name: "log-reader") {
            var reader = reader
            var taken: [LogRead] = []
            while wishes.takeAll(into: &taken, waitUntil: nil) {
                for wish in taken { mail.post(LogReaderThread.serve(wish, &reader)) }
            }
        }
    }

    func post(_ wish: LogRead) { wishes.post(wish) }

    func stop() {
        wishes.close()
        thread.join()
    }

    private static func serve(_ wish: LogRead, _ reader: inout LogReader<DirectoryStorage>) -> LoopLetter {
        do throws(LogError) {
            do throws(LogError) {
                return try answer(wish, &reader)
            } catch {
                guard case .unreadable = error else { throw error }
                // Damage is what was seen twice.
                return try answer(wish, &reader)
            }
        } catch {
            return .readFailed(error, for: wish)
        }
    }

    private static func answer(
        _ wish: LogRead, _ reader: inout LogReader<DirectoryStorage>
    ) throws(LogError) -> LoopLetter {
        let limit = ByteCount(wish.byteLimit)
        guard wish.purpose == .apply else {
            return .frames(try reader.readFrames(from: wish.from, byteLimit: limit), for: wish)
        }
        var run = FrameRun()
        try reader.readRun(from: wish.from, byteLimit: limit, into: &run)
        return .run(run, for: wish)
    }
}
