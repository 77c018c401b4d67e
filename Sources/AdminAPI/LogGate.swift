// A bound on what strangers can make this process log.

import Vocabulary

/// Lets ten messages through in ten seconds and counts the others.
struct LogGate: Sendable {
    static let messagesMax = 10
    static let window = Duration.seconds(10)

    private var start: Instant?
    private var passed = 0
    private var dropped = 0

    /// Nil when the message is not to be logged; otherwise how many were dropped since the last one that was.
    mutating func pass(at now: Instant) -> Int? {
        if start.map({ now - $0 >= LogGate.window }) ?? true {
            start = now
            passed = 0
        }
        guard passed < LogGate.messagesMax else {
            dropped += 1
            return nil
        }
        passed += 1
        defer { dropped = 0 }
        return dropped
    }
}
