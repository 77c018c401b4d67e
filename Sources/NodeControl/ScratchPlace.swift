// A directory for a drill, removed with every process in it, whatever happens.
//
// 1. Only directories of this form of name are touched, and only while no drill that lives holds their lock.
// 2. A process is ended only if one of its arguments is a path in that directory.

import Platform
import Vocabulary

enum ScratchPlace {
    static let prefix = "trireme-drill"
    /// Held as long as the drill lives: that tells a leftover from a directory that is in use.
    private static let owner = "/owner"

    /// Runs `body` with a directory of its own. What a killed drill has left is removed before.
    ///
    /// - Parameter top: where to make it; nil for the place of temporary files.
    static func with<Value>(
        _ top: String?, _ body: (String) throws(ControlError) -> Value
    ) throws(ControlError) -> Value {
        let named = top ?? ThisProcess.environment("TMPDIR") ?? "/tmp"
        // Links resolved: nodes have such paths in their arguments.
        let top = try control { () throws(SystemError) in try FileSystem.realPath(named) }
        removeLeftovers(top)
        let directory = top + "/" + prefix + "-" + String(SystemRandom.word(), radix: 36)
        try control { () throws(SystemError) in try FileSystem.makeDirectory(directory) }
        defer { remove(directory) }
        let lock = try control { () throws(SystemError) in
            try File.open(directory + owner, mode: .openOrCreate)
        }
        guard try control({ () throws(SystemError) in try lock.tryLock() }) else {
            throw .conflict(reason: "\(directory) was taken by another drill", remedy: "run it again")
        }
        return try body(directory)
    }

    private static func removeLeftovers(_ top: String) {
        guard let names = try? FileSystem.listDirectory(top) else { return }
        for name in names where name.hasPrefix(prefix + "-") {
            let directory = top + "/" + name
            // Without that file it is just being made.
            guard FileSystem.exists(directory + owner),
                let lock = try? File.open(directory + owner, mode: .readWrite), (try? lock.tryLock()) == true
            else { continue }
            remove(directory)
        }
    }

    private static func remove(_ directory: String) {
        for number in processes(in: directory) {
            _ = ChildProcess.signal(number, .kill)
            let deadline = MonotonicClock.now() + Playground.stopPatience
            _ = try? Pause.until(deadline) { () throws(ControlError) in
                // Our own child stays until it is waited for.
                _ = try? ChildProcess.wait(number, blocks: false)
                return ChildProcess.isAlive(number) && uses(number, directory) ? nil : true
            }
        }
        try? FileSystem.removeTree(directory)
    }

    /// Also those that no file of a playground names yet.
    private static func processes(in directory: String) -> [Int32] {
        let numbers = ((try? FileSystem.listDirectory("/proc")) ?? []).compactMap { Int32($0) }
        return numbers.filter { $0 != ThisProcess.identifier && uses($0, directory) }
    }

    private static func uses(_ number: Int32, _ directory: String) -> Bool {
        guard let bytes = try? FileSystem.readAll("/proc/\(number)/cmdline", limit: 1 << 16) else { return false }
        return bytes.split(separator: 0).contains { $0.starts(with: (directory + "/").utf8) }
    }
}
