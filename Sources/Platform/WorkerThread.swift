// A named thread with an end that can be waited for.

import CSystem
import Glibc

/// A thread of this process. Whoever starts it joins it, or leaves it to itself.
public struct WorkerThread: Sendable {
    private let handle: pthread_t

    /// Starts a thread that runs `body` once. Of the name, the kernel keeps 15 bytes.
    ///
    /// - Parameter yields: every other thread goes first at the disk.
    public static func start(
        name: String, yields: Bool = false, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) -> WorkerThread {
        let work = Unmanaged.passRetained(Work(name: name, yields: yields, body: body))
        var handle = pthread_t()
        let failure = pthread_create(
            &handle, nil,
            { argument in
                guard let argument else { return nil }
                // Balances `passRetained`: the thread owns its work from here on.
                let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
                _ = trireme_name_thread(work.name)
                if work.yields { _ = trireme_yield_to_others() }
                work.body()
                return nil
            }, work.toOpaque())
        guard failure == 0 else {
            work.release()
            throw SystemError(call: "pthread_create", errno: failure, subject: name)
        }
        return WorkerThread(handle: handle)
    }

    /// Waits until the body has returned. To be called exactly once.
    public func join() {
        let failure = pthread_join(handle, nil)
        precondition(failure == 0, "pthread_join failed with errno \(failure): joined twice, or by itself")
    }

    /// Lets the thread end by itself, with nobody waiting. Instead of `join`, and once.
    public func leave() {
        let failure = pthread_detach(handle)
        precondition(failure == 0, "pthread_detach failed with errno \(failure): joined or left already")
    }

    private final class Work: Sendable {
        let name: String
        let yields: Bool
        let body: @Sendable () -> Void

        init(name: String, yields: Bool, body: @escaping @Sendable () -> Void) {
            self.name = String(decoding: name.utf8.prefix(15), as: UTF8.self)
            self.yields = yields
            self.body = body
        }
    }
}
