// Secondary indexes: the commands that make, drop and describe them, and what a node does and tells of its own.

import ByteCoding
import RESP
public import Vocabulary

/// One index as a node has it.
public struct IndexReport: Hashable, Sendable {
    public struct Field: Hashable, Sendable {
        public var field: IndexField
        /// Records that the index finds by this field.
        public var entries: Int
        /// Records whose value the index does not hold: no number, too long, or at a key that is too long.
        public var skipped: Int
    }

    public var definition: IndexDefinition
    public var fields: [Field]
    /// Whether queries are answered.
    public var isReady: Bool
    /// Whether it is being built, for the first time or anew beside the one in service.
    public var isBeingBuilt: Bool
    /// Records that the walk which builds it has met, and all there are.
    public var walked: Int
    public var records: Int
    /// How often this process has rebuilt it while it was in service.
    public var rebuilds: UInt64
    /// Of the newest of those.
    public var exchange: IndexExchange?
    /// Whether one is whole that goes into service as soon as it is proved.
    public var awaitsProof: Bool
    /// How often this process found that the index did not say what a record said; each has it rebuilt.
    public var faults: Int
    public var memory: ByteCount
}

extension Keyspace {
    // MARK: Building, a matter of each node

    public var hasIndexes: Bool { !records.indexes.isEmpty }

    /// Whether an index is not built yet, or is being rebuilt.
    public var hasIndexesToBuild: Bool { records.indexes.unfinished != nil }

    /// Builds on, over at most `limit` records or a few more. Changes no part of the state that nodes share.
    public mutating func buildIndexes(records limit: Int) { _ = records.buildIndexes(records: limit) }

    /// Builds all indexes to their end, as before a state that was loaded is served from. Takes as long as that takes.
    public mutating func buildAllIndexes() {
        while records.buildIndexes(records: .max) {}
    }

    /// Has an index, or with nil all, built anew beside those in service. Returns how many there are of that name;
    /// one that is being built anyway is left alone.
    ///
    /// - Parameter awaitsProof: what was built stays beside the one in service until `judgeIndex` is told of a proof.
    public mutating func rebuildIndexes(named name: [UInt8]?, awaitsProof: Bool = false) -> Int {
        var found = 0
        for position in records.indexes.list.indices {
            guard name == nil || records.indexes.list[position].definition.name == name else { continue }
            found += 1
            _ = records.rebuildIndex(at: position, awaitsProof: awaitsProof)
        }
        return found
    }

    /// Whether an index was built anew and waits for its proof.
    public var hasIndexesToProve: Bool { records.indexes.list.contains { $0.unproved != nil } }

    /// Tells what a proof of an index that was built anew has found: it goes into service, or it goes. Does nothing
    /// when
    /// none of that name waits any more.
    public mutating func judgeIndex(named name: [UInt8], isProved: Bool) {
        guard let position = records.indexes.list.firstIndex(where: { $0.definition.name == name }) else { return }
        records.judgeIndex(at: position, isProved: isProved)
    }

    public var indexReports: [IndexReport] { records.indexes.list.map(report) }

    private func report(_ index: SecondaryIndex) -> IndexReport {
        let fields = zip(index.definition.fields, index.contents.fields).map { field, contents in
            IndexReport.Field(field: field, entries: contents.tree.count, skipped: contents.skipped)
        }
        return IndexReport(
            definition: index.definition, fields: fields, isReady: index.contents.isReady,
            isBeingBuilt: index.unfinished != nil || index.unproved != nil,
            walked: min(count, index.unfinished?.walked ?? count), records: count, rebuilds: index.rebuilds,
            exchange: index.exchange,
            awaitsProof: index.unproved != nil, faults: index.faults,
            memory: ByteCount(index.contents.bytes + (index.replacement?.bytes ?? 0)))
    }

    // MARK: Commands

    mutating func createIndex(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let definition = try IndexDefinition(arguments, version: version)
        guard records.indexes.position(of: arguments[0]) == nil else { throw .indexExists }
        guard records.indexes.list.count < IndexDefinition.indexesMax else { throw .indexes }
        records.addIndex(definition)
        reply.ok()
    }

    mutating func dropIndex(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        guard let position = records.indexes.position(of: arguments[0]) else { throw .noSuchIndex }
        records.dropIndex(at: position)
        reply.ok()
    }

    /// The names, in the order in which the indexes were made.
    func listIndexes(_ reply: inout ReplyWriter) {
        reply.arrayHeader(records.indexes.list.count)
        for index in records.indexes.list { reply.bulk(index.definition.name.rawBytes) }
    }

    func indexInfo(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        guard let position = records.indexes.position(of: arguments[0]) else { throw .noSuchIndex }
        let report = report(records.indexes.list[position])
        let figures: [(String, Int64)] = [
            ("walked", Int64(report.walked)), ("records", Int64(report.records)),
            ("rebuilds", Int64(clamping: report.rebuilds)), ("faults", Int64(report.faults)),
            ("memory", Int64(report.memory.rawValue)),
        ]
        reply.mapHeader(5 + figures.count)
        reply.bulk(text: "name")
        reply.bulk(report.definition.name.rawBytes)
        reply.bulk(text: "type")
        reply.bulk(text: "hash")
        reply.bulk(text: "prefix")
        reply.bulk(report.definition.prefix.rawBytes)
        reply.bulk(text: "state")
        reply.bulk(text: report.isReady ? report.isBeingBuilt ? "rebuilding" : "ready" : "building")
        for (name, figure) in figures {
            reply.bulk(text: name)
            reply.integer(figure)
        }
        reply.bulk(text: "fields")
        reply.arrayHeader(report.fields.count)
        for field in report.fields { field.write(to: &reply) }
    }
}

extension IndexReport.Field {
    fileprivate func write(to reply: inout ReplyWriter) {
        reply.mapHeader(4)
        reply.bulk(text: "field")
        reply.bulk(field.name.rawBytes)
        reply.bulk(text: "type")
        reply.bulk(text: field.form.name.description)
        reply.bulk(text: "entries")
        reply.integer(Int64(entries))
        reply.bulk(text: "skipped")
        reply.integer(Int64(skipped))
    }
}
