// Collections beside dictionaries and arrays, in both forms and from one to the other.

import ByteCoding
import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct CollectionTests {
    private static let key = Array("collection".utf8)

    /// A word; few enough that many are met again.
    private static func word(_ random: inout SplitMix64, spread: Int) -> [UInt8] {
        let text = Array("word\(Int.random(in: 0..<spread, using: &random))".utf8)
        return Int.random(in: 0..<200, using: &random) == 0 ? text + [UInt8](repeating: 1, count: 6000) : text
    }

    /// What a command does: an index of its own, and the keyspace's own look at itself now and then.
    private static func edit<Result>(
        _ rig: inout Rig, _ kind: ValueKind, _ body: (inout CollectionEditor) throws(CommandError) -> Result
    ) throws -> Result {
        rig.tick()
        return try rig.keyspace.edit(kind, key.rawBytes, body)
    }

    private static func view(_ keyspace: Keyspace, _ kind: ValueKind) throws -> CollectionView? {
        try keyspace.collection(kind, key.rawBytes)
    }

    private static func fields(_ keyspace: Keyspace, _ kind: ValueKind) throws -> [[UInt8]: [UInt8]] {
        var found: [[UInt8]: [UInt8]] = [:]
        try view(keyspace, kind)?.forEachField { found[[UInt8]($0)] = [UInt8]($1) }
        return found
    }

    private static func elements(_ keyspace: Keyspace, _ kind: ValueKind) throws -> [[UInt8]] {
        var found: [[UInt8]] = []
        try view(keyspace, kind)?.walk(from: 0) {
            found.append([UInt8]($0))
            return true
        }
        return found
    }

    private static let sizes = [4, 40, 150, 3000]

    @Test(arguments: sizes, [ValueKind.hash, .set])
    func `fields come and go as in a dictionary`(spread: Int, kind: ValueKind) throws {
        var random = SplitMix64(seed: UInt64(spread))
        var rig = Rig()
        var model: [[UInt8]: [UInt8]] = [:]
        var shared: [(keyspace: Keyspace, model: [[UInt8]: [UInt8]])] = []
        for step in 0..<6000 {
            let removes = Int.random(in: 0..<100, using: &random) < (step < 3500 ? 25 : 75)
            try CollectionTests.edit(&rig, kind) { editor in
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let field = CollectionTests.word(&random, spread: spread)
                    if removes {
                        let wasThere = editor.remove(field.rawBytes)
                        #expect(wasThere == (model.removeValue(forKey: field) != nil))
                    } else {
                        let value = kind == .hash ? CollectionTests.word(&random, spread: 50) : []
                        let isNew = editor.set(field.rawBytes, value.rawBytes)
                        #expect(isNew == (model[field] == nil))
                        model[field] = value
                    }
                    let count = editor.count
                    #expect(count == model.count)
                }
            }
            if step % 1000 == 999 {
                rig.keyspace.checkInvariants()
                shared.append((rig.keyspace, model))
            }
        }
        shared.append((rig.keyspace, model))
        for state in shared {
            state.keyspace.checkInvariants()
            #expect(try CollectionTests.fields(state.keyspace, kind) == state.model)
            #expect(try CollectionTests.view(state.keyspace, kind)?.count ?? 0 == state.model.count)
            for field in state.model.keys.prefix(50) {
                let found = try CollectionTests.view(state.keyspace, kind)?.find(field.rawBytes) { [UInt8]($0) }
                #expect(found == state.model[field])
            }
        }
    }

    @Test(arguments: sizes) func `scores order members as sorting does`(spread: Int) throws {
        var random = SplitMix64(seed: UInt64(spread) + 7)
        var rig = Rig()
        var model: [[UInt8]: Double] = [:]
        let scores: [Double] = [0, -0.0, 1, -1, 1.5, .infinity, -.infinity, .leastNonzeroMagnitude, 1e300, -3.25]
        for step in 0..<6000 {
            let removes = Int.random(in: 0..<100, using: &random) < (step < 3500 ? 25 : 75)
            try CollectionTests.edit(&rig, .sortedSet) { editor in
                let member = CollectionTests.word(&random, spread: spread)
                if removes, step % 50 == 0, !model.isEmpty {
                    let sorted = CollectionTests.sorted(model)
                    let start = Int.random(in: 0..<sorted.count, using: &random)
                    let end = min(sorted.count, start + Int.random(in: 1...20, using: &random))
                    editor.remove(ranks: start..<end)
                    for element in sorted[start..<end] { model[element.member] = nil }
                } else if removes {
                    let wasThere = editor.removeMember(member.rawBytes)
                    #expect(wasThere == (model.removeValue(forKey: member) != nil))
                } else {
                    let score = scores.randomElement(using: &random) ?? 0
                    editor.setScore(of: member.rawBytes, score)
                    model[member] = score
                }
                let count = editor.count
                #expect(count == model.count)
            }
            guard step % 600 == 599 else { continue }
            rig.keyspace.checkInvariants()
            let sorted = CollectionTests.sorted(model)
            let found = try CollectionTests.elements(rig.keyspace, .sortedSet)
            #expect(found.map { [UInt8](ScoredMember.member(of: $0.rawBytes)) } == sorted.map(\.member))
            #expect(found.map { ScoredMember.score(of: $0.rawBytes) } == sorted.map(\.score))
            for element in sorted.prefix(40) {
                let score = try CollectionTests.view(rig.keyspace, .sortedSet)?.score(of: element.member.rawBytes)
                #expect(score == element.score)
            }
        }
    }

    private static func sorted(_ model: [[UInt8]: Double]) -> [(member: [UInt8], score: Double)] {
        model.map { (member: $0.key, score: $0.value) }.sorted { a, b in
            a.score != b.score ? a.score < b.score : a.member.lexicographicallyPrecedes(b.member)
        }
    }

    @Test(arguments: sizes) func `elements come and go as in an array`(spread: Int) throws {
        var random = SplitMix64(seed: UInt64(spread) + 13)
        var rig = Rig()
        var model: [[UInt8]] = []
        var shared: [(keyspace: Keyspace, model: [[UInt8]])] = []
        for step in 0..<5000 {
            let grows = model.count < spread ? 75 : 25
            try CollectionTests.edit(&rig, .list) { editor in
                let element = CollectionTests.word(&random, spread: 100)
                let rank = Int.random(in: 0...model.count, using: &random)
                if Int.random(in: 0..<100, using: &random) < grows {
                    let place = [0, model.count, rank].randomElement(using: &random) ?? 0
                    editor.insert(element.rawBytes, at: place)
                    model.insert(element, at: place)
                } else if rank < model.count, Bool.random(using: &random) {
                    editor.replace(at: rank, with: element.rawBytes)
                    model[rank] = element
                } else if rank < model.count {
                    let end = min(model.count, rank + Int.random(in: 1...6, using: &random))
                    editor.remove(ranks: rank..<end)
                    model.removeSubrange(rank..<end)
                }
                let count = editor.count
                #expect(count == model.count)
            }
            guard step % 500 == 499 else { continue }
            rig.keyspace.checkInvariants()
            shared.append((rig.keyspace, model))
        }
        for state in shared {
            state.keyspace.checkInvariants()
            #expect(try CollectionTests.elements(state.keyspace, .list) == state.model)
        }
    }

    /// Digests, forms and memory must not tell how a collection came about.
    @Test(arguments: [ValueKind.hash, .set, .sortedSet, .list], [10, 60, 900])
    func `equal collections have equal digests whatever happened before`(kind: ValueKind, count: Int) throws {
        func add(_ number: Int, to editor: inout CollectionEditor) {
            let word = Array("word\(number)".utf8)
            switch kind {
            case .sortedSet: editor.setScore(of: word.rawBytes, Double(number % 10))
            case .list: editor.insert(word.rawBytes, at: editor.count)
            default: _ = editor.set(word.rawBytes, kind == .hash ? word.rawBytes : word.rawBytes.extracting(first: 0))
            }
        }
        var straight = Rig()
        for number in 0..<count { try CollectionTests.edit(&straight, kind) { add(number, to: &$0) } }
        var roundabout = Rig()
        try CollectionTests.edit(&roundabout, kind) { editor in
            // Beyond the limit and back, so that both forms were met.
            for number in 0..<2000 { add(number, to: &editor) }
        }
        try CollectionTests.edit(&roundabout, kind) { editor in
            if kind.hasElements {
                editor.remove(ranks: 0..<2000)
            } else {
                for number in 0..<2000 { _ = editor.remove(Array("word\(number)".utf8).rawBytes) }
            }
            for number in kind == .list ? Array(0..<count) : (0..<count).reversed() { add(number, to: &editor) }
        }
        straight.keyspace.checkInvariants()
        roundabout.keyspace.checkInvariants()
        #expect(straight.keyspace.digest == roundabout.keyspace.digest)
        #expect(straight.keyspace.memory.payload == roundabout.keyspace.memory.payload)
        try CollectionTests.edit(&roundabout, kind) { add(count + 1, to: &$0) }
        #expect(straight.keyspace.digest != roundabout.keyspace.digest)
    }

    @Test(arguments: [ValueKind.hash, .set, .sortedSet, .list])
    func `what grows and shrinks within one command has the form of its end`(kind: ValueKind) throws {
        for left in [0, 3] {
            var rig = Rig()
            try CollectionTests.edit(&rig, kind) { editor in
                for number in 0..<2000 {
                    let word = Array("word\(number)".utf8)
                    switch kind {
                    case .sortedSet: editor.setScore(of: word.rawBytes, Double(number))
                    case .list: editor.insert(word.rawBytes, at: editor.count)
                    default: _ = editor.set(word.rawBytes, word.rawBytes.extracting(first: 0))
                    }
                }
                if kind.hasElements {
                    editor.remove(ranks: left..<2000)
                } else {
                    for number in left..<2000 { _ = editor.remove(Array("word\(number)".utf8).rawBytes) }
                }
            }
            rig.keyspace.checkInvariants()
            #expect(try CollectionTests.view(rig.keyspace, kind)?.count ?? 0 == left)
            #expect(rig.keyspace.count == (left == 0 ? 0 : 1))
        }
    }

    @Test func `lists of the same elements in another order have other digests`() throws {
        var digests: Set<Digest> = []
        for order in [Array(0..<500), (0..<500).reversed(), [1, 0] + Array(2..<500), Array(0..<498) + [499, 498]] {
            var rig = Rig()
            try CollectionTests.edit(&rig, .list) { editor in
                for number in order { editor.insert(Array("\(number)".utf8).rawBytes, at: editor.count) }
            }
            digests.insert(rig.keyspace.digest)
        }
        #expect(digests.count == 4)
    }

    @Test func `what ends empty is gone, and what changes nothing keeps its version`() throws {
        for kind in [ValueKind.hash, .set, .sortedSet, .list] {
            var rig = Rig()
            try CollectionTests.edit(&rig, kind) { _ in }
            #expect(rig.keyspace.count == 0)
            let word = Array("word".utf8)
            try CollectionTests.edit(&rig, kind) { editor in
                switch kind {
                case .sortedSet: editor.setScore(of: word.rawBytes, 1)
                case .list: editor.insert(word.rawBytes, at: 0)
                default: _ = editor.set(word.rawBytes, word.rawBytes.extracting(first: 0))
                }
            }
            let place = rig.keyspace.records.place(of: CollectionTests.key.rawBytes)
            let version = rig.keyspace.records.find(CollectionTests.key.rawBytes, at: place)?.version
            #expect(version == rig.index.rawValue)
            try CollectionTests.edit(&rig, kind) { editor in
                let isNew = kind == .set && editor.set(word.rawBytes, word.rawBytes.extracting(first: 0))
                #expect(!isNew)
                if kind == .sortedSet { editor.setScore(of: word.rawBytes, 1) }
                let stranger = [UInt8](repeating: 1, count: 3)
                let wasThere = !kind.hasElements && editor.remove(stranger.rawBytes)
                #expect(!wasThere)
            }
            #expect(rig.keyspace.records.find(CollectionTests.key.rawBytes, at: place)?.version == version)
            try CollectionTests.edit(&rig, kind) { editor in
                if kind.hasElements { editor.remove(ranks: 0..<1) } else { _ = editor.remove(word.rawBytes) }
            }
            #expect(rig.keyspace.count == 0)
            #expect(rig.keyspace.digest == .empty)
            rig.keyspace.checkInvariants()
        }
    }
}
