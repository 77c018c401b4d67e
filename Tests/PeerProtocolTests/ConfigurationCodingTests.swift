// Configurations as bytes: what was encoded comes back, and nothing else is accepted.

import ByteCoding
import Consensus
import PeerProtocol
import Testing
import Vocabulary

struct ConfigurationCodingTests {
    private static let nodes = (1...15).map { NodeID("n\($0)")! }.sorted()

    private static let samples: [Configuration] = [
        Configuration(voters: [nodes[0]])!,
        Configuration(voters: Array(nodes[0..<3]), learners: [nodes[4]])!,
        Configuration(voters: Array(nodes[0..<3]), outgoing: Array(nodes[1..<4]), learners: Array(nodes[5..<7]))!,
        Configuration(voters: nodes)!,
        Configuration(voters: Array(nodes[0..<8]), outgoing: Array(nodes[7..<15]))!,
    ]

    private func decoded(_ bytes: [UInt8]) -> Configuration? { try? ConfigurationCoding.decode(bytes.rawBytes) }

    private func isConfiguration(_ bytes: [UInt8]) -> Bool { ConfigurationCoding.isConfiguration(bytes.rawBytes) }

    @Test func `a configuration comes back as it was`() {
        for configuration in ConfigurationCodingTests.samples {
            let bytes = ConfigurationCoding.encode(configuration)
            #expect(isConfiguration(bytes))
            #expect(decoded(bytes) == configuration)
        }
    }

    @Test func `the bytes are those of the format's page`() {
        let (a, b, c) = (NodeID("a")!, NodeID("b")!, NodeID("c")!)
        func bytes(_ character: Character) -> [UInt8] {
            [0, 0, 0, 0, 0, 0, 0, character.asciiValue!, 0, 0, 0, 0, 0, 0, 0, 0]
        }
        let joint = Configuration(voters: [b], outgoing: [a], learners: [c])!
        let expected = [0, 1, 1] + bytes("b") + [1] + bytes("a") + [1] + bytes("c")
        #expect(ConfigurationCoding.encode(joint) == expected)
    }

    @Test func `cut, prolonged, changed, unordered or contradictory bytes are refused`() {
        for configuration in ConfigurationCodingTests.samples {
            let bytes = ConfigurationCoding.encode(configuration)
            for length in bytes.indices { #expect(decoded(Array(bytes[..<length])) == nil) }
            #expect(decoded(bytes + [0]) == nil)
            for place in bytes.indices {
                for bit in 0..<8 {
                    var changed = bytes
                    changed[place] ^= 1 << UInt8(bit)
                    // Another configuration it may be, but never a second writing of one.
                    if let other = decoded(changed) { #expect(ConfigurationCoding.encode(other) == changed) }
                }
            }
        }
        #expect(decoded([0, 2, 1] + Array(repeating: 1, count: 18)) == nil)
        #expect(decoded([0, 1, 16]) == nil)
        #expect(decoded([0, 1, 0, 0, 0]) == nil)
        let (a, b) = (ConfigurationCodingTests.nodes[0], ConfigurationCodingTests.nodes[1])
        for nodes in [[b, a], [a, a]] {
            var bytes: [UInt8] = [0, 1, 2]
            for node in nodes { bytes.append(node) }
            #expect(decoded(bytes + [0, 0]) == nil)
        }
    }

    @Test func `an entry that registers members is none`() {
        let registry: [UInt8] = [2] + Array(repeating: 7, count: 64)
        #expect(!isConfiguration(registry))
        #expect(!isConfiguration([]))
    }
}
