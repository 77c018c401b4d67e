// Verifying a timeline's log: every object against its name and checksums, and against those beside it.

import ArchiveFormat
import ArchiveStore
import ByteCoding
import LogFormat
import ObjectStores
import Vocabulary

/// The ends of frames near the place that a verification has come to, and who says so.
private struct ChainWindow {
    private(set) var ends: [LogIndex: (end: ChainEnd, object: String)] = [:]
    /// The last entry that an object has, and that object; also of those that could not be read.
    var reach = LogIndex.zero
    var reached: String?

    /// What is before an index is not looked at any more: objects come in the order of their first entries.
    mutating func forget(before index: LogIndex) { ends = ends.filter { $0.key >= index } }

    /// The object that says something else of an end that is known already.
    mutating func take(_ end: ChainEnd, of object: String) -> String? {
        if let known = ends[end.position.index] { return known.end == end ? nil : known.object }
        ends[end.position.index] = (end, object)
        return nil
    }
}

extension ArchiveVerify {
    mutating func verifyLog(of timeline: TimelineName, _ backups: [BackupPlace]) throws(RestoreError) {
        let places = Dictionary(backups.filter { $0.id.timeline == timeline }.map { ($0.position.index, $0) }) {
            first, _ in first
        }
        var window = ChainWindow()
        var good: [ClosedRange<LogIndex>] = []
        for item in view.runs[timeline]?.items ?? [] {
            let name = item.name
            window.forget(before: name.first.previous)
            guard let found = try read(item) else {
                try noteGap(before: name, start: nil, &window, places)
                continue
            }
            let isBehind = try noteGap(before: name, start: found.start, &window, places)
            let follows = try follow(found, name, &window, places)
            guard isBehind || follows else { continue }
            extend(&good, by: name, follows: follows)
        }
        verdict.ranges += good.map { (timeline.description, $0) }
    }

    /// An object of the log as far as it was read.
    private struct Found {
        let start: ChainEnd
        /// Of every frame, the last being the object's; empty when only the front was read.
        let ends: [ChainEnd]
        let digests: [CertifiedDigest]
    }

    /// Nil when it is not what was written, which is noted.
    private mutating func read(_ item: RunCatalogue.Item) throws(RestoreError) -> Found? {
        let text = item.name.description
        verdict.runs += 1
        do throws(ArchiveError) {
            if isQuick {
                let header = try ArchivedRun.header(of: item.name, from: view.store)
                count(ArchiveObject.frontLength)
                guard case .run(let facts) = header.contents else { return nil }
                verdict.entries += facts.last - facts.first + 1
                return Found(start: facts.start, ends: [], digests: [])
            }
            let run = try ArchivedRun.fetch(item.name, from: view.store)
            count(item.size)
            verdict.entries += run.facts.last - run.facts.first + 1
            return Found(start: run.start, ends: run.ends, digests: run.digests)
        } catch {
            // A tail goes as soon as a run holds it, which may be just now.
            if item.name.isTail, case .store(let error) = error, error.reason == .missing, try isHeld(item.name) {
                return nil
            }
            try note(error, of: text)
            return nil
        }
    }

    /// Whether a run has come since the list was taken that has everything that a tail had.
    private func isHeld(_ tail: RunName) throws(RestoreError) -> Bool {
        let now = try archived { () throws(ArchiveError) in
            try RunCatalogue.read(view.store, view.cluster, tail.timeline)
        }
        return now.items.contains { !$0.name.isTail && $0.name.first <= tail.first && tail.last <= $0.name.last }
    }

    /// What lies between an object and those before it. True when nothing is missing there.
    ///
    /// - Parameter start: what the object says that it follows; nil when it can not be read.
    @discardableResult
    private mutating func noteGap(
        before name: RunName, start: ChainEnd?, _ window: inout ChainWindow, _ backups: [LogIndex: BackupPlace]
    ) throws(RestoreError) -> Bool {
        defer {
            if name.last > window.reach { (window.reach, window.reached) = (name.last, name.description) }
        }
        guard name.first > window.reach.next else { return true }
        let text = name.description
        let gap = "entries \(window.reach.next) to \(name.first.previous)"
        if let start, start.chain == .origin {
            if window.reached != nil || !backups.keys.contains(where: { $0 >= start.position.index }) {
                let before = window.reached.map { " behind \($0)" } ?? ""
                note(.hole, text, "\(gap)\(before) are in no object: with this one the log was begun anew")
            }
            return true
        }
        if let before = window.reached {
            note(.missing, text, "\(gap) are in no object: they lie between \(before) and this one")
            return false
        }
        guard let start else { return false }
        if try isContinuation(of: start, name.timeline) { return true }
        // Old objects are removed up to the oldest backup, and the one that has what is behind it stays.
        if let oldest = backups.keys.min(), oldest >= start.position.index, oldest < name.last { return true }
        note(.missing, text, "\(gap) are in no object: the log before this one is gone")
        return false
    }

    /// Whether an earlier timeline has what this one goes on behind.
    private func isContinuation(of start: ChainEnd, _ timeline: TimelineName) throws(RestoreError) -> Bool {
        for earlier in view.timelines where earlier < timeline {
            let holding = (view.runs[earlier]?.items ?? []).map(\.name).filter {
                $0.first <= start.position.index && start.position.index <= $0.last
            }
            for name in holding {
                do throws(ArchiveError) {
                    if try ArchivedRun.fetch(name, from: view.store).ends.contains(start) { return true }
                } catch {
                    // It is told of where its own timeline is verified.
                    guard error.isDamage else { throw .archive(error) }
                }
            }
        }
        return false
    }

    /// Compares an object with those before it, and with the backups. False when it contradicts one.
    private mutating func follow(
        _ found: Found, _ name: RunName, _ window: inout ChainWindow, _ backups: [LogIndex: BackupPlace]
    ) throws(RestoreError) -> Bool {
        let text = name.description
        if name.first == LogIndex(1), found.start != .zero {
            note(.brokenChain, text, "it has the first entry of all, and says that it follows another")
            return false
        }
        if let other = window.take(found.start, of: text) {
            note(.brokenChain, text, "it does not follow \(other), which has the entry before it")
            return false
        }
        var isGood = true
        for end in found.ends {
            if isGood, let other = window.take(end, of: text) {
                note(.contradiction, text, "up to index \(end.position.index) it has other entries than \(other)")
                isGood = false
            }
            guard let backup = backups[end.position.index] else { continue }
            guard end.position == backup.position, end.checksum == backup.checksum else {
                note(.contradiction, backup.name, "the backup is of another history than \(text) at its index")
                continue
            }
        }
        for known in found.digests {
            guard let backup = backups[known.index], backup.digest != known.digest else { continue }
            note(
                .contradiction, backup.name,
                "the backup has digest \(backup.digest), and at its index \(text) says \(known.digest)")
        }
        return isGood
    }

    private func extend(_ ranges: inout [ClosedRange<LogIndex>], by name: RunName, follows: Bool) {
        if follows, let current = ranges.last, name.first <= current.upperBound.next {
            ranges[ranges.count - 1] = current.lowerBound...max(current.upperBound, name.last)
        } else {
            ranges.append(name.first...name.last)
        }
    }
}
