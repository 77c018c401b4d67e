// A configuration as an entry of a membership frame; docs/formats/log.md has the table.

public import ByteCoding
public import Consensus
import Vocabulary

/// Configurations share their frames' kind with the registration of members, whose entries begin with a count. A count
/// of zero is none that a leader writes: here it stands before a tag.
public enum ConfigurationCoding {
    /// The numbers are in logs and never reused.
    private enum Tag: UInt8 {
        case configuration = 1
    }

    private static let mark: UInt8 = 0

    /// Whether an entry of a membership frame is a configuration, or was meant to be one.
    public static func isConfiguration(_ entry: RawSpan) -> Bool {
        var reader = ByteReader(entry)
        let first = try? reader.integer(UInt8.self, from: entry)
        return first == mark
    }

    public static func encode(_ configuration: Configuration) -> [UInt8] {
        var bytes: [UInt8] = [mark, Tag.configuration.rawValue]
        for nodes in [configuration.voters.ids, configuration.outgoing?.ids ?? [], configuration.learners] {
            // At most `Configuration.memberCountMax`.
            bytes.append(UInt8(nodes.count))
            for node in nodes { bytes.append(node) }
        }
        return bytes
    }

    /// Accepts exactly what `encode` gives.
    public static func decode(_ entry: RawSpan) throws(ByteError) -> Configuration {
        var reader = ByteReader(entry)
        guard try reader.integer(UInt8.self, from: entry) == mark else { throw .invalidValue(at: 0) }
        guard try reader.integer(UInt8.self, from: entry) == Tag.configuration.rawValue else {
            throw .invalidValue(at: 1)
        }
        let voters = try nodes(&reader, entry)
        let outgoing = try nodes(&reader, entry)
        let learners = try nodes(&reader, entry)
        guard reader.remaining == 0 else { throw .invalidValue(at: reader.offset) }
        guard
            let configuration = Configuration(
                voters: voters, outgoing: outgoing.isEmpty ? nil : outgoing, learners: learners)
        else { throw .invalidValue(at: 2) }
        return configuration
    }

    /// A count in a byte, and as many nodes in ascending order.
    private static func nodes(_ reader: inout ByteReader, _ entry: RawSpan) throws(ByteError) -> [NodeID] {
        let start = reader.offset
        let count = Int(try reader.integer(UInt8.self, from: entry))
        guard count <= Configuration.memberCountMax else {
            throw .lengthOverLimit(at: start, length: UInt64(count), limit: Configuration.memberCountMax)
        }
        var nodes: [NodeID] = []
        for _ in 0..<count {
            let offset = reader.offset
            let node = try reader.node(from: entry)
            if let last = nodes.last, last >= node { throw .invalidValue(at: offset) }
            nodes.append(node)
        }
        return nodes
    }
}
