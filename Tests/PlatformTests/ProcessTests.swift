// Signals, child processes, and what a process knows of itself.

import Glibc
import Platform
import Testing
import Vocabulary

@Suite struct SignalTests {
    @Test func `a signal is read from its descriptor`() throws {
        struct Seen: Sendable {
            let before: [SignalNumber]
            let after: [SignalNumber]
        }
        let queue = WorkQueue<Seen>()
        // In a thread of its own, whose mask the other tests do not share.
        let thread = try WorkerThread.start(name: "signals") {
            guard let descriptor = try? Signals.open([.user1, .hangup]) else { return queue.close() }
            let before = Signals.read(descriptor)
            pthread_kill(pthread_self(), SIGUSR1)
            pthread_kill(pthread_self(), SIGHUP)
            queue.post(Seen(before: before, after: Signals.read(descriptor)))
            Socket.close(descriptor)
            queue.close()
        }
        var seen: [Seen] = []
        #expect(queue.takeAll(into: &seen))
        thread.join()
        #expect(seen.first?.before == [])
        #expect(Set(seen.first?.after ?? []) == [.user1, .hangup])
    }
}

@Suite struct ChildProcessTests {
    @Test func `a program's output, errors and exit code are collected`() throws {
        let result = try ChildProcess.run("/bin/sh", ["-c", "echo out; echo err >&2; exit 3"])
        #expect(result.status == .exited(code: 3))
        #expect(String(decoding: result.output, as: UTF8.self) == "out\n")
        #expect(String(decoding: result.error, as: UTF8.self) == "err\n")
    }

    @Test func `arguments and environment arrive as they are`() throws {
        let result = try ChildProcess.run(
            "/bin/sh", ["-c", "printf '%s|%s|%s' \"$1\" \"$2\" \"$GREETING\"", "sh", "a b", ""],
            environment: ["GREETING": "é=x"])
        #expect(String(decoding: result.output, as: UTF8.self) == "a b||é=x")
    }

    @Test func `output beyond the limit is dropped, and the program still ends`() throws {
        let result = try ChildProcess.run("/bin/sh", ["-c", "head -c 1000000 /dev/zero"], outputMax: 1000)
        #expect(result.status.isSuccess)
        #expect(result.output.count == 1000)
    }

    @Test func `a program that does not end by its deadline is killed`() throws {
        let result = try ChildProcess.run("/bin/sleep", ["1000"], until: MonotonicClock.now())
        #expect(result.status == .killed(signal: .kill))
    }

    @Test func `a program that does not exist is refused by name`() {
        let error = failure { () throws(SystemError) in try ChildProcess.run("/no/such/program", []) }
        #expect(error == SystemError(call: "posix_spawn", errno: ENOENT, subject: "/no/such/program"))
    }

    @Test func `a child's output is appended to its file, and its end is told`() throws {
        let directory = try TemporaryDirectory()
        let log = directory.file("log")
        for word in ["one", "two"] {
            let process = try ChildProcess.spawn(
                "/bin/sh", arguments: ["-c", "echo \(word); echo \(word) >&2"], outputPath: log, errorPath: log,
                startsSession: true)
            #expect(try ChildProcess.wait(process) == .exited(code: 0))
            #expect(!ChildProcess.isAlive(process))
        }
        let text = String(decoding: try FileSystem.readAll(log, limit: 100), as: UTF8.self)
        #expect(text == "one\none\ntwo\ntwo\n")
    }

    @Test func `a child is alive until it is killed, and a zombie is not`() throws {
        let process = try ChildProcess.spawn("/bin/sleep", arguments: ["1000"])
        #expect(ChildProcess.isAlive(process))
        #expect(try ChildProcess.wait(process, blocks: false) == nil)
        #expect(ChildProcess.signal(process, .kill) == nil)
        #expect(try ChildProcess.wait(process) == .killed(signal: .kill))
        #expect(!ChildProcess.isAlive(process))
        #expect(ChildProcess.signal(process, .terminate)?.errno == ESRCH)
        #expect(failure { () throws(SystemError) in try ChildProcess.wait(process) }?.errno == ECHILD)
    }

    /// Blocked and ignored signals pass through exec: a node started by a shell that ignores SIGHUP must still hear it.
    @Test func `a child starts with no signal blocked or ignored`() throws {
        Signals.ignoreBrokenPipe()
        let result = try ChildProcess.run("/bin/grep", ["-E", "^Sig(Blk|Ign)", "/proc/self/status"])
        let masks = String(decoding: result.output, as: UTF8.self).split(whereSeparator: { " \t\n".contains($0) })
        // Signals 32 and 33 are the C library's own.
        let standard = masks.compactMap { UInt64($0, radix: 16) }.map { $0 & 0x7FFF_FFFF }
        #expect(standard == [0, 0])
    }

    @Test func `a program is found where PATH leads`() {
        #expect(ChildProcess.find("sh")?.hasSuffix("/sh") == true)
        #expect(ChildProcess.find("/bin/sh") == "/bin/sh")
        #expect(ChildProcess.find("no-such-program-here") == nil)
    }
}

@Suite struct ThisProcessTests {
    @Test func `memory, processor time and descriptors are told`() {
        #expect(ThisProcess.residentMemory > 1 << 20)
        #expect(ThisProcess.processorTime > .zero)
        #expect(ThisProcess.openDescriptors >= 3)
        #expect(ThisProcess.descriptorLimit >= ThisProcess.openDescriptors)
        #expect(!ThisProcess.hostName.isEmpty)
        #expect(!ThisProcess.userName.isEmpty)
        #expect(ThisProcess.executablePath.hasPrefix("/"))
    }

    @Test func `the environment is read by name and as a whole`() {
        let all = ThisProcess.environment
        #expect(!all.isEmpty)
        for (name, value) in all { #expect(ThisProcess.environment(name) == value) }
        #expect(ThisProcess.environment("NO_SUCH_VARIABLE_HERE") == nil)
    }

    @Test func `the descriptor limit only rises`() {
        let limit = ThisProcess.descriptorLimit
        #expect(ThisProcess.raiseDescriptorLimit(to: 1) == limit)
        #expect(ThisProcess.raiseDescriptorLimit(to: limit) == limit)
    }

    @Test func `random words differ, and buffers of every size are filled`() {
        #expect(SystemRandom.word() != SystemRandom.word())
        #expect(SystemRandom.bytes(0) == [])
        #expect(Set(SystemRandom.bytes(5000)).count == 256)
    }

    @Test func `clocks go forward`() {
        let start = MonotonicClock.now()
        #expect(MonotonicClock.now() >= start)
        // 2026-01-01.
        #expect(WallClock.now() > Timestamp(microseconds: 1_767_225_600_000_000))
    }
}
