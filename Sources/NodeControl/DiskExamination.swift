// The file systems below a node: room, kind, ownership, and how long a sync really takes.

import ByteCoding
import Platform
import Settings
import Vocabulary

enum DiskExamination {
    /// Below this, no device that keeps its promise answers: it is a cache that says "synced" and is not, or no device.
    static let syncImplausible = Duration.microseconds(15)
    /// Above this, writes are slower than anybody expects.
    static let syncSlow = Duration.milliseconds(20)
    static let syncSamples = 31

    static func findings(_ node: String, _ settings: NodeSettings) -> [Finding] {
        let snapshots = settings.snapshots.directory
        let isElsewhere = !(snapshots + "/").hasPrefix(settings.dataDirectory + "/")
        let directories = [settings.dataDirectory, settings.logDirectory] + (isElsewhere ? [snapshots] : [])
        return directories.filter(FileSystem.exists).unique.flatMap { directory in
            owner(node, directory) + mount(node, directory) + room(node, directory, settings) + sync(node, directory)
        }
    }

    private static func owner(_ node: String, _ directory: String) -> [Finding] {
        guard let status = try? FileSystem.status(directory) else { return [] }
        var findings: [Finding] = []
        if status.permissions & 0o077 != 0 {
            findings.append(
                Finding(
                    .warning, node, "\(directory) has mode 0\(String(status.permissions, radix: 8)): others may use it",
                    remedy: "run `chmod 700 \(directory)`"))
        }
        if status.owner != ThisProcess.userID, ThisProcess.userID != 0 {
            findings.append(
                Finding(
                    .note, node, "\(directory) belongs to user \(status.owner), not to \(ThisProcess.userName)",
                    remedy: "run doctor as the node's user for a full examination"))
        }
        return findings
    }

    private static func mount(_ node: String, _ directory: String) -> [Finding] {
        guard let text = try? FileSystem.readAll("/proc/mounts", limit: 1 << 20),
            let real = try? FileSystem.realPath(directory),
            let mount = MountTable(String(decoding: text, as: UTF8.self)).mount(of: real)
        else { return [] }
        if mount.isInMemory {
            return [
                Finding(
                    .warning, node, "\(directory) is on \(mount.kind) (\(mount.point)): nothing survives a power loss",
                    remedy: "put `data.directory` on a disk, unless this is a test")
            ]
        }
        if mount.isOverNetwork {
            return [
                Finding(
                    .warning, node, "\(directory) is on \(mount.kind) (\(mount.point)): syncs go over a network",
                    remedy: "put `data.directory` on a local disk")
            ]
        }
        if let option = mount.unsafeOption {
            return [
                Finding(
                    .warning, node, "\(directory) is mounted with `\(option)`: a sync may not reach the disk",
                    remedy: "remount \(mount.point) without it")
            ]
        }
        return [Finding(.good, node, "\(directory) is on \(mount.kind) (\(mount.point))")]
    }

    private static func room(_ node: String, _ directory: String, _ settings: NodeSettings) -> [Finding] {
        guard let space = try? FileSystem.freeSpace(directory) else { return [] }
        let free = ByteCount((space.free >> 20) << 20)
        let needed = settings.log.reserve.rawValue + 4 * settings.log.segmentSize.rawValue
        let remedy = "free space there, or enlarge it"
        var findings: [Finding] = []
        if space.free < settings.log.reserve.rawValue {
            findings.append(
                Finding(.error, node, "\(directory) has \(free) left: less than `log.reserve`", remedy: remedy))
        } else if space.free < needed || space.total > 0 && space.free < space.total / 20 {
            findings.append(Finding(.warning, node, "\(directory) has \(free) left", remedy: remedy))
        } else {
            findings.append(Finding(.good, node, "\(directory) has \(free) left"))
        }
        if space.freeFiles < 1000 {
            findings.append(
                Finding(.warning, node, "\(directory): only \(space.freeFiles) more files can be made", remedy: remedy))
        }
        return findings
    }

    private static func sync(_ node: String, _ directory: String) -> [Finding] {
        do throws(SystemError) {
            return [judge(sync: try syncTime(directory), node, directory)]
        } catch {
            return [Finding(.note, node, "the sync time could not be measured: \(error)", remedy: error.remedy.text)]
        }
    }

    static func judge(sync median: Duration, _ node: String, _ directory: String) -> Finding {
        let time = "\(median.inNanoseconds / 1000) us"
        if median < syncImplausible {
            return Finding(
                .warning, node, "a sync in \(directory) takes \(time), which no disk can do: something answers for it",
                remedy: "look for a write cache without power protection, or a file system in memory")
        }
        if median > syncSlow {
            return Finding(
                .warning, node, "a sync in \(directory) takes \(time): every write waits that long",
                remedy: "use a faster device for `log.directory`")
        }
        return Finding(.good, node, "a sync in \(directory) takes \(time)")
    }

    /// The median time of `fdatasync` after 4 KiB into a file that is written already, as the log does it.
    private static func syncTime(_ directory: String) throws(SystemError) -> Duration {
        let path = directory + "/.doctor-" + String(SystemRandom.word(), radix: 36)
        let file = try File.open(path, mode: .create)
        defer { _ = try? FileSystem.remove(path) }
        let page = [UInt8](repeating: 0x5A, count: 4096)
        for position in 0..<syncSamples { try file.pwriteAll(page.rawBytes, at: position * page.count) }
        try file.synchronize()
        var times: [Duration] = []
        for position in 0..<syncSamples {
            try file.pwriteAll(page.rawBytes, at: position * page.count)
            let began = MonotonicClock.now()
            try file.synchronizeData()
            times.append(MonotonicClock.now() - began)
        }
        return times.sorted()[syncSamples / 2]
    }
}

/// What is mounted where, as proc(5) lists it.
struct MountTable {
    struct Mount: Hashable {
        let point: String
        let kind: String
        let options: [Substring]

        var isInMemory: Bool { ["tmpfs", "ramfs"].contains(kind) }
        var isOverNetwork: Bool { ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph"].contains(kind) }
        /// An option that lets a sync return before the disk has the data.
        var unsafeOption: String? {
            let found = options.first { ["nobarrier", "barrier=0", "eatmydata", "volatile"].contains($0) }
            return found.map(String.init)
        }
    }

    private let mounts: [Mount]

    init(_ text: String) {
        mounts = text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count >= 4 else { return nil }
            return Mount(
                point: MountTable.unescape(fields[1]), kind: String(fields[2]), options: fields[3].split(separator: ",")
            )
        }
    }

    /// The mount that an absolute path without links is on: the longest that contains it, the last of equals.
    func mount(of path: String) -> Mount? {
        mounts.filter { $0.point == "/" || path == $0.point || path.hasPrefix($0.point + "/") }
            .enumerated().max { ($0.element.point.count, $0.offset) < ($1.element.point.count, $1.offset) }?.element
    }

    /// Spaces and the like are written as `\040`.
    private static func unescape(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
