// What this process is and uses: names, limits, memory, environment.

import CSystem
import Glibc

public enum ThisProcess {
    public static var identifier: Int32 { getpid() }
    public static var userID: UInt32 { geteuid() }

    /// The effective user's name, or its number when it has none.
    public static var userName: String {
        var entry = passwd()
        var result: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 4096)
        guard getpwuid_r(userID, &entry, &buffer, buffer.count, &result) == 0, result != nil, let name = entry.pw_name
        else { return String(userID) }
        return String(cString: name)
    }

    /// The machine's own name, without a domain that it may have.
    public static var hostName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// One variable of the environment.
    public static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// The whole environment. Nothing in this project changes it after the start, so reading it is safe.
    public static var environment: [String: String] {
        var variables: [String: String] = [:]
        var next = trireme_environment()
        while let place = next, let text = place.pointee {
            let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
            next = place + 1
        }
        return variables
    }

    /// How many of the machine's processors are there to be used; at least 1.
    public static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Memory in use that belongs to this process, in bytes (VmRSS). 0 when the kernel does not tell.
    public static var residentMemory: Int { residentMemory(of: identifier) }

    /// The same of any process of this machine.
    public static func residentMemory(of process: Int32) -> Int {
        guard let text = try? procFile("/proc/\(process)/statm") else { return 0 }
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
    }

    /// Processor time that this process used, in user and kernel mode together.
    public static var processorTime: Duration {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// The same in user mode and in kernel mode, as finely as the kernel tells them apart.
    public static var processorTimes: (user: Duration, system: Duration) {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func duration(_ time: timeval) -> Duration { .seconds(time.tv_sec) + .microseconds(time.tv_usec) }
        return (duration(usage.ru_utime), duration(usage.ru_stime))
    }

    /// How many descriptors are open.
    public static var openDescriptors: Int {
        // The listing itself holds one.
        ((try? FileSystem.listDirectory("/proc/self/fd").count) ?? 1) - 1
    }

    /// How many descriptors may be open.
    public static var descriptorLimit: Int {
        var limit = rlimit()
        return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? Int(clamping: limit.rlim_cur) : 0
    }

    /// Raises the limit of open descriptors towards `wanted`, as far as the hard limit allows.
    /// - Returns: the limit from now on.
    @discardableResult public static func raiseDescriptorLimit(to wanted: Int) -> Int {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < wanted else { return descriptorLimit }
        limit.rlim_cur = min(rlim_t(wanted), limit.rlim_max)
        setrlimit(resource, &limit)
        return descriptorLimit
    }

    /// Writes no core file when this process crashes: one would hold keys and records.
    public static func forbidCoreFiles() {
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
    }

    /// Gives memory that was freed back to the system, as far as whole pages are free (malloc_trim(3)). May take a
    /// while when there is much; other threads wait for it only while they ask the same arena for memory.
    public static func giveBackFreedMemory() { trireme_trim_memory() }

    /// For a program whose memory grows by gigabytes, some kilobytes at a time, on several threads: its heaps grow
    /// in large steps (mallopt(3)), which take no room until they are used. Otherwise every few pages that are made,
    /// and every read of some megabytes, cost a system call and fresh memory. Before the first thread.
    public static func prepareToGrow() { trireme_prepare_memory() }

    /// The path of the running program.
    public static var executablePath: String {
        (try? FileSystem.realPath("/proc/self/exe")) ?? CommandLine.arguments.first ?? ""
    }

    /// The directory that relative paths count from.
    public static var workingDirectory: String { (try? FileSystem.realPath(".")) ?? "." }

    public static var isStandardInputTerminal: Bool { isatty(STDIN_FILENO) == 1 }
    public static var isStandardOutputTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
    public static var isStandardErrorTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Puts this program in its own place (execve(2)), with its arguments and environment: the same process, begun
    /// anew. All other threads end; descriptors are closed, as each was opened to be. The file that runs is the one
    /// that was started, also if a newer one has its name by now. Signals that are blocked stay so and are not lost.
    ///
    /// - Returns: only when the kernel refuses.
    public static func startAnew() -> SystemError {
        execve("/proc/self/exe", CommandLine.unsafeArgv, trireme_environment())
        return SystemError("execve", "/proc/self/exe")
    }

    /// What process lists call this process; the kernel keeps 15 bytes. To be called on its first thread.
    public static func setName(_ name: String) {
        _ = trireme_name_thread(String(decoding: name.utf8.prefix(15), as: UTF8.self))
    }

    /// Ends the process at once with this code; nothing is flushed but by those who did it before.
    public static func exit(_ code: Int32) -> Never { Glibc._exit(code) }

    /// Files below `/proc` have no size: they are read until they end.
    static func procFile(_ path: String) throws(SystemError) -> String {
        let bytes = try File.open(path, mode: .readOnly).read(1 << 16, at: 0)
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Standard output and standard error as bytes.
public enum StandardStreams {
    /// Writes all of the bytes to standard output, waiting while a pipe is full. What a reader that is gone does not
    /// take is dropped.
    public static func writeOutput(_ bytes: RawSpan) { write(bytes, to: STDOUT_FILENO) }
    /// The same to standard error.
    public static func writeError(_ bytes: RawSpan) { write(bytes, to: STDERR_FILENO) }

    public static func writeOutput(_ text: String) { writeOutput(Array(text.utf8).span.bytes) }
    public static func writeError(_ text: String) { writeError(Array(text.utf8).span.bytes) }

    private static func write(_ bytes: RawSpan, to descriptor: Int32) {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let part = UnsafeRawBufferPointer(rebasing: rest)
                let count = Glibc.write(descriptor, part.baseAddress, part.count)
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if errno == EAGAIN {
                    var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&wait, 1, -1)
                } else if !wasInterrupted {
                    return
                }
            }
        }
    }
}
