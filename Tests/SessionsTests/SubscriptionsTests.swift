// The registry of subscriptions: who gets a message, in which order, and what is left when everybody is gone.

import ByteCoding
import Testing
import Vocabulary

@testable import Sessions

@Suite struct SubscriptionsTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// `1,2 p*:3`: receivers of the channel itself, then of each pattern.
    private func receivers(_ registry: Subscriptions, _ channel: String, isSharded: Bool = false) -> String {
        let name = bytes(channel)
        func text(_ ids: [UInt64]) -> String { ids.map(String.init).joined(separator: ",") }
        var parts = [text(registry.receivers(of: name.rawBytes, isSharded: isSharded))]
        if !isSharded {
            registry.forEachMatch(of: name.rawBytes) { pattern, ids in
                parts.append(String(decoding: pattern, as: UTF8.self) + ":" + text(ids))
            }
        }
        return parts.joined(separator: " ")
    }

    @Test func `receivers come by id, and patterns by when they were first subscribed to`() {
        var registry = Subscriptions()
        for id: UInt64 in [5, 2, 9] { #expect(registry.subscribe(id, to: bytes("news"), .channel) == true) }
        for (id, pattern): (UInt64, String) in [(9, "n*"), (2, "*"), (1, "n*"), (3, "[x]*")] {
            registry.subscribe(id, to: bytes(pattern), .pattern)
        }
        #expect(receivers(registry, "news") == "2,5,9 n*:1,9 *:2")
        #expect(receivers(registry, "other") == " *:2")
        #expect(registry.patternCount == 3)
        registry.checkInvariants()
    }

    @Test func `a second subscription to one name counts once`() {
        var registry = Subscriptions()
        #expect(registry.subscribe(1, to: bytes("a"), .channel) == true)
        #expect(registry.subscribe(1, to: bytes("a"), .channel) == false)
        #expect(registry.counts(of: 1).total == 1)
        #expect(registry.unsubscribe(1, from: bytes("a"), .channel) == true)
        #expect(registry.unsubscribe(1, from: bytes("a"), .channel) == false)
        #expect(registry.isEmpty)
    }

    @Test func `channels, patterns and shard channels of one name are different things`() {
        var registry = Subscriptions()
        for (id, kind) in zip(UInt64(1)..., SubscriptionKind.allCases) { registry.subscribe(id, to: bytes("*"), kind) }
        #expect(receivers(registry, "*") == "1 *:2")
        #expect(receivers(registry, "*", isSharded: true) == "3")
        #expect(receivers(registry, "x", isSharded: true) == "")
        registry.leave(2)
        #expect(receivers(registry, "*") == "1")
    }

    @Test func `a client's names are told in the order of its subscriptions`() {
        var registry = Subscriptions()
        for name in ["b", "c", "a"] { registry.subscribe(1, to: bytes(name), .channel) }
        registry.unsubscribe(1, from: bytes("b"), .channel)
        registry.subscribe(1, to: bytes("b"), .channel)
        #expect(registry.names(of: 1, .channel) == [bytes("c"), bytes("a"), bytes("b")])
        #expect(registry.names(of: 2, .channel) == [])
    }

    @Test func `channels with subscribers are listed by their bytes`() {
        var registry = Subscriptions()
        for name in ["b", "", "ab", "a"] { registry.subscribe(1, to: bytes(name), .channel) }
        registry.subscribe(1, to: bytes("s"), .shardChannel)
        #expect(registry.names(isSharded: false, matching: nil) == ["", "a", "ab", "b"].map(bytes))
        let pattern = bytes("a*")
        #expect(registry.names(isSharded: false, matching: pattern.rawBytes) == [bytes("a"), bytes("ab")])
        #expect(registry.names(isSharded: true, matching: nil) == [bytes("s")])
    }

    @Test func `a client has room for so many names, and for those that it has`() {
        var registry = Subscriptions()
        for number in 0..<Subscriptions.perClientMax { registry.subscribe(1, to: bytes("\(number)"), .channel) }
        #expect(registry.hasRoom(for: [bytes("7"), bytes("8")], of: 1, .channel))
        #expect(!registry.hasRoom(for: [bytes("7"), bytes("new")], of: 1, .channel))
        #expect(!registry.hasRoom(for: [bytes("7")], of: 1, .pattern))
        #expect(registry.hasRoom(for: [bytes("new")], of: 2, .channel))
        let long = [UInt8](repeating: 7, count: Subscriptions.nameBytesPerClientMax)
        #expect(registry.hasRoom(for: [long], of: 2, .channel))
        #expect(!registry.hasRoom(for: [long, [1]], of: 2, .channel))
        registry.leave(1)
        #expect(registry.isEmpty)
        registry.checkInvariants()
    }

    /// Against sets that are looked through from end to end.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `whatever clients do, the registry is what a naive one is`(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        var registry = Subscriptions()
        var naive: [(id: UInt64, name: [UInt8], kind: SubscriptionKind)] = []
        let names = ["a", "b", "ab", "*", "a*", "?", "[ab]", ""].map(bytes)
        for _ in 0..<600 {
            let id = UInt64.random(in: 1...6, using: &generator)
            let name = names[Int.random(in: 0..<names.count, using: &generator)]
            let kind = SubscriptionKind.allCases[Int.random(in: 0..<3, using: &generator)]
            switch Int.random(in: 0..<20, using: &generator) {
            case 0:
                registry.leave(id)
                naive.removeAll { $0.id == id }
            case 1...10:
                let isNew = !naive.contains { $0 == (id, name, kind) }
                #expect(registry.subscribe(id, to: name, kind) == isNew)
                if isNew { naive.append((id, name, kind)) }
            default:
                let isThere = naive.contains { $0 == (id, name, kind) }
                #expect(registry.unsubscribe(id, from: name, kind) == isThere)
                naive.removeAll { $0 == (id, name, kind) }
            }
            registry.checkInvariants()
            #expect(registry.names(of: id, kind) == naive.filter { $0.id == id && $0.kind == kind }.map(\.name))
            for isSharded in [false, true] {
                let kind: SubscriptionKind = isSharded ? .shardChannel : .channel
                #expect(
                    registry.receivers(of: name.rawBytes, isSharded: isSharded)
                        == naive.filter { $0.name == name && $0.kind == kind }.map(\.id).sorted())
            }
            #expect(registry.patternCount == Set(naive.filter { $0.kind == .pattern }.map(\.name)).count)
        }
        for id: UInt64 in 1...6 { registry.leave(id) }
        #expect(registry.isEmpty)
        #expect(registry.channelCount + registry.patternCount + registry.shardChannelCount == 0)
        registry.checkInvariants()
    }
}
