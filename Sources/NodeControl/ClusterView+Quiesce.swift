// `nodectl quiesce NODE`: a node's files are held still while they are copied.

import JSON
import Platform
import Telemetry
import Vocabulary

/// What the files of a node are of, while they stand still.
public struct QuiesceReport: Decodable, Hashable, Sendable {
    public let index: UInt64
    public let term: UInt64
    public let digest: String
    public let directory: String
    public let until: String
    public let seconds: Double

    public func text(of node: String) -> String {
        "\(node): \(directory) stands still at index \(index) of term \(term), digest \(digest), until \(until)\n"
    }

    public func json(of node: String, ending: QuiesceEnding?) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("node", node)
            writer.member("index", index)
            writer.member("term", term)
            writer.member("digest", digest)
            writer.member("directory", directory)
            writer.member("until", until)
            if let ending { writer.member("held", ending.held) } else { writer.member("held", String?.none) }
            writer.member("reason", ending?.reason)
        }
        return writer.bytes + [0x0A]
    }
}

/// Whether they did so to the end.
public struct QuiesceEnding: Decodable, Hashable, Sendable {
    public let held: Bool
    public let reason: String

    public func text(of node: String) -> String {
        held
            ? "\(node): the files stood still until they were released\n"
            : "\(node): the files did NOT stand still to the end: \(reason). What was copied is not to be used\n"
    }

    public func json(of node: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("node", node)
            writer.member("held", held)
            writer.member("reason", reason)
        }
        return writer.bytes + [0x0A]
    }
}

extension ClusterView {
    /// How long a node may take until its files stand still, and a little more for its answer.
    private static let gatheringPatience = Duration.seconds(30)

    /// Has the node hold its files for this long at most; back when they stand still.
    public func quiesce(_ id: String, for time: Duration) throws(ControlError) -> QuiesceReport {
        let client = client(try member(id))
        let body = Array(#"{"seconds": \#(Int(time.inSeconds.rounded(.up)))}"#.utf8)
        let until = MonotonicClock.now() + ClusterView.gatheringPatience
        return try client.decoded(try client.ask("POST", "/v1/quiesce", body: body, until: until))
    }

    /// Lets them go on.
    public func endQuiesce(_ id: String) throws(ControlError) -> QuiesceEnding {
        let client = client(try member(id))
        let until = MonotonicClock.now() + patience
        return try client.decoded(try client.ask("DELETE", "/v1/quiesce", until: until))
    }

    private func member(_ id: String) throws(ControlError) -> Node {
        guard let node = nodes.first(where: { $0.name == id }) ?? node(id, in: ask()) else {
            throw .usage("there is no node \(id): there are \(nodes.map(\.name).joined(separator: ", "))")
        }
        return node
    }
}
