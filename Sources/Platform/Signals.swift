// Signals as readable events instead of interruptions.

import CSystem
import Glibc

/// A number of signal(7) that this project sends or handles.
public struct SignalNumber: RawRepresentable, Hashable, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let terminate = SignalNumber(rawValue: SIGTERM)
    public static let hangup = SignalNumber(rawValue: SIGHUP)
    public static let interrupt = SignalNumber(rawValue: SIGINT)
    public static let quit = SignalNumber(rawValue: SIGQUIT)
    public static let user1 = SignalNumber(rawValue: SIGUSR1)
    public static let child = SignalNumber(rawValue: SIGCHLD)
    public static let kill = SignalNumber(rawValue: SIGKILL)
    public static let stop = SignalNumber(rawValue: SIGSTOP)
    public static let `continue` = SignalNumber(rawValue: SIGCONT)
}

/// Signals delivered through a descriptor (signalfd(2)), which a reactor watches like any other.
public enum Signals {
    /// Blocks these signals in the calling thread, and so in all that it starts, and opens a descriptor that is
    /// readable while one of them is pending. To be called by the main thread before it starts another.
    /// SIGPIPE is ignored from then on: writing to what is closed is an outcome here.
    public static func open(_ signals: [SignalNumber]) throws(SystemError) -> Int32 {
        guard trireme_ignore_broken_pipe() == 0 else { throw SystemError("signal", "SIGPIPE") }
        let descriptor = trireme_signalfd(signals.map(\.rawValue), signals.count)
        guard descriptor >= 0 else { throw SystemError("signalfd", "") }
        return descriptor
    }

    /// Takes what is pending; empty when nothing is.
    public static func read(_ descriptor: Int32) -> [SignalNumber] {
        var signals: [SignalNumber] = []
        while case let number = trireme_signalfd_read(descriptor), number > 0 {
            signals.append(SignalNumber(rawValue: number))
        }
        return signals
    }

    /// Ignores SIGPIPE, for programs that open no signal descriptor.
    public static func ignoreBrokenPipe() { _ = trireme_ignore_broken_pipe() }
}
