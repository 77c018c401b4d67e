// Builds of secondary indexes: told when they end, proved before they go into service, shown while a start waits for
// them.

import Keyspace
import Logging
import Platform
import Replica
import Telemetry
import Vocabulary

/// What the loop knows of indexes that are being built.
struct IndexBuildCare {
    var watch = IndexBuildWatch()
    /// By an index's name: the newest build that has ended.
    var last: [String: IndexBuild] = [:]
    /// By an index's name: why the newest rebuild did not go into service.
    var failures: [String: String] = [:]
    /// A proof of what was built anew is under way.
    var isProving = false
    /// What the start had to build: how many indexes, and when it began.
    var atStart = 0
}

extension NodeLoop {
    /// Once a turn: tells which builds have ended in it, and has those proved that replace others.
    func followIndexBuilds(turnBegan: Instant) {
        let isBuilding = replica.keyspace.hasIndexesToBuild || replica.keyspace.hasIndexesToProve
        guard isBuilding || indexBuilds.watch.isBusy else { return }
        lookAtIndexBuilds(since: turnBegan)
        guard replica.keyspace.hasIndexesToProve, !indexBuilds.isProving else { return }
        indexBuilds.isProving = true
        prover.post(IndexProofThread.Order(number: 0, state: replica.keyspace, name: nil, isOfReplacements: true))
    }

    private func lookAtIndexBuilds(since began: Instant) {
        let indexes = replica.keyspace.indexReports.map { IndexStatus($0) }
        for build in indexBuilds.watch.look(at: indexes, began: began, now: MonotonicClock.now()) { tell(build) }
    }

    /// What was built within one turn is seen by nobody who looks only while something is built.
    func noteIndexBuilds(at now: Moment) {
        guard replica.keyspace.hasIndexes || indexBuilds.watch.isBusy else { return }
        lookAtIndexBuilds(since: now.instant)
    }

    private func tell(_ build: IndexBuild) {
        indexBuilds.last[build.index] = build
        var facts: Logger.Metadata = [
            "index": "\(build.index)", "records": "\(build.records)", "entries": "\(build.after)",
            "seconds": "\(build.took.inSeconds)", "records.per-second": "\(build.perSecond ?? 0)",
        ]
        if let before = build.before { facts["entries.before"] = "\(before)" }
        logger.info(build.before == nil ? "index built" : "index rebuilt", metadata: facts)
    }

    /// Indexes that were built anew go into service when they equal their records, and are given up when they do not:
    /// then those before them stay.
    func judgeRebuilds(_ letter: IndexProofThread.Letter) {
        indexBuilds.isProving = false
        for name in Set(letter.verdicts.map(\.index)) {
            let wrong = letter.verdicts.filter { $0.index == name && !$0.isEqual }
            replica.judgeIndex(named: name, isProved: wrong.isEmpty)
            guard let first = wrong.first else { continue }
            let text = String(decoding: name, as: UTF8.self)
            let reason =
                "what was built differs from the records in field \(String(decoding: first.field, as: UTF8.self)): "
                + "\(first.elements.entries) values, the records have \(first.records.entries)"
            indexBuilds.failures[text] = reason
            logger.error(
                "a rebuilt index differs from its records: the one before it stays in service",
                metadata: [
                    "index": "\(text)", "reason": "\(reason)",
                    "remedy": "run `nodectl index verify \(text)`; report this with what it says",
                ])
        }
    }

    // MARK: At a start

    /// Goes on with the phase of indexes; true when nothing is left to build.
    func fillIndexingProgress() -> Bool {
        guard let current = replica.keyspace.indexReports.first(where: { $0.isBeingBuilt }) else {
            publication.progress.index = nil
            return true
        }
        publication.progress.index = String(decoding: current.definition.name, as: UTF8.self)
        publication.progress.recordsWalked = UInt64(current.walked)
        publication.progress.recordsToWalk = UInt64(current.records)
        return false
    }

    func tellIndexed(took: Duration) {
        logger.info(
            "indexes rebuilt",
            metadata: [
                "indexes": "\(indexBuilds.atStart)", "records": "\(replica.keyspace.count)",
                "seconds": "\(took.inSeconds)",
            ])
    }

    func tellReady(at now: Moment) {
        logger.notice(
            "node ready",
            metadata: [
                "seconds": "\((now.instant - publication.startedAt).inSeconds)",
                "phases": "\(publication.progress.finishedText)", "raft.applied": "\(replica.appliedIndex)",
            ])
    }
}
