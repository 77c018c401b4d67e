// What a compaction gave back on every node, for people and for scripts.

import JSON
public import Telemetry
import Vocabulary

public struct CompactionReport: Hashable, Sendable {
    /// One part of one node.
    public struct Row: Hashable, Sendable {
        public let node: String
        public let part: CompactionPart
        public let before: Int
        public let after: Int
        public var reclaimed: Int { before - after }
    }

    public internal(set) var rows: [Row] = []
    /// Why nodes have not done it.
    public internal(set) var failures: [Failure] = []

    public struct Failure: Hashable, Sendable {
        public let node: String
        public let text: String
    }

    public var isGood: Bool { failures.isEmpty }
    public var reclaimed: Int { rows.reduce(0) { $0 + $1.reclaimed } }

    public func text(inColour: Bool) -> String {
        var table = TextTable(["NODE", "PART", "BEFORE", "AFTER", "RECLAIMED"])
        for row in rows {
            let less = row.reclaimed < 0 ? "-\(ByteCount(-row.reclaimed).rough)" : ByteCount(row.reclaimed).rough
            table.add([
                .init(row.node), .init(row.part.rawValue), .init(ByteCount(row.before).rough),
                .init(ByteCount(row.after).rough), .init(less),
            ])
        }
        return table.text(inColour: inColour) + failures.map { "\($0.node): failed: \($0.text)\n" }.joined()
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("done", isGood)
            writer.member("reclaimed_bytes", reclaimed)
            writer.member("nodes") { writer in
                writer.array { writer in for row in rows { row.write(to: &writer) } }
            }
            writer.member("failures") { writer in
                writer.array { writer in
                    for failure in failures {
                        writer.object { writer in
                            writer.member("node", failure.node)
                            writer.member("message", failure.text)
                        }
                    }
                }
            }
        }
        return writer.bytes + [0x0A]
    }
}

extension CompactionReport.Row {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("node", node)
            writer.member("part", part.rawValue)
            writer.member("before_bytes", before)
            writer.member("after_bytes", after)
            writer.member("reclaimed_bytes", reclaimed)
        }
    }
}

extension CompactionPart {
    /// What it takes on a node.
    func bytes(of facts: NodeReport.Facts) -> Int {
        switch self {
        case .snapshots: facts.snapshot?.diskBytes ?? 0
        case .log: facts.logSizeBytes ?? 0
        case .memory: facts.memoryBytes ?? 0
        }
    }
}
