// Waiting in a tool that polls: for time to pass, or for something to become true.

import Platform
public import Vocabulary

public enum Pause {
    /// Waits for this long. poll(2) skips negative descriptors, so that time alone ends it.
    static func wait(_ duration: Duration) {
        _ = Socket.wait(-1, .readable, until: MonotonicClock.now() + duration)
    }

    /// Asks until `check` gives a value, with a pause between; nil when the deadline passed before.
    public static func until<Value>(
        _ deadline: Instant, every pause: Duration = .milliseconds(20),
        _ check: () throws(ControlError) -> Value?
    ) throws(ControlError) -> Value? {
        while true {
            if let value = try check() { return value }
            if MonotonicClock.now() + pause > deadline { return nil }
            wait(pause)
        }
    }
}
