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
        try until(deadline, every: pause, upTo: pause, check)
    }

    /// The same for what may take long: pauses grow with the time that has passed, to a second, since every question
    /// costs all nodes a connection.
    static func untilDone<Value>(
        _ deadline: Instant, _ check: () throws(ControlError) -> Value?
    ) throws(ControlError) -> Value? {
        try until(deadline, every: .milliseconds(50), upTo: .seconds(1), check)
    }

    private static func until<Value>(
        _ deadline: Instant, every first: Duration, upTo longest: Duration,
        _ check: () throws(ControlError) -> Value?
    ) throws(ControlError) -> Value? {
        var pause = first
        while true {
            if let value = try check() { return value }
            if MonotonicClock.now() + pause > deadline { return nil }
            wait(pause)
            pause = min(pause * 5 / 4, longest)
        }
    }
}
