// What a node has made of the cluster's secondary indexes, and what the last proof of them found.

import JSON
public import Vocabulary

/// One index on one node.
public struct IndexStatus: Sendable, Equatable {
    public struct Field: Sendable, Equatable {
        public var name: String
        /// `text` or `number`.
        public var form: String
        public var entries: Int
        /// Records whose value the index does not hold.
        public var skipped: Int

        public init(name: String, form: String, entries: Int, skipped: Int) {
            self.name = name
            self.form = form
            self.entries = entries
            self.skipped = skipped
        }
    }

    public var name: String
    public var prefix = ""
    public var fields: [Field] = []
    /// Whether queries are answered.
    public var isReady = true
    /// Whether it is being built, for the first time or anew beside the one in service.
    public var isBeingBuilt = false
    /// Records that the walk which builds it has met, and all there are.
    public var walked = 0
    public var records = 0
    /// How often this process has rebuilt it while it was in service.
    public var rebuilds: UInt64 = 0
    public var memory = ByteCount.zero
    /// Of the newest of those rebuilds.
    public var exchange: Exchange?
    /// The newest that has come to its end, for the first time or anew.
    public var lastBuild: IndexBuild?
    /// Why the newest rebuild did not go into service; nil when it did, or there was none.
    public var failure: String?

    /// Values that the index found just before and just after it was replaced.
    public struct Exchange: Sendable, Equatable {
        public var before: Int
        public var after: Int

        public init(before: Int, after: Int) {
            self.before = before
            self.after = after
        }
    }

    public init(name: String) { self.name = name }

    /// Values that it finds, in all fields.
    public var entries: Int { fields.reduce(0) { $0 + $1.entries } }

    var state: String { isReady ? isBeingBuilt ? "rebuilding" : "ready" : "building" }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("name", name)
            writer.member("prefix", prefix)
            writer.member("state", state)
            writer.member("walked", walked)
            writer.member("records", records)
            writer.member("rebuilds", rebuilds)
            writer.member("memory_bytes", memory.rawValue)
            writer.member("last_build") { lastBuild.write(to: &$0) { $0.write(to: &$1) } }
            writer.member("failure", failure)
            writer.member("fields") { writer in
                writer.array { writer in
                    for field in fields {
                        writer.object { writer in
                            writer.member("name", field.name)
                            writer.member("type", field.form)
                            writer.member("entries", field.entries)
                            writer.member("skipped", field.skipped)
                        }
                    }
                }
            }
        }
    }
}

/// The newest proof that indexes equal their records. Proofs are numbered by the process from 1 on.
public struct IndexProofStatus: Sendable, Equatable {
    /// What was found of one field of an index.
    public struct Verdict: Sendable, Equatable {
        public var index: String
        public var field: String
        /// False for an index that was being built: the part of it that was is proved.
        public var isReady: Bool
        /// What the index holds, and what it has to hold by the records.
        public var entries: Int
        public var expected: Int
        public var isEqual: Bool

        public init(index: String, field: String, isReady: Bool, entries: Int, expected: Int, isEqual: Bool) {
            self.index = index
            self.field = field
            self.isReady = isReady
            self.entries = entries
            self.expected = expected
            self.isEqual = isEqual
        }
    }

    /// Proofs that were asked for, and of those that ended the newest; 0 while there is none.
    public var asked: UInt64 = 0
    public var ended: UInt64 = 0
    /// Of the newest that ended: the state that was proved, and what was found.
    public var at = LogIndex.zero
    public var took = Duration.zero
    public var verdicts: [Verdict] = []

    public init() {}

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("asked", asked)
            writer.member("ended", ended)
            writer.member("applied_index", at.rawValue)
            writer.member("took_ms", took.milliseconds)
            writer.member("verdicts") { writer in
                writer.array { writer in
                    for verdict in verdicts {
                        writer.object { writer in
                            writer.member("index", verdict.index)
                            writer.member("field", verdict.field)
                            writer.member("ready", verdict.isReady)
                            writer.member("entries", verdict.entries)
                            writer.member("expected", verdict.expected)
                            writer.member("equal", verdict.isEqual)
                        }
                    }
                }
            }
        }
    }
}

extension NodeStatus {
    func writeIndexes(to writer: inout PrometheusWriter) {
        func family(_ name: String, _ help: String, _ value: (IndexStatus) -> Double) {
            writer.family(name, .gauge, help)
            for index in indexes { writer.sample(name, [("index", index.name)], value(index)) }
        }
        family("trireme_index_ready", "1 when queries on the index are answered.") { $0.isReady ? 1 : 0 }
        family("trireme_index_building", "1 while the index is built, or built anew beside the one in service.") {
            $0.isBeingBuilt ? 1 : 0
        }
        family("trireme_index_walked_records", "Records that the walk which builds the index has met.") {
            Double($0.walked)
        }
        family("trireme_index_memory_bytes", "Memory of the index's trees.") { Double($0.memory.rawValue) }
        writer.family("trireme_index_entries", .gauge, "Records that an index finds by a field.")
        for index in indexes {
            for field in index.fields {
                writer.sample("trireme_index_entries", [("index", index.name), ("field", field.name)], field.entries)
            }
        }
        writer.family(
            "trireme_index_skipped_records", .gauge, "Records whose value of a field an index does not hold.")
        for index in indexes {
            for field in index.fields {
                writer.sample(
                    "trireme_index_skipped_records", [("index", index.name), ("field", field.name)], field.skipped)
            }
        }
        writer.single(
            "trireme_index_proofs_total", .counter, "Ended proofs that indexes equal their records.",
            indexProof.ended)
        writer.single(
            "trireme_index_differences", .gauge, "Fields of indexes that the last proof found other than the records.",
            indexProof.verdicts.filter { !$0.isEqual }.count)
    }
}
