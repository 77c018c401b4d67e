// A follower's log is damaged while it is down: until it says so, and until it is whole and in step again.

import ArchiveFormat
import Platform
import Vocabulary

extension Drill {
    func corruptLog(in directory: String) throws(ControlError) {
        let playground = try start(in: directory, nodes: max(3, order.nodes ?? 3), archive: "none")
        let before = try agreement(playground)
        let leader = try leader(playground)
        let file = try ClusterFile.read(playground.filePath)
        guard let entry = file.nodes.first(where: { $0.id != leader }) else {
            throw .noLeader(reason: "there is one node")
        }
        try playground.stop(entry.id)
        let log = playground.directory + "/" + entry.data + "/log"
        let damaged = try LogFlip.flip(log)
        note(.disaster, "\(entry.id) is down, and byte \(damaged.offset) of its \(damaged.file) is another")
        // Written while it is away, so that it has something to fetch as well.
        try load(playground, leader, prefix: "drill:meanwhile", count: 50)

        let watch = try QuarantineWatch.start(log + "/quarantine")
        try playground.start(entry.id, noded: order.noded)
        let deadline = MonotonicClock.now() + Drill.agreementPatience
        let found = try Pause.until(deadline) { () throws(ControlError) in watch.found }
        watch.end()
        guard let found else {
            record.failure = .init(code: "not-detected", text: "\(entry.id) did not put its damaged log aside")
            return
        }
        note(.detection, "\(entry.id) has found the damage and put its files aside", at: found)
        let whole = try Pause.until(deadline) { () throws(ControlError) -> Bool? in
            let node = try facts(playground).first { $0.id == entry.id }
            return node.map { $0.repair == nil && $0.healthy } == true ? true : nil
        }
        note(.response, whole == nil ? "\(entry.id) is not whole yet" : "\(entry.id) has fetched what was damaged")
        let after = try agreement(playground)
        note(.recovery, "\(entry.id) is in step at index \(after.index), with the digest of the others")
        check("log repaired", expected: "yes", found: whole == nil ? "no" : "yes")
        check("evidence kept", expected: "yes", found: FileSystem.exists(log + "/quarantine") ? "yes" : "no")
        check("entries lost", expected: "0", found: after.index > before.index ? "0" : "\(before.index - after.index)")
        check("records", expected: "\(before.keys + 50)", found: "\(after.keys)")
        try checkFlows(playground)
        try checkList(playground)
    }
}

/// Turns one bit in the body of a record that is not the last of its file: no crash leaves that.
enum LogFlip {
    private static let header = 128
    private static let recordHeader = 56
    private static let magic = Array("TRIR".utf8)
    private static let sizeMax = 1 << 30

    static func flip(_ directory: String) throws(ControlError) -> (file: String, offset: Int) {
        let names = try control { () throws(SystemError) in try FileSystem.listDirectory(directory) }
        for name in names.sorted() where name.hasPrefix("wal-") && name.hasSuffix(".seg") {
            let path = directory + "/" + name
            let bytes = try control { () throws(SystemError) in try FileSystem.readAll(path, limit: sizeMax) }
            guard let offset = place(in: bytes) else { continue }
            try control { () throws(SystemError) in
                let file = try File.open(path, mode: .readWrite)
                let flipped = [bytes[offset] ^ 0x10]
                try file.pwriteAll(flipped.span.bytes, at: offset)
                try file.synchronizeData()
            }
            return (name, offset)
        }
        throw .conflict(reason: "no file below \(directory) has two records", remedy: "run the drill again")
    }

    /// The middle of the body of the first record that another one follows.
    static func place(in bytes: [UInt8]) -> Int? {
        guard let length = length(in: bytes, at: header) else { return nil }
        let next = header + (recordHeader + length + 7) & ~7
        guard length > 0, self.length(in: bytes, at: next) != nil else { return nil }
        return header + recordHeader + length / 2
    }

    private static func length(in bytes: [UInt8], at place: Int) -> Int? {
        guard place + recordHeader <= bytes.count, Array(bytes[place + 48..<place + 52]) == magic else { return nil }
        return (0..<4).reduce(0) { $0 | Int(bytes[place + 4 + $1]) << (8 * $1) }
    }
}

/// When a directory came to be.
private final class QuarantineWatch: Sendable {
    private let path: String
    private let state = AtomicInstant()

    private init(_ path: String) { self.path = path }

    var found: Instant? { state.value }

    func end() { state.end() }

    static func start(_ path: String) throws(ControlError) -> QuarantineWatch {
        let watch = QuarantineWatch(path)
        let thread = try control { () throws(SystemError) in
            try WorkerThread.start(name: "drill-watch") {
                while !watch.state.isOver {
                    if FileSystem.exists(watch.path) { watch.state.set(MonotonicClock.now()) }
                    Pause.wait(.milliseconds(5))
                }
            }
        }
        thread.leave()
        return watch
    }
}
