// What came of a snapshot on every node, for people and for scripts.

import JSON
import Telemetry
import Vocabulary

/// One snapshot of the cluster, and which nodes have it.
public struct SnapshotOutcome: Hashable, Sendable {
    /// One node. Its figures are nil when it did not write the snapshot itself, or has not yet.
    public struct Node: Hashable, Sendable {
        enum Stage: Hashable {
            case under
            /// It has this one or, when it has removed it already, a newer one.
            case done
            case differs
            case failed(String)
            case silent(String)
        }

        public let name: String
        var stage: Stage
        /// Of the snapshot that it has.
        public internal(set) var index: UInt64?
        public internal(set) var digest: String?
        public internal(set) var written: NodeReport.Snapshot.Written?

        init(_ name: String, _ stage: Stage) {
            self.name = name
            self.stage = stage
        }
    }

    public let leader: String
    public let index: UInt64
    public let term: UInt64
    public let digest: String
    public let records: UInt64
    public let nodes: [Node]

    /// The nodes that answer and have neither the snapshot nor a failure yet.
    public var unfinished: [String] { nodes.filter { $0.stage == .under }.map(\.name) }

    /// Whether no node failed or has another state. One that does not answer is no failure of the snapshot.
    public var isGood: Bool { nodes.allSatisfy { $0.fault == nil } }

    public func text(inColour: Bool) -> String {
        var table = TextTable(["NODE", "INDEX", "DIGEST", "WRITTEN", "REUSED"])
        for node in nodes { table.add(node.cells) }
        let notes = nodes.compactMap { node in (node.fault ?? node.excuse).map { "\(node.name): \($0)\n" } }
        return "snapshot at index \(index) of term \(term), \(records) records\n" + table.text(inColour: inColour)
            + (notes.isEmpty ? "" : "\n" + notes.joined())
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("index", index)
            writer.member("term", term)
            writer.member("digest", digest)
            writer.member("records", records)
            writer.member("leader", leader)
            writer.member("done", unfinished.isEmpty && isGood)
            writer.member("nodes") { $0.array { writer in for node in nodes { node.write(to: &writer) } } }
        }
        return writer.bytes + [0x0A]
    }
}

extension SnapshotOutcome.Node {
    fileprivate var fault: String? {
        switch stage {
        case .differs: "its snapshot has ANOTHER DIGEST than the leader's: one of the two states is wrong"
        case .failed(let reason): "failed: \(reason)"
        case .under, .done, .silent: nil
        }
    }

    fileprivate var excuse: String? {
        switch stage {
        case .under: "not done yet"
        case .silent(let reason): reason
        case .done, .differs, .failed: nil
        }
    }

    fileprivate var cells: [TextTable.Cell] {
        let isWrong = fault != nil
        return [
            .init(name), .init(index.map { String($0) } ?? "-", stage == .done ? .good : isWrong ? .bad : .plain),
            .init(digest ?? "-", stage == .differs ? .bad : .plain),
            .init(written.map { ByteCount($0.bytesWritten).rough } ?? "-"),
            .init(written.map { ByteCount($0.bytesReused).rough } ?? "-"),
        ]
    }

    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("node", name)
            writer.member("done", stage == .done)
            writer.member("index", index)
            writer.member("digest", digest)
            writer.member("bytes_written", written?.bytesWritten)
            writer.member("bytes_reused", written?.bytesReused)
            writer.member("seconds", written?.seconds)
            writer.member("failure", fault)
        }
    }
}

extension ByteCount {
    /// To a tenth of the largest unit of which there is one: `12.3MiB`.
    var rough: String {
        for (unit, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)] where rawValue >= 1 << shift {
            return "\((Double(rawValue) / Double(1 << shift)).rounded(toPlaces: 1))\(unit)"
        }
        return "\(rawValue)B"
    }
}
