// One node's process: found by its number and its configuration, started detached, signalled, waited for.

import Platform
import Vocabulary

/// The process that runs a node's configuration. A number alone proves nothing, since it may be somebody else's by now:
/// the process's own arguments are looked at before it is signalled.
struct NodeProcess: Hashable, Sendable {
    let number: Int32
    /// Absolute path of the configuration that it was started with.
    let config: String

    enum State: String, Hashable, Sendable {
        case running, paused, stopped
    }

    var state: State {
        guard number > 0, ChildProcess.isAlive(number), arguments.contains(config) else { return .stopped }
        return isPaused ? .paused : .running
    }

    /// Starts `program` on this configuration, detached from the terminal, its output appended to `logFile`. Our own
    /// `TRIREME_*` variables are not passed on: the node's file alone says how it runs. The one that lets tests
    /// damage a node is: it sets nothing.
    static func start(program: String, config: String, logFile: String) throws(ControlError) -> NodeProcess {
        let environment = ThisProcess.environment.filter {
            !$0.key.hasPrefix("TRIREME_") || $0.key == "TRIREME_TEST_HOOKS"
        }
        let number = try control { () throws(SystemError) in
            try ChildProcess.spawn(
                program, arguments: ["--config", config], environment: environment, outputPath: logFile,
                errorPath: logFile, startsSession: true)
        }
        return NodeProcess(number: number, config: config)
    }

    /// How the process ended, if it did and was started by this one. Nil while it runs.
    var ending: ExitStatus? {
        guard let status = try? ChildProcess.wait(number, blocks: false) else { return nil }
        return status
    }

    /// Sends a signal; does nothing to a process that is not the node's.
    func signal(_ signal: SignalNumber) throws(ControlError) {
        guard state != .stopped else { return }
        // It may end between the look and the signal, which is then as good.
        if let error = ChildProcess.signal(number, signal), ChildProcess.isAlive(number) { throw .system(error) }
    }

    /// Whether it is gone before the deadline.
    func isGone(by deadline: Instant) throws(ControlError) -> Bool {
        try Pause.until(deadline) { () throws(ControlError) in state == .stopped ? true : nil } ?? false
    }

    private var arguments: [String] {
        guard let bytes = try? FileSystem.readAll("/proc/\(number)/cmdline", limit: 1 << 16) else { return [] }
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// State `T` of proc(5): stopped by a signal. It stands behind the name, which may hold parentheses itself.
    private var isPaused: Bool {
        guard let bytes = try? FileSystem.readAll("/proc/\(number)/stat", limit: 1 << 16) else { return false }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.lastIndex(of: ")") else { return false }
        return text[text.index(after: end)...].first { $0 != " " } == "T"
    }
}
