// `cluster.json`: where a cluster's nodes are and what one needs to talk to them. Written by the playground.

import Foundation
import Platform

/// The contents of `cluster.json`. Paths count from the file's directory.
public struct ClusterFile: Codable, Hashable, Sendable {
    public struct Node: Codable, Hashable, Sendable {
        public var id: String
        /// Of the process that ran last; it stays when the node stops. Nil before there was one.
        public var pid: Int32?
        public var client: String
        public var clientPlaintext: String?
        public var admin: String
        public var peer: String
        public var data: String
        public var config: String
        public var log: String

        enum CodingKeys: String, CodingKey {
            case id, pid, client
            case clientPlaintext = "client_plaintext"
            case admin, peer, data, config, log
        }
    }

    public var name: String
    public var ca: String
    public var clientCert: String
    public var clientKey: String
    public var tokenFile: String
    public var clientTokenFile: String?
    public var nodes: [Node]

    enum CodingKeys: String, CodingKey {
        case name, ca
        case clientCert = "client_cert"
        case clientKey = "client_key"
        case tokenFile = "token_file"
        case clientTokenFile = "client_token_file"
        case nodes
    }

    public static let fileName = "cluster.json"
    static let sizeMax = 1 << 20

    public static func read(_ path: String) throws(ControlError) -> ClusterFile {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try FileSystem.readAll(path, limit: sizeMax)
        } catch {
            throw .clusterFile(path: path, reason: error.reason)
        }
        return try decode(bytes, path: path)
    }

    /// Reads the bytes of a file; `path` is for the error only.
    package static func decode(_ bytes: [UInt8], path: String) throws(ControlError) -> ClusterFile {
        do {
            return try JSONDecoder().decode(ClusterFile.self, from: Data(bytes))
        } catch {
            throw .clusterFile(path: path, reason: "is no description of a cluster: \(ClusterFile.explain(error))")
        }
    }

    /// Replaces the file so that a reader sees the old or the new, whole.
    public func write(_ path: String) throws(ControlError) {
        let bytes = try encoded(path: path)
        do throws(SystemError) {
            try FileSystem.writeAtomically(path, bytes.span.bytes, permissions: 0o644)
        } catch { throw .system(error) }
    }

    /// The file's bytes; `path` is for the error only.
    package func encoded(path: String) throws(ControlError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return [UInt8](try encoder.encode(self)) + [0x0A]
        } catch {
            throw .clusterFile(path: path, reason: "cannot be encoded: \(error)")
        }
    }

    private static func explain(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "`\(key.stringValue)` is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "`" + context.codingPath.map(\.stringValue).joined(separator: ".") + "` has another type"
        default: "no valid JSON"
        }
    }
}
