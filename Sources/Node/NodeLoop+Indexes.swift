// Secondary indexes on this node: shown, proved and rebuilt when an operator asks.

import Keyspace
import Logging
import Platform
import Replica
import Telemetry
import Vocabulary

extension NodeLoop {
    /// Proves indexes, all or those of a name. Answered at once with the proof's number: the status tells its end.
    func takeIndexProofRequest(_ name: String?, _ ticket: OperatorTicket, at now: Moment) {
        guard hasIndex(name) else { return desk.answer(ticket, NodeLoop.noSuchIndex) }
        indexProof.asked += 1
        prover.post(
            IndexProofThread.Order(
                number: indexProof.asked, state: replica.keyspace, name: name.map { Array($0.utf8) }))
        publish(at: now)
        desk.answer(ticket, .done([OperatorFact("proof", .number(indexProof.asked))]))
    }

    /// Has indexes built anew beside those in service. Answered at once: the status tells how far they are, and does so
    /// before the answer, so that whoever asks next does not take what was before for the end.
    func takeIndexRebuildRequest(_ name: String?, _ ticket: OperatorTicket, at now: Moment) {
        guard hasIndex(name) else { return desk.answer(ticket, NodeLoop.noSuchIndex) }
        let count = replica.rebuildIndexes(named: name.map { Array($0.utf8) })
        if let name { indexBuilds.failures[name] = nil } else { indexBuilds.failures = [:] }
        logger.notice("an operator has indexes rebuilt", metadata: ["indexes": "\(count)"])
        publish(at: now)
        desk.answer(ticket, .done([OperatorFact("indexes", .number(UInt64(count)))]))
    }

    private func hasIndex(_ name: String?) -> Bool {
        guard let name else { return true }
        return replica.keyspace.indexReports.contains { $0.definition.name == Array(name.utf8) }
    }

    private static let noSuchIndex = OperatorOutcome.refused(reason: "there is no index of this name", override: nil)

    func take(_ letter: IndexProofThread.Letter) {
        guard !letter.isOfReplacements else { return judgeRebuilds(letter) }
        indexProof.ended = letter.number
        indexProof.at = letter.at
        indexProof.took = letter.took
        indexProof.verdicts = letter.verdicts.map { IndexProofStatus.Verdict($0) }
        for verdict in indexProof.verdicts where !verdict.isEqual {
            logger.error(
                "an index differs from its records",
                metadata: [
                    "index": "\(verdict.index)", "field": "\(verdict.field)", "entries": "\(verdict.entries)",
                    "expected": "\(verdict.expected)", "remedy": "run `nodectl index rebuild \(verdict.index)`",
                ])
        }
    }

    func fillIndexes(_ status: inout NodeStatus) {
        status.indexProof = indexProof
        guard replica.keyspace.hasIndexes else { return }
        let reports = replica.keyspace.indexReports
        status.indexes = reports.map { IndexStatus($0) }
        for position in status.indexes.indices {
            let name = status.indexes[position].name
            status.indexes[position].lastBuild = indexBuilds.last[name]
            status.indexes[position].failure = indexBuilds.failures[name]
        }
        let faults = reports.reduce(0) { $0 + $1.faults }
        if faults > indexFaults {
            logger.error(
                "an index did not say what its records said; it is built anew",
                metadata: ["faults": "\(faults)", "remedy": "report this, with what `nodectl index verify` says"])
        }
        indexFaults = faults
    }
}

extension IndexStatus {
    /// Names that are no UTF-8 are shown as far as they are.
    init(_ report: IndexReport) {
        self.init(name: String(decoding: report.definition.name, as: UTF8.self))
        prefix = String(decoding: report.definition.prefix, as: UTF8.self)
        fields = report.fields.map {
            Field(
                name: String(decoding: $0.field.name, as: UTF8.self), form: $0.field.form.name.description,
                entries: $0.entries, skipped: $0.skipped)
        }
        isReady = report.isReady
        isBeingBuilt = report.isBeingBuilt
        walked = report.walked
        records = report.records
        rebuilds = report.rebuilds
        exchange = report.exchange.map { Exchange(before: $0.before, after: $0.after) }
        memory = report.memory
    }
}

extension IndexProofStatus.Verdict {
    fileprivate init(_ verdict: IndexVerdict) {
        self.init(
            index: String(decoding: verdict.index, as: UTF8.self),
            field: String(decoding: verdict.field, as: UTF8.self), isReady: verdict.isReady,
            entries: verdict.elements.entries, expected: verdict.records.entries, isEqual: verdict.isEqual)
    }
}
