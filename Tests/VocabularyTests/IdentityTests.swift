// Names and numbers of nodes, clusters and states: what is one, in which order, and as which text.

import Testing
import Vocabulary

@Suite struct IdentityTests {
    @Test(arguments: ["a", "n1", "node-17", "abcdefgh", "abcdefghi", "a234567890123456"])
    func `a node's name is told as it was given`(name: String) throws {
        let node = try #require(NodeID(name))
        #expect(node.description == name)
        #expect(NodeID(high: node.high, low: node.low) == node)
    }

    @Test(arguments: ["", "1n", "-a", "N1", "n_1", "n 1", "ñ", "a2345678901234567", "n1\0"])
    func `what is no node name is refused`(text: String) {
        #expect(NodeID(text) == nil)
    }

    @Test func `nodes are ordered as their names are`() {
        let names = ["a", "a-", "a0", "aa", "abcdefgh", "abcdefgh1", "abcdefghi", "b", "n1", "n10", "n2", "z"]
        let nodes = names.compactMap { NodeID($0) }
        #expect(nodes.count == names.count)
        #expect(nodes.shuffled().sorted().map(\.description) == names.sorted())
    }

    @Test func `words that spell no name are refused`() throws {
        let node = try #require(NodeID("n1"))
        // A character behind the end, a zero within, nothing at all, and a capital.
        #expect(NodeID(high: node.high, low: 0x61) == nil)
        #expect(NodeID(high: 0x6E00_3100_0000_0000, low: 0) == nil)
        #expect(NodeID(high: 0, low: 0) == nil)
        #expect(NodeID(high: 0x4E31_0000_0000_0000, low: 0) == nil)
    }

    @Test func `an identifier is 32 hex characters, there and back`() throws {
        let text = "0123456789abcdef00000000000000ff"
        let cluster = try #require(ClusterID(hex: text))
        #expect(cluster.high == 0x0123_4567_89AB_CDEF)
        #expect(cluster.low == 0xFF)
        #expect(cluster.description == text)
        #expect(ClusterID(hex: text.uppercased()) == cluster)
    }

    @Test(arguments: ["", "0123456789abcdef00000000000000f", "0123456789abcdef00000000000000fff", "g", "é"])
    func `other texts are no identifiers`(text: String) {
        #expect(StorageID(hex: text) == nil)
        #expect(StorageID(hex: text + String(repeating: "x", count: max(0, 32 - text.utf8.count))) == nil)
    }
}

@Suite struct DigestTests {
    @Test func `what is added and taken out again leaves no trace, in any order`() {
        var random = SplitMix64(seed: 11)
        let parts = (0..<200).map { _ in Digest(high: random.next(), low: random.next()) }
        var digest = Digest.empty
        for part in parts { digest.add(part) }
        var other = Digest.empty
        for part in parts.shuffled(using: &random) { other.add(part) }
        #expect(other == digest)
        for part in parts.shuffled(using: &random) { digest.remove(part) }
        #expect(digest == .empty)
    }

    @Test func `the sum carries between its words and wraps at 128 bits`() {
        var digest = Digest(high: .max, low: .max)
        digest.add(Digest(high: 0, low: 1))
        #expect(digest == .empty)
        digest.remove(Digest(high: 0, low: 1))
        #expect(digest == Digest(high: .max, low: .max))
    }
}
