// A node's health in a few words: the JSON document of `/v1/health`.

import JSON
import Vocabulary

/// What a probe is told of a node.
public enum NodeHealth: String, Sendable, CaseIterable {
    /// It serves, and nothing is wrong with it.
    case ok
    /// It serves reads or writes, and something is wrong or under way: the reasons say what.
    case degraded
    /// It serves nobody.
    case unavailable
}

extension NodeStatus {
    public var health: NodeHealth {
        if readiness.isReady { return isHealthy ? .ok : .degraded }
        return readiness.mayServeReads ? .degraded : .unavailable
    }

    /// The document. Count, position and digest are of the same moment, and null while no state is loaded.
    public func healthJSON() -> [UInt8] {
        let hasState = digest != nil
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("status", health.rawValue)
            writer.member("id", id.description)
            writer.member("version", version)
            writer.member("uptime_seconds", uptime.milliseconds / 1000)
            writer.member("record_count", hasState ? keys : nil)
            writer.member("position", hasState ? LogPosition(term: appliedTerm, index: appliedIndex).description : nil)
            writer.member("digest", digest?.description)
            writer.member("ready", readiness.isReady)
            writer.member("reasons") { readiness.writeReasons(to: &$0) }
        }
        return writer.bytes
    }
}
