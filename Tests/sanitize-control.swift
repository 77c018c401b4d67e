// Two threads at one number, with a lock (`locked`) and without: what `Tests/sanitize thread` proves itself by.

import Glibc
import Synchronization

final class Numbers: Sendable {
    let guarded = Mutex(0)
    // The race is the point: without the word `locked` the sanitizer has to report it.
    nonisolated(unsafe) var bare = 0

    static let shared = Numbers()
    static let isLocked = CommandLine.arguments.contains("locked")

    func count() {
        for _ in 0..<200_000 {
            if Numbers.isLocked { guarded.withLock { $0 += 1 } } else { bare += 1 }
        }
    }
}

@main enum Control {
    static func main() {
        var first = pthread_t()
        var second = pthread_t()
        pthread_create(&first, nil, body, nil)
        pthread_create(&second, nil, body, nil)
        pthread_join(first, nil)
        pthread_join(second, nil)
    }

    private static let body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { _ in
        Numbers.shared.count()
        return nil
    }
}
