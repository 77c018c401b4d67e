// Processes that this one starts: nodes of a playground, and short helper programs.

import CSystem
import Glibc
public import Vocabulary

/// How a process ended.
public enum ExitStatus: Hashable, Sendable, CustomStringConvertible {
    case exited(code: Int32)
    case killed(signal: SignalNumber)

    public var isSuccess: Bool { self == .exited(code: 0) }
    public var description: String {
        switch self {
        case .exited(let code): "exit code \(code)"
        case .killed(let signal): "signal \(signal.rawValue)"
        }
    }
}

/// What a helper program did.
public struct ProgramResult: Hashable, Sendable {
    public let status: ExitStatus
    public let output: [UInt8]
    public let error: [UInt8]
}

public enum ChildProcess {
    /// Starts a program (posix_spawn(3)) with no signal blocked or ignored, and standard input empty.
    ///
    /// - Parameters:
    ///   - arguments: those after the program's name.
    ///   - environment: nil passes this process's own on.
    ///   - outputPath: a file that standard output is appended to, made when missing; nil shares this process's.
    ///   - errorPath: the same for standard error; may be the same file.
    ///   - startsSession: detaches it from this terminal and session (setsid(2)), so that it outlives both.
    public static func spawn(
        _ executable: String, arguments: [String], environment: [String: String]? = nil, outputPath: String? = nil,
        errorPath: String? = nil, startsSession: Bool = false
    ) throws(SystemError) -> Int32 {
        let output = try appending(outputPath)
        defer { if output >= 0 { close(output) } }
        let error = try appending(errorPath)
        defer { if error >= 0 { close(error) } }
        return try spawn(
            executable, arguments: arguments, environment: environment, startsSession: startsSession, output: output,
            error: error)
    }

    /// Runs a program to its end and collects what it writes, up to `outputMax` bytes each; what is more is dropped.
    /// Past the deadline it is killed. For helpers of tools, never on a node's reactor: it blocks.
    public static func run(
        _ executable: String, _ arguments: [String], environment: [String: String]? = nil, outputMax: Int = 16 << 20,
        until deadline: Instant? = nil
    ) throws(SystemError) -> ProgramResult {
        var output = try Pipe()
        var error = try Pipe()
        let process = try spawn(
            executable, arguments: arguments, environment: environment, startsSession: false,
            output: output.writing, error: error.writing)
        output.closeWriting()
        error.closeWriting()
        if !Pipe.collect(&output, &error, max: outputMax, until: deadline) { _ = signal(process, .kill) }
        guard let status = try wait(process) else { throw SystemError(call: "waitpid", errno: ECHILD, subject: "") }
        return ProgramResult(status: status, output: output.bytes, error: error.bytes)
    }

    /// Whether a process of that number exists and has not ended. Children that ended and were not waited for, which
    /// still have their number, count as ended.
    public static func isAlive(_ process: Int32) -> Bool {
        guard Glibc.kill(process, 0) == 0 || errno == EPERM else { return false }
        // The state stands behind the name, which may hold parentheses itself.
        guard let text = try? ThisProcess.procFile("/proc/\(process)/stat"), let end = text.lastIndex(of: ")") else {
            return false
        }
        let state = text[text.index(after: end)...].first { $0 != " " }
        return state != "Z" && state != "X"
    }

    /// Sends a signal. An error when there is no such process or it belongs to somebody else.
    public static func signal(_ process: Int32, _ signal: SignalNumber) -> SystemError? {
        Glibc.kill(process, signal.rawValue) == 0 ? nil : SystemError("kill", String(process))
    }

    /// Waits for a child's end and takes its status (waitpid(2)). Nil while it runs, if `blocks` is false.
    public static func wait(_ process: Int32, blocks: Bool = true) throws(SystemError) -> ExitStatus? {
        while true {
            var status: Int32 = 0
            let found = waitpid(process, &status, blocks ? 0 : WNOHANG)
            if found == 0 { return nil }
            if found == process {
                let code = trireme_exit_status(status)
                return code >= 0 ? .exited(code: code) : .killed(signal: SignalNumber(rawValue: -code))
            }
            if !wasInterrupted { throw SystemError("waitpid", String(process)) }
        }
    }

    /// Where `PATH` leads for a program's name; a name with a slash is taken as it is. Nil when there is none.
    public static func find(_ program: String) -> String? {
        if program.contains("/") { return access(program, X_OK) == 0 ? program : nil }
        let path = ThisProcess.environment("PATH") ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":").map { $0 + "/" + program }.first { access($0, X_OK) == 0 }
    }

    private static func spawn(
        _ executable: String, arguments: [String], environment: [String: String]?, startsSession: Bool, output: Int32,
        error: Int32
    ) throws(SystemError) -> Int32 {
        var process: Int32 = 0
        let failure = CStrings.with([executable] + arguments) { arguments in
            guard let environment else {
                return trireme_spawn(
                    &process, executable, arguments, trireme_environment(), startsSession ? 1 : 0, output, error)
            }
            return CStrings.with(environment.map { $0.key + "=" + $0.value }.sorted()) {
                trireme_spawn(&process, executable, arguments, $0, startsSession ? 1 : 0, output, error)
            }
        }
        guard failure == 0 else { throw SystemError(call: "posix_spawn", errno: failure, subject: executable) }
        return process
    }

    private static func appending(_ path: String?) throws(SystemError) -> Int32 {
        guard let path else { return -1 }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        return descriptor
    }
}

/// Strings as the kernel takes them: a list of pointers with a null behind.
private enum CStrings {
    typealias Pointers = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    static func with<Result>(_ strings: [String], _ body: (Pointers) -> Result) -> Result {
        let pointers = Pointers.allocate(capacity: strings.count + 1)
        for (position, string) in strings.enumerated() { (pointers + position).initialize(to: strdup(string)) }
        (pointers + strings.count).initialize(to: nil)
        defer {
            for position in strings.indices { free(pointers[position]) }
            pointers.deallocate()
        }
        return body(pointers)
    }
}
