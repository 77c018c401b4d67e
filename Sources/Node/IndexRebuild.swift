// `noded --rebuild-indexes`: all indexes of a stopped node are built anew and proved, and what is found is told.

import Keyspace
import Platform
import Vocabulary

/// What came of one index, or of all.
public struct IndexRebuild: Sendable {
    public struct Index: Sendable {
        public let name: String
        /// Records that were walked over.
        public let records: Int
        public let took: Duration
        /// Values in all fields: of the index as replay left it, of the one built anew, and by the records.
        public let before: Int
        public let after: Int
        public let expected: Int
        /// Where the index as replay left it, or the one built anew, differs from the records.
        public let differences: [String]

        public var isGood: Bool { differences.isEmpty && before == after && after == expected }

        public var text: String {
            let rate = took > .zero ? Int(Double(records) / took.inSeconds) : records
            let counts =
                "\(records) records in \(took.inSeconds) s (\(rate)/s), \(before) values before, \(after) after"
            return isGood
                ? "index \(name): \(counts), equal to its records"
                : "index \(name): \(counts), DIFFERS: the records have \(expected)"
                    + differences.map { "\n  \($0)" }.joined()
        }
    }

    public let indexes: [Index]
    public var isGood: Bool { indexes.allSatisfy(\.isGood) }

    /// Rebuilds and proves the indexes of a state in memory.
    public init(_ state: inout StoppedState, finished: (Index) -> Void = { _ in }) {
        var indexes: [Index] = []
        for report in state.keyspace.indexReports {
            let index = IndexRebuild.rebuild(report, &state.keyspace)
            finished(index)
            indexes.append(index)
        }
        self.indexes = indexes
    }

    private static func rebuild(_ report: IndexReport, _ keyspace: inout Keyspace) -> Index {
        let name = report.definition.name
        var proof = IndexProof(of: keyspace, named: name)
        var differences = proof.finish().contains { !$0.isEqual } ? regions(of: name, keyspace, "as it was kept") : []
        let began = MonotonicClock.now()
        _ = keyspace.rebuildIndexes(named: name)
        keyspace.buildAllIndexes()
        let took = MonotonicClock.now() - began
        proof = IndexProof(of: keyspace, named: name)
        let verdicts = proof.finish()
        if verdicts.contains(where: { !$0.isEqual }) { differences += regions(of: name, keyspace, "built anew") }
        let exchange = keyspace.indexReports.first { $0.definition.name == name }?.exchange
        return Index(
            name: String(decoding: name, as: UTF8.self), records: keyspace.count, took: took,
            before: exchange?.before ?? 0, after: exchange?.after ?? 0,
            expected: verdicts.reduce(0) { $0 + $1.records.entries }, differences: differences)
    }

    private static func regions(of name: [UInt8], _ keyspace: Keyspace, _ which: String) -> [String] {
        keyspace.differingIndexRegions.filter { $0.index == name }.map { region in
            "\(which), field \(String(decoding: region.field, as: UTF8.self)), slots \(region.slots.lowerBound)-"
                + "\(region.slots.upperBound - 1): \(region.entries) values, the records have \(region.expected)"
        }
    }
}
